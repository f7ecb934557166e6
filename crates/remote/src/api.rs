//! The client of Fairway's own HTTP API, as the command line uses it.

use std::sync::Once;
use std::time::Duration;

use fairway_domain::Secret;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _};
use tokio_util::io::StreamReader;
use url::Url;

use crate::RemoteError;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a whole answer may take.
const WHOLE: Duration = Duration::from_mins(1);
/// How long a stream of events may be silent; servers send a comment every 15 seconds or so.
const SILENCE: Duration = Duration::from_secs(90);
/// The largest answer that is read.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// The longest line of an event stream.
const LINE_BYTES: u64 = 1024 * 1024;

/// A client of one Fairway server.
#[derive(Clone, Debug)]
pub struct ApiClient {
    client: Client,
    base: String,
    token: Option<Secret<String>>,
    headers: HeaderMap,
}

/// Names the cryptography for TLS, once for the whole process.
pub fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Fails only when the program chose one itself, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

impl ApiClient {
    /// A client of the server at `base_url`, which may have a path; nothing is sent yet.
    ///
    /// # Errors
    /// [`RemoteError::BadUrl`] when the address is no http or https address.
    pub fn new(base_url: &str, token: Option<Secret<String>>) -> Result<Self, RemoteError> {
        let bad = |reason: String| RemoteError::BadUrl {
            url: crate::source::url::without_credentials(base_url),
            reason,
        };
        let url = Url::parse(base_url)
            .map_err(|error| bad(format!("{error}; expected an address such as http://localhost:7007")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("expected an address that begins with http:// or https://".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("an address must not hold credentials; use a token".to_owned()));
        }
        install_tls();
        let mut builder = Client::builder()
            .user_agent(concat!("fairway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::limited(3));
        if url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]")) {
            // A proxy for the world outside cannot reach this machine's own ports.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| bad(error.to_string()))?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { client, base, token, headers: HeaderMap::new() })
    }

    /// The same client with a header that every request carries from now on. Line breaks and other control
    /// characters of the value become spaces; what is no header even so is left out.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        {
            self.headers.insert(name, value);
        }
        self
    }

    /// The address without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// Reads. `path` begins with `/` and may have a query.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, RemoteError> {
        self.ask("GET", path, None::<&()>).await
    }

    /// Sends `body` as JSON.
    pub async fn post<B: Serialize + Sync + ?Sized, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, RemoteError> {
        self.ask("POST", path, Some(body)).await
    }

    /// Sends bytes as they are.
    pub async fn post_bytes<T: DeserializeOwned>(
        &self,
        path: &str,
        bytes: Vec<u8>,
    ) -> Result<T, RemoteError> {
        let (method, url) = ("POST", self.url(path));
        let request = self.request(method, &url).timeout(WHOLE).header("accept", "application/json");
        let sent = request.header("content-type", "application/octet-stream").body(bytes).send().await;
        self.answer(method, url, sent).await
    }

    /// Replaces by `body` as JSON.
    pub async fn put<B: Serialize + Sync + ?Sized, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, RemoteError> {
        self.ask("PUT", path, Some(body)).await
    }

    /// Changes by `body` as JSON.
    pub async fn patch<B: Serialize + Sync + ?Sized, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, RemoteError> {
        self.ask("PATCH", path, Some(body)).await
    }

    /// Deletes. An answer without a body reads as JSON's `null`, so `()` fits.
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, RemoteError> {
        self.ask("DELETE", path, None::<&()>).await
    }

    /// The bytes of a page or file as they are served. With `encodings`, for example `br, gzip`, they come
    /// compressed as a browser gets them and are not decompressed.
    pub async fn bytes(&self, path: &str, encodings: Option<&str>) -> Result<Vec<u8>, RemoteError> {
        let (method, url) = ("GET", self.url(path));
        let mut request = self.request(method, &url).timeout(WHOLE);
        if let Some(encodings) = encodings {
            request = request.header(ACCEPT_ENCODING, encodings);
        }
        let sent = request.send().await;
        let response = sent.map_err(|source| RemoteError::Connection { method, url: url.clone(), source })?;
        if !response.status().is_success() {
            return Err(refusal(method, &url, response).await);
        }
        read_body(method, &url, response, ANSWER_BYTES).await
    }

    /// The lines of a stream of server-sent events as they arrive, without line breaks; an empty line ends an
    /// event. The stream ends when the server ends it.
    pub async fn events(
        &self,
        path: &str,
    ) -> Result<BoxStream<'static, Result<String, RemoteError>>, RemoteError> {
        let (method, url) = ("GET", self.url(path));
        let request = self.request(method, &url).header("accept", "text/event-stream");
        let connected = tokio::time::timeout(WHOLE, request.send()).await;
        let response = match connected {
            Ok(sent) => {
                sent.map_err(|source| RemoteError::Connection { method, url: url.clone(), source })?
            }
            Err(_) => return Err(RemoteError::Timeout { doing: "open", on: url, after: WHOLE }),
        };
        if !response.status().is_success() {
            return Err(refusal(method, &url, response).await);
        }
        let bytes = response.bytes_stream().map_err(std::io::Error::other).boxed();
        let reader = StreamReader::new(bytes);
        let lines = futures::stream::try_unfold((reader, url), |(mut reader, url)| async move {
            let mut line = Vec::new();
            let mut bounded = (&mut reader).take(LINE_BYTES);
            let read = tokio::time::timeout(SILENCE, bounded.read_until(b'\n', &mut line)).await;
            let read = read.map_err(|_| RemoteError::Timeout {
                doing: "hear from",
                on: url.clone(),
                after: SILENCE,
            })?;
            let count = read.map_err(RemoteError::pipe("hear from", &url))?;
            if count == 0 {
                return Ok(None);
            }
            let text = String::from_utf8_lossy(&line);
            Ok(Some((text.trim_end_matches(['\n', '\r']).to_owned(), (reader, url))))
        });
        Ok(lines.boxed())
    }

    fn url(&self, path: &str) -> String {
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("{}{slash}{path}", self.base)
    }

    fn request(&self, method: &'static str, url: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let request = self.client.request(method, url).headers(self.headers.clone());
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    async fn ask<B: Serialize + Sync + ?Sized, T: DeserializeOwned>(
        &self,
        method: &'static str,
        path: &str,
        body: Option<&B>,
    ) -> Result<T, RemoteError> {
        let url = self.url(path);
        let mut request = self.request(method, &url).timeout(WHOLE).header("accept", "application/json");
        if let Some(body) = body {
            request = request.json(body);
        }
        let sent = request.send().await;
        self.answer(method, url, sent).await
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        method: &'static str,
        url: String,
        sent: Result<Response, reqwest::Error>,
    ) -> Result<T, RemoteError> {
        let response = sent.map_err(|source| RemoteError::Connection { method, url: url.clone(), source })?;
        if !response.status().is_success() {
            return Err(refusal(method, &url, response).await);
        }
        let bytes = read_body(method, &url, response, ANSWER_BYTES).await?;
        let text: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        serde_json::from_slice(text).map_err(|error| RemoteError::BadAnswer {
            method,
            url,
            reason: error.to_string(),
        })
    }
}

async fn read_body(
    method: &'static str,
    url: &str,
    mut response: Response,
    limit: usize,
) -> Result<Vec<u8>, RemoteError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|source| RemoteError::Connection {
        method,
        url: url.to_owned(),
        source,
    })? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > limit {
            let reason = format!("it has more than {limit} bytes");
            return Err(RemoteError::BadAnswer { method, url: url.to_owned(), reason });
        }
    }
    Ok(bytes)
}

/// Turns an error answer, `{"error": {"code", "message", "hint"}}`, into a value; something else that stands
/// between client and server (a proxy, another program on the port) is told apart.
async fn refusal(method: &'static str, url: &str, response: Response) -> RemoteError {
    let status = response.status();
    let body = match tokio::time::timeout(WHOLE, read_body(method, url, response, 1024 * 1024)).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return error,
        Err(_) => Vec::new(),
    };
    let value: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| {
        value.pointer(&format!("/error/{name}")).and_then(|text| text.as_str()).map(str::to_owned)
    };
    match (text("code"), text("message")) {
        (code, Some(message)) => RemoteError::Api {
            status: status.as_u16(),
            code: code.unwrap_or_else(|| "error".to_owned()),
            message,
            hint: text("hint"),
            details: value
                .pointer("/error/details")
                .and_then(|list| list.as_array())
                .cloned()
                .unwrap_or_default(),
        },
        _ => RemoteError::Api {
            status: status.as_u16(),
            code: "unexpected".to_owned(),
            message: format!("{method} {url} was answered with {status}"),
            hint: Some("the answer is not from Fairway's API; check the server's address".to_owned()),
            details: Vec::new(),
        },
    }
}
