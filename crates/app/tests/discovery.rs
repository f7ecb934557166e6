//! Discovery on bad days: whatever a forge answers, what is known stays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fairway_app::clock::SystemClock;
use fairway_app::sources::Source;
use fairway_app::{App, AppConfig, access};
use fairway_domain::{Caller, Origin};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Status, headers and body.
type Answer = (u16, String, String);

/// A forge whose answers the test sets by path; everything else is 404.
#[derive(Clone)]
struct Forge {
    address: String,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Forge {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let forge = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            answers: Arc::default(),
            asked: Arc::default(),
        };
        let served = forge.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0_u8; 8192];
                let count = stream.read(&mut request).await.unwrap();
                let text = String::from_utf8_lossy(&request[..count]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap().to_owned();
                let (status, headers, body) = served.answers.lock().unwrap().get(&path).cloned().unwrap_or((
                    404,
                    String::new(),
                    "{}".into(),
                ));
                served.asked.lock().unwrap().push(path);
                let answer = format!(
                    "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        forge
    }

    #[expect(clippy::needless_pass_by_value, reason = "answers are listed as values")]
    fn set(&self, path: &str, status: u16, headers: &str, body: impl ToString) {
        self.answers.lock().unwrap().insert(path.to_owned(), (status, headers.to_owned(), body.to_string()));
    }

    fn list(&self, names: &[(u64, &str)]) {
        let repositories: Vec<Value> = names.iter().map(|(id, name)| self.repository(*id, name)).collect();
        self.set("/api/orgs/acme/repos", 200, "", json!(repositories));
        for (id, name) in names {
            self.set(&format!("/api/repos/acme/{name}"), 200, "", self.repository(*id, name));
            let text = format!(
                "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: c{id}}}\nspec: {{type: service, lifecycle: production, owner: team}}\n"
            );
            self.set(&format!("/api/repos/acme/{name}/contents/catalog-info.yaml"), 200, "", text);
        }
    }

    fn repository(&self, id: u64, name: &str) -> Value {
        json!({
            "id": id, "name": name, "full_name": format!("acme/{name}"), "default_branch": "main",
            "pushed_at": "2026-01-01T00:00:00Z", "html_url": format!("{}/acme/{name}", self.address),
        })
    }

    fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

async fn discovered(names: &[(u64, &str)]) -> (tempfile::TempDir, App, Forge, Source) {
    let folder = tempfile::tempdir().unwrap();
    let forge = Forge::start().await;
    let mut config = AppConfig::new(folder.path().join("data"), "http://127.0.0.1:7007");
    config.source_hosts = vec![forge.address.strip_prefix("http://").unwrap().to_owned()];
    let app = App::open(config, Arc::new(SystemClock)).await.unwrap();
    forge.list(names);
    let target = format!("github-discovery:{0}/acme?api={0}/api", forge.address);
    let source = app.register_source(&member(), &target).await.unwrap();
    assert_eq!(app.view().catalog.len(), names.len());
    (folder, app, forge, source)
}

fn member() -> Caller {
    access::guest(Origin::Portal, Some("127.0.0.1".to_owned()))
}

const MANY: [(u64, &str); 6] = [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e"), (6, "f")];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_listing_answers_nothing_is_lost() {
    let (_folder, app, forge, source) = discovered(&MANY).await;
    let listing = "/api/orgs/acme/repos";
    let next = format!("link: <{}/api/page2>; rel=\"next\"\r\n", forge.address);
    let cases = [
        (200, "", "[]", "lists 0 repositories"),
        (200, next.as_str(), "[]", "the page is empty"),
        (200, "", "<html>maintenance</html>", "cannot be understood"),
        (200, "", "{\"message\": \"ok\"}", "cannot be understood"),
        (500, "", "", "answered with 500"),
        (302, "location: http://169.254.169.254/latest\r\n", "", "169.254.169.254"),
        (401, "", "{\"message\": \"Bad credentials\"}", "Bad credentials"),
        (429, "retry-after: 1\r\n", "{}", "takes no more requests"),
    ];
    for (status, headers, body, expected) in cases {
        forge.set(listing, status, headers, body);
        let read = app.refresh_source(&member(), &source.id, false).await.unwrap();
        let failure = read.last.unwrap().failure.unwrap_or_else(|| panic!("{expected}: no failure"));
        assert!(failure.contains(expected), "{expected}: {failure}");
        assert_eq!(app.view().catalog.len(), MANY.len(), "{expected}");
        assert!(app.children(&source.id).iter().all(|child| child.missing_since.is_none()), "{expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_missing_repositories_are_a_mistake_and_one_is_a_question() {
    let (_folder, app, forge, source) = discovered(&MANY).await;
    let (page, one) = ("/api/orgs/acme/repos", "/api/repos/acme/b");
    forge.set(page, 200, "", json!([forge.repository(1, "a")]));
    let read = app.refresh_source(&member(), &source.id, false).await.unwrap();
    assert!(read.last.unwrap().failure.unwrap().contains("5 of the 6"), "five at once");
    let without_b: Vec<Value> =
        MANY.iter().filter(|(id, _)| *id != 2).map(|(id, name)| forge.repository(*id, name)).collect();
    forge.set(page, 200, "", json!(without_b));
    // Listed no more, but still there: the listing is not believed.
    app.refresh_source(&member(), &source.id, false).await.unwrap();
    assert!(app.children(&source.id).iter().all(|child| child.missing_since.is_none()));
    forge.set(one, 404, "", "{}");
    app.refresh_source(&member(), &source.id, false).await.unwrap();
    let gone: Vec<_> = app.children(&source.id).into_iter().filter(|it| it.missing_since.is_some()).collect();
    assert_eq!((gone.len(), app.view().catalog.len()), (1, 6), "it is told, and stays");
    // It was away for a while: it is the same source again.
    forge.list(&MANY);
    app.refresh_source(&member(), &source.id, false).await.unwrap();
    let back = app.children(&source.id).into_iter().find(|child| child.id == gone[0].id).unwrap();
    assert_eq!((back.missing_since, back.last.as_ref().unwrap().failure.clone()), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_repository_stays_the_same_source_and_an_unchanged_one_is_not_read() {
    let (_folder, app, forge, source) = discovered(&MANY).await;
    let child =
        app.children(&source.id).into_iter().find(|it| it.target.to_string().contains("/acme/a/")).unwrap();
    forge.take_asked();
    app.refresh_source(&member(), &source.id, false).await.unwrap();
    assert_eq!(forge.take_asked(), ["/api/orgs/acme/repos"], "one request when nothing changed");
    let renamed: Vec<(u64, &str)> =
        MANY.iter().map(|(id, name)| (*id, if *id == 1 { "renamed" } else { *name })).collect();
    forge.list(&renamed);
    app.refresh_source(&member(), &source.id, false).await.unwrap();
    let after = app.children(&source.id).into_iter().find(|it| it.id == child.id).unwrap();
    assert!(after.target.to_string().contains("/acme/renamed/"), "{}", after.target);
    assert_eq!((app.children(&source.id).len(), app.view().catalog.len()), (6, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_source_waits_for_a_person_and_removal_takes_what_was_discovered() {
    use fairway_app::source_state::SourceSettings;
    let (_folder, app, forge, source) = discovered(&MANY).await;
    let settings = SourceSettings { paused: Some(true), interval_seconds: Some(3_600) };
    app.configure_source(&member(), &source.id, &settings).await.unwrap();
    let state = app.source_state(&member(), &source.id).await.unwrap();
    assert_eq!((state.interval_seconds, state.pace.next_at), (None, None), "nobody but a person reads it");
    assert_eq!((state.children.len(), state.entities.len()), (6, 6));
    assert!(state.history.len() >= 3 && state.history[0].paused, "{:#?}", state.history);
    forge.take_asked();
    app.refresh_source(&member(), &source.id, false).await.unwrap();
    assert!(!forge.take_asked().is_empty());
    let too_often = SourceSettings { paused: Some(false), interval_seconds: Some(3) };
    assert!(app.configure_source(&member(), &source.id, &too_often).await.is_err());
    app.remove_source(&member(), &source.id).await.unwrap();
    assert_eq!((app.view().catalog.len(), app.children(&source.id).len()), (0, 0));
}
