//! Backstage's interface: identities, permissions, health, errors and other sites' pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, Start};

/// The claims of a token, as whoever holds it can read them.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn guest_token(server: &Server) -> String {
    let answer = server.post("/api/auth/guest/refresh", &json!({})).await.expect(200);
    answer["backstageIdentity"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_guest_gets_an_identity_that_opens_the_interface_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).with(&["--no-example"]).server().await;
    assert_eq!(server.get("/api/auth/.well-known/jwks.json").await.expect(200), json!({"keys": []}));

    let answer = server.get("/api/auth/guest/refresh").await.expect(200);
    let identity = &answer["backstageIdentity"];
    assert_eq!(identity["identity"]["userEntityRef"], "user:development/guest");
    assert_eq!(identity["identity"]["ownershipEntityRefs"], json!(["user:development/guest"]));
    assert_eq!(identity["expiresInSeconds"], 3_599);
    let token = identity["token"].as_str().unwrap();
    let said = claims(token);
    assert_eq!(said["sub"], "user:development/guest");
    assert_eq!(said["aud"], "backstage");
    assert!(said["iss"].as_str().unwrap().ends_with("/api/auth"), "{said}");

    let keys = server.get("/api/auth/.well-known/jwks.json").await.expect(200);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys["keys"][0]["alg"], "ES256");

    let with = |token: &str, path: &str| server.request(Method::GET, path).bearer_auth(token);
    let known = server.send(with(token, "/api/auth/v1/userinfo")).await.expect(200);
    assert_eq!(known["claims"]["sub"], "user:development/guest");
    server.send(with(token, "/api/v1/catalog/entities")).await.expect(200);

    let changed = token.replace('.', "A.");
    let refused = server.send(with(&changed, "/api/auth/v1/userinfo")).await.expect(401);
    assert_eq!(refused["error"]["name"], "AuthenticationError");
    let elsewhere = with(token, "/api/v1/catalog/entities").header("x-forwarded-for", "203.0.113.9");
    server.send(elsewhere).await.expect(401);
    let asked_from_elsewhere =
        server.request(Method::POST, "/api/auth/guest/refresh").header("x-forwarded-for", "203.0.113.9");
    assert_eq!(server.send(asked_from_elsewhere).await.expect(403)["error"]["name"], "NotAllowedError");
    server.stop().await;
}

#[tokio::test]
async fn an_identity_outlives_a_restart_and_stands_for_its_person() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).at_fixed_address().with(&["--no-example"]).server().await;
    let cookie = server.administrator().await;
    let refresh = || server.request(Method::GET, "/api/auth/fairway/refresh").header("cookie", &cookie);
    server.send(refresh()).await.expect(401);
    let answer = server.send(refresh().header("x-requested-with", "XMLHttpRequest")).await.expect(200);
    let token = answer["backstageIdentity"]["token"].as_str().unwrap().to_owned();
    assert_eq!(claims(&token)["sub"], "user:default/ada");
    server.stop().await;

    let server = Start::new(&data).at_fixed_address().server().await;
    let issue = server.request(Method::POST, "/api/v1/tokens").bearer_auth(&token);
    let issued = server.send(issue.json(&json!({"name": "deploys", "scopes": ["read"]}))).await.expect(201);
    let fairway = issued["token"].as_str().unwrap();
    let exchange = server.request(Method::GET, "/api/auth/fairway/refresh").bearer_auth(fairway);
    let refused = server.send(exchange.header("x-requested-with", "XMLHttpRequest")).await;
    assert_eq!(refused.expect(400)["error"]["name"], "InputError", "a token gets no identity");
    server.stop().await;
}

#[tokio::test]
async fn errors_have_the_form_that_clients_read() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).with(&["--no-example"]).server().await;
    let missing = server.get("/api/auth/nobody/start?env=development").await;
    assert_eq!(
        missing.expect(404),
        json!({
            "error": {"name": "NotFoundError", "message": "Unknown auth provider 'nobody'"},
            "request": {"method": "GET", "url": "/nobody/start?env=development"},
            "response": {"statusCode": 404},
        })
    );
    assert_eq!(missing.header("content-type"), Some("application/json"));

    let strangers = server.request(Method::POST, "/api/permission/authorize").header("host", "evil.example");
    let refused = server.send(strangers.json(&json!({"items": []}))).await.expect(401);
    assert_eq!(refused["error"], json!({"name": "AuthenticationError", "message": "Missing credentials"}));

    for (method, path) in [
        (Method::GET, "/api/nothing"),
        (Method::GET, "/api/catalog/nothing"),
        (Method::GET, "/api/permission/authorize"),
        (Method::PATCH, "/api/auth/.well-known/jwks.json"),
    ] {
        let answer = server.send(server.request(method, path)).await;
        assert_eq!((answer.status, answer.text.as_str()), (404, ""), "{path}");
    }
    for path in
        ["/.backstage/health/v1/liveness", "/.backstage/health/v1/readiness", "/api/permission/health"]
    {
        assert_eq!(server.get(path).await.expect(200), json!({"status": "ok"}), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn permissions_are_those_of_the_caller() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let ask = |id: &str, name: &str, action: &str| {
        json!({"id": id, "resourceRef": "component:default/x",
               "permission": {"type": "resource", "name": name, "attributes": {"action": action},
                              "resourceType": "catalog-entity"}})
    };
    let items = json!({"items": [
        ask("1", "catalog.entity.read", "read"),
        ask("2", "catalog.entity.delete", "delete"),
        {"id": "3", "permission": {"type": "basic", "name": "unheard.of", "attributes": {}}},
    ]});
    let guest = guest_token(&server).await;
    let request = server.request(Method::POST, "/api/permission/authorize").bearer_auth(&guest);
    let answer = server.send(request.json(&items)).await.expect(200);
    assert_eq!(
        answer["items"],
        json!([
            {"id": "1", "result": "ALLOW"}, {"id": "2", "result": "ALLOW"}, {"id": "3", "result": "DENY"},
        ])
    );

    let reader = server.token(&["read"]).await;
    let request = server.request(Method::POST, "/api/permission/authorize").bearer_auth(&reader);
    let answer = server.send(request.json(&items)).await.expect(200);
    assert_eq!(answer["items"][1]["result"], "DENY");

    let open = json!({"items": [{"id": "1", "permission": {"type": "resource", "name": "catalog.entity.read",
        "attributes": {"action": "read"}, "resourceType": "catalog-entity"}}]});
    let refused = server.post("/api/permission/authorize", &open).await;
    assert!(refused.message().starts_with("Resource permissions require a resourceRef"), "{}", refused.text);
    refused.expect(400);

    let conditions = json!({"items": [
        {"id": "kind", "resourceRef": "component:default/storefront-web", "resourceType": "catalog-entity",
         "conditions": {"allOf": [{"rule": "IS_ENTITY_KIND", "params": {"kinds": ["Component"]}},
                                  {"not": {"rule": "HAS_LABEL", "params": {"label": "x"}}}]}},
        {"id": "owner", "resourceRef": "component:default/storefront-web", "resourceType": "catalog-entity",
         "conditions": {"rule": "IS_ENTITY_OWNER", "params": {"claims": ["group:default/nobody"]}}},
    ]});
    let path = "/api/catalog/.well-known/backstage/permissions/apply-conditions";
    let answer = server.post(path, &conditions).await.expect(200);
    assert_eq!(
        answer["items"],
        json!([{"id": "kind", "result": "ALLOW"}, {"id": "owner", "result": "DENY"}])
    );
    server.stop().await;
}

#[tokio::test]
async fn pages_of_named_origins_may_use_the_interface_and_others_may_not() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--no-example", "--allow-origin", "https://backstage.example.com"];
    let server = Start::new(&folder.path().join("data")).with(&arguments).server().await;
    let from = |origin: &str| {
        server
            .request(Method::POST, "/api/auth/guest/refresh")
            .header("origin", origin)
            .header("sec-fetch-site", "cross-site")
    };
    let allowed = server.send(from("https://backstage.example.com")).await;
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://backstage.example.com"));
    assert_eq!(allowed.header("access-control-allow-credentials"), Some("true"));
    allowed.expect(200);
    let refused = server.send(from("https://evil.example")).await;
    assert_eq!(refused.header("access-control-allow-origin"), None);
    assert_eq!(refused.status, 403);

    let preflight = server
        .request(Method::OPTIONS, "/api/permission/authorize")
        .header("origin", "https://backstage.example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    let answer = server.send(preflight).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("access-control-allow-headers").unwrap().contains("authorization"));
    server.stop().await;
}
