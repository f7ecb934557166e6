//! Requests to a forge: bounded, conditional, within its budget, and only where they may go.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use fairway_domain::Secret;
use reqwest::header::{ETAG, HeaderMap, IF_NONE_MATCH, LINK, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use url::Url;

use super::{Budget, HostingPlace, Provider};
use crate::api::install_tls;
use crate::source::url::without_credentials;
use crate::{Reach, RemoteError};

const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(45);
/// The largest answer.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// How much of an error's text is read.
const COMPLAINT_BYTES: usize = 16 * 1024;
/// How much is remembered for conditional requests.
const MEMORY_BYTES: usize = 32 * 1024 * 1024;
const REDIRECTS: usize = 5;
/// Pages of one listing.
const PAGES: usize = 400;
/// How often a failure that may pass is tried again at once.
const RETRIES: u32 = 2;
/// How many requests run at once, and how many of them may be polling.
const AT_ONCE: usize = 8;
const POLLING_AT_ONCE: usize = 4;

/// Who waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A person, or an event that one caused: before everything else, up to the last request of the budget.
    Person,
    /// Nobody: leaves a part of the budget and of the connections to people.
    Polling,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) url: String,
    pub(super) body: Arc<[u8]>,
    /// The next page, when there is one.
    pub(super) next: Option<String>,
}

#[derive(Clone)]
struct Remembered {
    etag: String,
    body: Arc<[u8]>,
    next: Option<String>,
}

/// What was answered lately, the oldest forgotten first.
#[derive(Default)]
struct Memory {
    answers: BTreeMap<String, Remembered>,
    order: VecDeque<String>,
    bytes: usize,
}

impl Memory {
    fn keep(&mut self, url: &str, answer: Remembered) {
        if answer.body.len() > MEMORY_BYTES / 8 {
            return;
        }
        self.bytes += answer.body.len();
        match self.answers.insert(url.to_owned(), answer) {
            Some(old) => self.bytes -= old.body.len(),
            None => self.order.push_back(url.to_owned()),
        }
        while self.bytes > MEMORY_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(old) = self.answers.remove(&oldest) {
                self.bytes -= old.body.len();
            }
        }
    }
}

struct State {
    client: Client,
    provider: Provider,
    base: Url,
    token: Option<Secret<String>>,
    reach: Reach,
    budget: Mutex<Budget>,
    memory: Mutex<Memory>,
    all: Semaphore,
    polling: Semaphore,
}

/// Sends requests to one API with one credential. Clones share everything.
#[derive(Clone)]
pub(super) struct Exchange {
    state: Arc<State>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Exchange({})", self.state.base)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Exchange {
    pub(super) fn new(
        place: &HostingPlace,
        token: Option<Secret<String>>,
        reach: Reach,
    ) -> Result<Self, RemoteError> {
        let text = place.api_base();
        let bad = |reason: String| RemoteError::BadUrl { url: without_credentials(&text), reason };
        let base = Url::parse(&text).map_err(|error| bad(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(bad("expected an address that begins with http:// or https://".to_owned()));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(bad("an address must not hold credentials; configure them for the host".to_owned()));
        }
        install_tls();
        let mut builder = Client::builder()
            .user_agent(concat!("fairway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            // Each redirect is looked at before it is followed.
            .redirect(Policy::none())
            .dns_resolver(reach.resolver(&text));
        if base.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]")) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| bad(error.to_string()))?;
        let state = State {
            client,
            provider: place.provider,
            base,
            token,
            reach,
            budget: Mutex::default(),
            memory: Mutex::default(),
            all: Semaphore::new(AT_ONCE),
            polling: Semaphore::new(POLLING_AT_ONCE),
        };
        Ok(Self { state: Arc::new(state) })
    }

    pub(super) fn budget(&self) -> Budget {
        lock(&self.state.budget).clone()
    }

    /// Reads a JSON value. `path` begins with `/`.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        path: &str,
        urgency: Urgency,
    ) -> Result<T, RemoteError> {
        parse(&self.get(&self.url(path), None, urgency).await?)
    }

    /// Reads bytes as they are.
    pub(super) async fn bytes(
        &self,
        path: &str,
        accept: &'static str,
        urgency: Urgency,
    ) -> Result<Vec<u8>, RemoteError> {
        Ok(self.get(&self.url(path), Some(accept), urgency).await?.body.to_vec())
    }

    /// Reads all pages of a list. An empty page with another after it is no list that can be trusted.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        limit: usize,
        urgency: Urgency,
    ) -> Result<Vec<T>, RemoteError> {
        let mut found: Vec<T> = Vec::new();
        let mut url = self.url(path);
        for _ in 0..PAGES {
            let answer = self.get(&url, None, urgency).await?;
            let page: Vec<T> = parse(&answer)?;
            let nonsense =
                |reason: &str| RemoteError::Nonsense { url: url.clone(), reason: reason.to_owned() };
            if page.is_empty() && answer.next.is_some() {
                return Err(nonsense("the page is empty, and there is one after it"));
            }
            found.extend(page);
            if found.len() > limit {
                let limit = format!("{limit} entries");
                return Err(RemoteError::TooLarge { doing: "list", on: without_credentials(&url), limit });
            }
            let Some(next) = answer.next else { return Ok(found) };
            if next == url || !self.is_own(&next) {
                return Err(nonsense("its next page leads elsewhere"));
            }
            url = next;
        }
        Err(RemoteError::TooLarge { doing: "list", on: url, limit: format!("{PAGES} pages") })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.state.base.as_str().trim_end_matches('/'))
    }

    fn is_own(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| url.origin() == self.state.base.origin())
    }

    fn host(&self) -> String {
        self.state.base.host_str().unwrap_or_default().to_owned()
    }

    async fn get(
        &self,
        url: &str,
        accept: Option<&'static str>,
        urgency: Urgency,
    ) -> Result<Answer, RemoteError> {
        let polling = urgency == Urgency::Polling;
        let busy = |_| RemoteError::Busy { doing: "read", on: url.to_owned() };
        let _turn = if polling { Some(self.state.polling.acquire().await.map_err(busy)?) } else { None };
        let _place = self.state.all.acquire().await.map_err(busy)?;
        let mut attempt = 0;
        loop {
            let wait = lock(&self.state.budget).wait(polling, SystemTime::now());
            if let Some((wait, reason)) = wait {
                return Err(RemoteError::RateLimited { host: self.host(), wait, reason: reason.to_owned() });
            }
            match self.attempt(url, accept).await {
                Err(error) if attempt < RETRIES && may_pass(&error) => {
                    tokio::time::sleep(pause(attempt)).await;
                    attempt += 1;
                }
                ended => return ended,
            }
        }
    }

    /// One request, with the redirects that it leads through.
    async fn attempt(&self, url: &str, accept: Option<&'static str>) -> Result<Answer, RemoteError> {
        let mut place = url.to_owned();
        for _ in 0..=REDIRECTS {
            self.state.reach.check(&place).await?;
            let known = lock(&self.state.memory).answers.get(&place).cloned();
            let response = self.send(&place, accept, known.as_ref()).await?;
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            if matches!(status, 301 | 302 | 303 | 307 | 308) {
                lock(&self.state.budget).note(status, &headers, false, SystemTime::now());
                place = Self::redirected(&place, &headers)?;
                continue;
            }
            if status == 304
                && let Some(known) = known
            {
                lock(&self.state.budget).note(status, &headers, false, SystemTime::now());
                return Ok(Answer { url: place, body: known.body, next: known.next });
            }
            if !response.status().is_success() {
                return Err(self.refusal(&place, status, &headers, response).await);
            }
            lock(&self.state.budget).note(status, &headers, false, SystemTime::now());
            let body: Arc<[u8]> = read_body(&place, response, ANSWER_BYTES).await?.into();
            let next = next_page(&headers, &place);
            if let Some(etag) = headers.get(ETAG).and_then(|etag| etag.to_str().ok()) {
                let answer =
                    Remembered { etag: etag.to_owned(), body: Arc::clone(&body), next: next.clone() };
                lock(&self.state.memory).keep(&place, answer);
            }
            return Ok(Answer { url: place, body, next });
        }
        let reason = format!("it redirects more than {REDIRECTS} times");
        Err(RemoteError::Nonsense { url: without_credentials(url), reason })
    }

    async fn send(
        &self,
        url: &str,
        accept: Option<&'static str>,
        known: Option<&Remembered>,
    ) -> Result<Response, RemoteError> {
        let standard = match self.state.provider {
            Provider::GitHub => "application/vnd.github+json",
            Provider::GitLab | Provider::Gitea => "application/json",
        };
        let mut request = self.state.client.get(url).header("accept", accept.unwrap_or(standard));
        if self.state.provider == Provider::GitHub {
            request = request.header("x-github-api-version", "2022-11-28");
        }
        // A credential belongs to the host that it was given for, not to wherever that redirects.
        if let Some(token) = self.state.token.as_ref().filter(|_| self.is_own(url)) {
            request = request.bearer_auth(token.expose());
        }
        if let Some(known) = known {
            request = request.header(IF_NONE_MATCH, &known.etag);
        }
        request.send().await.map_err(|source| RemoteError::Connection {
            method: "GET",
            url: without_credentials(url),
            source,
        })
    }

    fn redirected(from: &str, headers: &HeaderMap) -> Result<String, RemoteError> {
        let nonsense = |reason: &str| RemoteError::Nonsense {
            url: without_credentials(from),
            reason: reason.to_owned(),
        };
        let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
        let location = location.ok_or_else(|| nonsense("it redirects without saying where"))?;
        let base = Url::parse(from).map_err(|error| nonsense(&error.to_string()))?;
        let to = base.join(location).map_err(|_| nonsense("it redirects to no address"))?;
        if !matches!(to.scheme(), "http" | "https") || (base.scheme() == "https" && to.scheme() == "http") {
            return Err(nonsense("it redirects to an address that is not protected"));
        }
        Ok(to.into())
    }

    async fn refusal(&self, url: &str, status: u16, headers: &HeaderMap, response: Response) -> RemoteError {
        let body = read_body(url, response, COMPLAINT_BYTES).await.unwrap_or_default();
        let message = message_of(&body);
        let secondary = message.to_ascii_lowercase().contains("rate limit")
            || headers.contains_key("retry-after") && status == 403;
        let now = SystemTime::now();
        let wait = {
            let mut budget = lock(&self.state.budget);
            budget.note(status, headers, secondary, now);
            budget.blocked_until.and_then(|until| until.duration_since(now).ok())
        };
        let url = without_credentials(url);
        match (status, wait) {
            (429 | 403 | 503, Some(wait)) => {
                let reason = if message.is_empty() { "it asked for patience".to_owned() } else { message };
                RemoteError::RateLimited { host: self.host(), wait, reason }
            }
            (401 | 403, _) => {
                let message = if message.is_empty() { format!("status {status}") } else { message };
                RemoteError::Authentication { url, message }
            }
            _ => RemoteError::Hosting { status, url, message },
        }
    }
}

/// Whether trying again at once may help.
fn may_pass(error: &RemoteError) -> bool {
    match error {
        RemoteError::Hosting { status, .. } => matches!(status, 500 | 502 | 503 | 504),
        RemoteError::Connection { source, .. } => !source.is_timeout() && !is_certificate(source),
        _ => false,
    }
}

fn is_certificate(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        if inner.to_string().contains("certificate") {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// Twice as long each time, and not the same for everybody.
fn pause(attempt: u32) -> Duration {
    let jitter = RandomState::new().build_hasher().finish() % 200;
    Duration::from_millis((150 << attempt) + jitter)
}

fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, RemoteError> {
    serde_json::from_slice(&answer.body).map_err(|error| RemoteError::Nonsense {
        url: without_credentials(&answer.url),
        reason: error.to_string(),
    })
}

/// The address behind `rel="next"` of a Link header (RFC 8288).
fn next_page(headers: &HeaderMap, from: &str) -> Option<String> {
    let text = headers.get(LINK)?.to_str().ok()?;
    let part = text.split(',').find(|part| {
        part.split(';').skip(1).any(|parameter| {
            let parameter = parameter.trim();
            parameter.eq_ignore_ascii_case("rel=\"next\"") || parameter.eq_ignore_ascii_case("rel=next")
        })
    })?;
    let target = part.split(';').next()?.trim().strip_prefix('<')?.strip_suffix('>')?;
    Some(Url::parse(from).ok()?.join(target).ok()?.into())
}

/// What a forge says in an error: `message` (also an object at GitLab), `error`, or the beginning of the text.
fn message_of(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let found = value
        .get("message")
        .or_else(|| value.get("error_description"))
        .or_else(|| value.get("error"))
        .map(|message| message.as_str().map_or_else(|| message.to_string(), str::to_owned));
    let text = found.unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

async fn read_body(url: &str, mut response: Response, limit: usize) -> Result<Vec<u8>, RemoteError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|source| RemoteError::Connection {
        method: "GET",
        url: without_credentials(url),
        source,
    })? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > limit {
            let limit = format!("{limit} bytes");
            return Err(RemoteError::TooLarge { doing: "read", on: without_credentials(url), limit });
        }
    }
    Ok(bytes)
}
