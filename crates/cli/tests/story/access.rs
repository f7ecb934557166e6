//! Who is let in: guests on this machine only, tokens within their scopes, the administrator's code once.

use std::sync::Arc;

use fairway_app::{App, AppConfig};
use fairway_domain::{Clock, Origin, Timestamp};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Answer, Server, Start};

async fn with_token(
    server: &Server,
    method: Method,
    path: &str,
    token: &str,
    body: Option<&Value>,
) -> Answer {
    let mut request = server.request(method, path).bearer_auth(token);
    if let Some(body) = body {
        request = request.json(body);
    }
    server.send(request).await
}

fn plan_request() -> Value {
    json!({"template": "go-service", "inputs": {"name": "gift-cards", "description": "Gifts", "owner": "group:default/checkout"}})
}

#[tokio::test]
async fn a_guest_is_somebody_at_this_machine_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    assert_eq!(server.get("/api/v1/catalog/entities").await.status, 200);

    // A page of another site that points its own name at this machine.
    let rebound = server.request(Method::GET, "/api/v1/catalog/entities").header("host", "evil.example");
    let refused = server.send(rebound).await;
    assert_eq!(refused.expect(401)["error"]["code"], "unauthenticated");

    // A form of another site that is sent here by a browser.
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let crossing =
            server.request(Method::POST, "/api/v1/plans").header(name, value).json(&plan_request());
        let refused = server.send(crossing).await;
        assert_eq!(refused.status, 403, "{name}: {value}: {}", refused.text);
    }
    let own = server
        .request(Method::POST, "/api/v1/plans")
        .header("sec-fetch-site", "same-origin")
        .json(&plan_request());
    server.send(own).await.expect(200);

    // A guest creates and delivers, and does not administer.
    let erase = server.post("/api/v1/audit/1/erase", &json!({"reason": "a story"})).await;
    assert_eq!(erase.expect(403)["error"]["code"], "forbidden");
    let page = server.get("/").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe-eval"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}

/// A clock that is days ahead.
#[derive(Debug)]
struct Ahead(i64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_hours(24 * self.0)
    }
}

#[tokio::test]
async fn tokens_do_what_their_scopes_say_until_they_are_revoked_or_too_old() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    let reading = server.token(&["read"]).await;
    assert_eq!(with_token(&server, Method::GET, "/api/v1/runs", &reading, None).await.status, 200);
    let refused = with_token(&server, Method::POST, "/api/v1/plans", &reading, Some(&plan_request())).await;
    assert_eq!(refused.expect(403)["error"]["code"], "forbidden");
    assert_eq!(with_token(&server, Method::GET, "/api/v1/audit", &reading, None).await.status, 403);
    let creating = server.token(&["read", "create"]).await;
    with_token(&server, Method::POST, "/api/v1/plans", &creating, Some(&plan_request())).await.expect(200);

    // Nobody hands out more than they have, and tokens do not breed.
    let request = json!({"name": "mighty", "scopes": ["administer"]});
    assert_eq!(server.post("/api/v1/tokens", &request).await.status, 403);
    let request = json!({"name": "a child", "scopes": ["read"]});
    assert_eq!(
        with_token(&server, Method::POST, "/api/v1/tokens", &creating, Some(&request)).await.status,
        400
    );

    let issued = server
        .post("/api/v1/tokens", &json!({"name": "short", "scopes": ["read"], "days": 1}))
        .await
        .expect(201);
    let (id, secret) = (issued["id"].as_str().unwrap(), issued["token"].as_str().unwrap());
    assert_eq!(with_token(&server, Method::GET, "/api/v1/runs", secret, None).await.status, 200);
    for text in [
        format!("{secret}0"),
        secret.replace("fwy_", "fwy"),
        format!("fwy_{id}_"),
        "fwy_".to_owned(),
        String::new(),
    ] {
        let answer = with_token(&server, Method::GET, "/api/v1/runs", &text, None).await;
        assert_eq!(answer.status, 401, "{text}: {}", answer.text);
    }
    assert!(!server.get("/api/v1/tokens").await.text.contains(secret), "the secret is never shown again");
    assert!(!server.get("/api/v1/audit?kind=access.token").await.text.contains(secret));
    let kept = server.token(&["read"]).await;
    assert_eq!(server.delete(&format!("/api/v1/tokens/{id}")).await.status, 204);
    assert_eq!(with_token(&server, Method::GET, "/api/v1/runs", secret, None).await.status, 401);
    assert!(!server.log().contains(secret));
    server.stop().await;

    // The days pass.
    for (days, valid) in [(89, true), (91, false)] {
        let app =
            App::open(AppConfig::new(&data, "http://127.0.0.1:7007"), Arc::new(Ahead(days))).await.unwrap();
        assert_eq!(app.caller_of_token(&kept, Origin::Api, None).is_ok(), valid, "after {days} days");
        app.close().await;
    }
}

#[tokio::test]
async fn the_administrators_code_is_good_for_one_claim() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).with(&["--no-example"]).server().await;
    let code = server.admin_code.clone().expect("a first start prints a code");
    assert!(!server.log().contains(&code), "the code is not in the log");
    assert_eq!(server.sign_in("ada", "0000-0000-0000-0000").await.status, 401);
    let signed_in = server.sign_in("ada", &code).await;
    assert_eq!(signed_in.status, 303, "{}", signed_in.text);
    let cookie = signed_in.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();

    // The administrator may what a guest may not.
    let erase = server
        .request(Method::POST, "/api/v1/audit/1/erase")
        .header("cookie", &cookie)
        .json(&json!({"reason": "a story"}));
    let erased = server.send(erase).await;
    assert!(matches!(erased.status, 200 | 400), "{}: {}", erased.status, erased.text);
    let tokens = server.request(Method::GET, "/api/v1/tokens").header("cookie", &cookie);
    server.send(tokens).await.expect(200);

    assert_eq!(server.sign_in("eve", &code).await.status, 401, "the code was used up");
    let out = server.request(Method::POST, "/sign-out").header("cookie", &cookie);
    server.send(out).await;
    let after = server
        .request(Method::POST, "/api/v1/audit/2/erase")
        .header("cookie", &cookie)
        .json(&json!({"reason": "a story"}));
    assert_eq!(server.send(after).await.status, 403, "the session is over, so this is a guest");
    let sessions = server.get("/api/v1/audit?kind=access.session").await.expect(200);
    assert_eq!(sessions["items"].as_array().unwrap().len(), 2, "{sessions:#}");
    server.stop().await;

    let server = Start::new(&data).with(&["--no-example"]).server().await;
    assert_eq!(server.admin_code, None, "somebody has claimed it");
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).with(&["--no-example"]).server().await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(server.sign_in("eve", "AAAA-BBBB-CCCC-DDDD").await.status);
    }
    assert_eq!(statuses[0], 401);
    assert_eq!(statuses[11], 429, "{statuses:?}");
    let code = server.admin_code.clone().unwrap();
    assert_eq!(server.sign_in("ada", &code).await.status, 429, "for a minute also the right one has to wait");
}
