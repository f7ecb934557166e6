//! Clients of other forges against a server that answers as they do, and as they do on bad days.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fairway_domain::Secret;
use fairway_remote::{HostingClient, HostingPlace, Provider, Reach, RemoteError, Urgency};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server with one answer for each path; it remembers what was asked.
struct Forge {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// A path with its query, the head of the answer (a status line and headers), and its body. `{base}` in the head
/// stands for the server's own address. Of several answers for one path, each is given once and the last for ever.
type Answers = &'static [(&'static str, &'static str, &'static str)];

impl Forge {
    async fn with(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, base) = (Arc::clone(&asked), address.clone());
        tokio::spawn(async move {
            let mut given: BTreeMap<String, usize> = BTreeMap::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0_u8; 16 * 1024];
                let count = stream.read(&mut request).await.unwrap();
                let text = String::from_utf8_lossy(&request[..count]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                let fitting: Vec<_> = answers.iter().filter(|(known, ..)| *known == path).collect();
                let number = given.entry(path).or_default();
                let answer = fitting.get(*number).or(fitting.last());
                *number += 1;
                let (head, body) = answer
                    .map_or(("HTTP/1.1 404 Not Found\r\n", "{\"message\":\"Not Found\"}"), |it| (it.1, it.2));
                let head = head.replace("{base}", &base);
                seen.lock().unwrap().push(text);
                let text = format!("{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
        Self { address, asked }
    }

    fn client(&self, provider: Provider) -> HostingClient {
        let place = HostingPlace { provider, web: self.address.clone(), api: Some(self.address.clone()) };
        let host = self.address.strip_prefix("http://").unwrap();
        let token = Secret::new("t0ken".to_owned());
        HostingClient::new(&place, Some(token), Reach::with_hosts([host])).unwrap()
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

const REPOSITORY: &str = r#"{"id":7,"full_name":"acme/shop","name":"shop","default_branch":"main","archived":false,"fork":false,"private":true,"topics":["live"],"pushed_at":"2026-01-01T00:00:00Z","html_url":"https://github.com/acme/shop"}"#;
const SECOND_PAGE: &str = r#"[{"id":7,"full_name":"acme/shop","name":"shop","default_branch":"main","private":true,"topics":["live"],"pushed_at":"2026-01-01T00:00:00Z","html_url":"https://github.com/acme/shop"}]"#;
const ORG: &str = "/orgs/acme/repos?per_page=100&type=all&sort=full_name";

#[tokio::test]
async fn repositories_of_each_forge_are_read_over_all_pages() {
    let github = Forge::with(&[
        (ORG, "HTTP/1.1 200 OK\r\nlink: <{base}/page2>; rel=\"next\", <{base}/page2>; rel=\"last\"\r\n", r#"[{"id":1,"full_name":"acme/b","name":"b","html_url":"https://github.com/acme/b","topics":null}]"#),
        ("/page2", OK, SECOND_PAGE),
    ])
    .await;
    let found = github.client(Provider::GitHub).repositories("acme", Urgency::Person).await.unwrap();
    assert_eq!(found.iter().map(|it| it.full_name.as_str()).collect::<Vec<_>>(), ["acme/b", "acme/shop"]);
    let shop = &found[1];
    assert_eq!(
        (shop.visibility.as_str(), shop.topics[0].as_str(), shop.id.as_str()),
        ("private", "live", "7")
    );
    assert_eq!(found[0].default_branch, None, "an empty repository");
    assert!(github.asked.lock().unwrap()[0].contains("authorization: Bearer t0ken"));

    let gitlab = Forge::with(&[(
        "/groups/acme%2Fweb/projects?include_subgroups=true&with_shared=false&per_page=100&order_by=id&sort=asc",
        OK,
        r#"[{"id":3,"path":"site","path_with_namespace":"acme/web/x/site","default_branch":"trunk","last_activity_at":"t","forked_from_project":{"id":1},"web_url":"https://gitlab.com/acme/web/x/site","visibility":"internal"}]"#,
    )])
    .await;
    let found = gitlab.client(Provider::GitLab).repositories("acme/web", Urgency::Person).await.unwrap();
    assert_eq!((found[0].full_name.as_str(), found[0].fork), ("acme/web/x/site", true));

    let gitea = Forge::with(&[(
        "/users/ada/repos?limit=50",
        OK,
        r#"[{"id":3,"name":"x","full_name":"ada/x","default_branch":"main","empty":true,"html_url":"https://git.example/ada/x","updated_at":"t"}]"#,
    )])
    .await;
    let found = gitea.client(Provider::Gitea).repositories("ada", Urgency::Person).await.unwrap();
    assert_eq!(
        (found[0].full_name.as_str(), found[0].default_branch.as_deref()),
        ("ada/x", None),
        "a person's, too"
    );
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let forge = Forge::with(&[
        ("/repos/acme/shop", "HTTP/1.1 200 OK\r\netag: \"v1\"\r\nx-ratelimit-limit: 60\r\nx-ratelimit-remaining: 59\r\nx-ratelimit-reset: 4000000000\r\n", REPOSITORY),
        ("/repos/acme/shop", "HTTP/1.1 304 Not Modified\r\n", ""),
    ])
    .await;
    let client = forge.client(Provider::GitHub);
    for _ in 0..2 {
        let found = client.repository("acme/shop", Urgency::Polling).await.unwrap().unwrap();
        assert_eq!(found.full_name, "acme/shop");
    }
    assert!(forge.asked.lock().unwrap()[1].contains("if-none-match: \"v1\""));
    let budget = client.budget();
    assert_eq!((budget.remaining, budget.sent, budget.unchanged), (Some(59), 2, 1));
}

#[tokio::test]
async fn a_host_that_asks_for_patience_is_left_alone() {
    let forge = Forge::with(&[
        ("/repos/a/429", "HTTP/1.1 429 Too Many Requests\r\nretry-after: 120\r\n", "{}"),
        ("/repos/acme/shop", OK, REPOSITORY),
    ])
    .await;
    let client = forge.client(Provider::GitHub);
    let error = client.repository("a/429", Urgency::Person).await.unwrap_err();
    assert!(matches!(&error, RemoteError::RateLimited { wait, .. } if wait.as_secs() > 100), "{error}");
    let asked = forge.count();
    for urgency in [Urgency::Person, Urgency::Polling] {
        let error = client.repository("acme/shop", urgency).await.unwrap_err();
        assert!(matches!(error, RemoteError::RateLimited { .. }), "{error}");
    }
    assert_eq!(forge.count(), asked, "nothing more is sent");

    let secondary = Forge::with(&[(
        "/repos/acme/shop",
        "HTTP/1.1 403 Forbidden\r\n",
        r#"{"message":"You have exceeded a secondary rate limit"}"#,
    )])
    .await;
    let error =
        secondary.client(Provider::GitHub).repository("acme/shop", Urgency::Person).await.unwrap_err();
    assert!(matches!(error, RemoteError::RateLimited { .. }), "{error}");
}

#[tokio::test]
async fn polling_leaves_the_rest_of_the_budget_to_people() {
    let forge = Forge::with(&[(
        "/repos/acme/shop",
        "HTTP/1.1 200 OK\r\nratelimit-limit: 100\r\nratelimit-remaining: 5\r\nratelimit-reset: 4000000000\r\n",
        REPOSITORY,
    )])
    .await;
    let client = forge.client(Provider::GitHub);
    assert!(client.repository("acme/shop", Urgency::Person).await.is_ok());
    assert!(matches!(
        client.repository("acme/shop", Urgency::Polling).await,
        Err(RemoteError::RateLimited { .. })
    ));
    assert!(client.repository("acme/shop", Urgency::Person).await.is_ok());
}

#[tokio::test]
async fn a_bad_day_is_an_error_and_never_an_answer() {
    let empty_middle = "HTTP/1.1 200 OK\r\nlink: <{base}/page2>; rel=\"next\"\r\n";
    let elsewhere = "HTTP/1.1 200 OK\r\nlink: <https://evil.example/page2>; rel=\"next\"\r\n";
    let itself =
        "HTTP/1.1 302 Found\r\nlocation: {base}/orgs/acme/repos?per_page=100&type=all&sort=full_name\r\n";
    let private = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/meta-data\r\n";
    let machine = "HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/\r\n";
    let cases: [(&str, &'static str, &str); 9] = [
        (OK, "<html>maintenance</html>", "cannot be understood"),
        (OK, "{\"message\":\"hello\"}", "cannot be understood"),
        (OK, "[{\"id\":1}]", "cannot be understood"),
        (empty_middle, "[]", "the page is empty"),
        (elsewhere, "[]", "the page is empty"),
        (itself, "", "redirects more than"),
        (private, "", "169.254.169.254"),
        (machine, "", "this machine"),
        ("HTTP/1.1 401 Unauthorized\r\n", "{\"message\":\"Bad credentials\"}", "Bad credentials"),
    ];
    for (head, body, expected) in cases {
        let answers: Answers =
            Box::leak(Box::new([(ORG, Box::leak(head.to_owned().into_boxed_str()) as &str, body)]));
        let forge = Forge::with(answers).await;
        let error = forge.client(Provider::GitHub).repositories("acme", Urgency::Polling).await.unwrap_err();
        let machine = expected == "this machine" && error.to_string().contains("127.0.0.1");
        assert!(error.to_string().contains(expected) || machine, "{expected}: {error}");
        assert!(!error.to_string().contains("t0ken"), "{error}");
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_may_not_is_not() {
    let forge = Forge::with(&[
        ("/repos/acme/shop", "HTTP/1.1 502 Bad Gateway\r\n", "<html>"),
        ("/repos/acme/shop", OK, REPOSITORY),
        ("/repos/acme/broken", "HTTP/1.1 500 Oops\r\n", ""),
        ("/repos/acme/teapot", "HTTP/1.1 418 Teapot\r\n", ""),
    ])
    .await;
    let client = forge.client(Provider::GitHub);
    assert!(client.repository("acme/shop", Urgency::Person).await.unwrap().is_some());
    assert_eq!(client.repository("acme/none", Urgency::Person).await.unwrap(), None);
    let before = forge.count();
    assert!(matches!(
        client.repository("acme/broken", Urgency::Person).await,
        Err(RemoteError::Hosting { status: 500, .. })
    ));
    assert_eq!(forge.count() - before, 3);
    assert!(client.repository("acme/teapot", Urgency::Person).await.is_err());
    assert_eq!(forge.count() - before, 4);
}

/// A token shown to the forge must not be shown to wherever the forge sends the request.
#[tokio::test]
async fn a_token_stays_with_its_host() {
    let other = Forge::with(&[("/repos/acme/shop", OK, REPOSITORY)]).await;
    let head = format!("HTTP/1.1 307 Moved\r\nlocation: {}/repos/acme/shop\r\n", other.address);
    let answers: Answers =
        Box::leak(Box::new([("/repos/acme/shop", Box::leak(head.into_boxed_str()) as &str, "")]));
    let forge = Forge::with(answers).await;
    let place = HostingPlace {
        provider: Provider::GitHub,
        web: forge.address.clone(),
        api: Some(forge.address.clone()),
    };
    let reach = Reach::with_hosts([&forge.address[7..], &other.address[7..]]);
    let client = HostingClient::new(&place, Some(Secret::new("t0ken".to_owned())), reach).unwrap();
    assert!(client.repository("acme/shop", Urgency::Person).await.unwrap().is_some());
    assert!(forge.asked.lock().unwrap()[0].contains("t0ken"));
    assert!(!other.asked.lock().unwrap()[0].contains("t0ken"));
}

#[tokio::test]
async fn files_and_their_paths_are_read_in_each_forges_way() {
    let github = Forge::with(&[
        ("/repos/acme/shop/git/trees/feature%2Fx?recursive=1", OK, r#"{"tree":[{"path":"a.yaml","mode":"100644","type":"blob"},{"path":"link","mode":"120000","type":"blob"},{"path":"d","mode":"040000","type":"tree"}],"truncated":false}"#),
        ("/repos/acme/shop/contents/d/my%20file.yaml?ref=main", OK, "kind: API"),
        ("/repos/acme/huge/git/trees/main?recursive=1", OK, r#"{"tree":[],"truncated":true}"#),
    ])
    .await;
    let client = github.client(Provider::GitHub);
    let paths = client.paths("acme/shop", "feature/x", Urgency::Person).await.unwrap();
    assert_eq!(paths.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a.yaml"]);
    let file =
        client.file("acme/shop", "main", &"d/my file.yaml".parse().unwrap(), Urgency::Person).await.unwrap();
    assert_eq!(file.unwrap(), b"kind: API");
    let error = client.paths("acme/huge", "main", Urgency::Person).await.unwrap_err();
    assert!(matches!(error, RemoteError::TooLarge { .. }), "half a list is none: {error}");

    let gitlab = Forge::with(&[
        ("/projects/acme%2Fweb%2Fsite/repository/tree?ref=main&recursive=true&per_page=100&pagination=keyset", OK, r#"[{"id":"1","name":"a.yaml","type":"blob","path":"a.yaml","mode":"100644"},{"id":"2","name":"d","type":"tree","path":"d","mode":"040000"}]"#),
        ("/projects/acme%2Fweb%2Fsite/repository/files/d%2Fa.yaml/raw?ref=main", OK, "x"),
    ])
    .await;
    let client = gitlab.client(Provider::GitLab);
    assert_eq!(client.paths("acme/web/site", "main", Urgency::Person).await.unwrap().len(), 1);
    assert_eq!(
        client
            .file("acme/web/site", "main", &"d/a.yaml".parse().unwrap(), Urgency::Person)
            .await
            .unwrap()
            .unwrap(),
        b"x"
    );

    let gitea = Forge::with(&[
        (
            "/repos/ada/x/git/trees/main?recursive=true&per_page=1000&page=1",
            OK,
            r#"{"tree":[{"path":"a.yaml","mode":"100644","type":"blob"}],"truncated":true}"#,
        ),
        (
            "/repos/ada/x/git/trees/main?recursive=true&per_page=1000&page=2",
            OK,
            r#"{"tree":[{"path":"b.yaml","mode":"100644","type":"blob"}],"truncated":false}"#,
        ),
    ])
    .await;
    assert_eq!(gitea.client(Provider::Gitea).paths("ada/x", "main", Urgency::Person).await.unwrap().len(), 2);
}

#[tokio::test]
async fn people_and_teams_are_read_in_each_forges_way() {
    let gitlab = Forge::with(&[
        ("/groups/acme?with_projects=false", OK, r#"{"id":1,"path":"acme","full_path":"acme","name":"Acme"}"#),
        ("/groups/acme/members/all?per_page=100", OK, r#"[{"username":"ada","name":"Ada","state":"active"},{"username":"gone","state":"blocked"}]"#),
        ("/groups/acme/descendant_groups?per_page=100", OK, r#"[{"id":2,"path":"shop","full_path":"acme/shop","name":"Shop","parent_id":1},{"id":3,"path":"web","full_path":"acme/shop/web","name":"Web","parent_id":2}]"#),
        ("/groups/2/members?per_page=100", OK, r#"[{"username":"ben","state":"active"},{"username":"gone","state":"blocked"}]"#),
        ("/groups/3/members?per_page=100", OK, "[]"),
    ])
    .await;
    let found = gitlab.client(Provider::GitLab).directory("acme", Urgency::Person).await.unwrap();
    assert_eq!(found.users.iter().map(|user| user.login.as_str()).collect::<Vec<_>>(), ["ada", "ben"]);
    assert_eq!(
        (found.groups[1].slug.as_str(), found.groups[1].parent.as_deref()),
        ("shop-web", Some("shop"))
    );
    assert_eq!(found.groups[0].members, ["ben"]);

    let gitea = Forge::with(&[
        ("/orgs/acme", OK, r#"{"id":1,"full_name":"Acme","username":"acme"}"#),
        (
            "/orgs/acme/members?limit=50",
            OK,
            r#"[{"id":1,"login":"ada","full_name":"","email":"ada@acme.test"}]"#,
        ),
        ("/orgs/acme/teams?limit=50", OK, r#"[{"id":9,"name":"Owners","description":""}]"#),
        ("/teams/9/members?limit=50", OK, r#"[{"id":1,"login":"ada"}]"#),
    ])
    .await;
    let found = gitea.client(Provider::Gitea).directory("acme", Urgency::Person).await.unwrap();
    assert_eq!(
        (found.users[0].name.as_deref(), found.users[0].email.as_deref()),
        (None, Some("ada@acme.test"))
    );
    assert_eq!((found.groups[0].slug.as_str(), found.groups[0].members.len()), ("owners", 1));
}
