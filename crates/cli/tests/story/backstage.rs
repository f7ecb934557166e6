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

#[tokio::test]
async fn locations_are_registered_changed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let before = server.get("/api/catalog/locations").await.expect(200);
    assert!(!before.as_array().unwrap().is_empty(), "the example's sources are locations");
    let known = &before[0]["data"];
    let same =
        server.post("/api/catalog/locations", &json!({"type": "url", "target": known["target"]})).await;
    assert_eq!(same.message(), format!("Location url:{} already exists", known["target"].as_str().unwrap()));
    assert_eq!(same.expect(409)["error"]["name"], "ConflictError");
    let again = "/api/catalog/locations?onConflict=refresh";
    let again = server.post(again, &json!({"type": "url", "target": known["target"]})).await.expect(201);
    assert_eq!(again["location"]["id"], known["id"]);

    let policies = server.url("/repositories/acme/policies/blob/main/catalog-info.yaml");
    for (body, message) in [
        (json!({"type": "url"}), "request/body must have required property 'target'"),
        (json!({"type": "url", "target": ""}), "request/body/target must NOT have fewer than 1 characters"),
        (
            json!({"type": "file", "target": "/etc/passwd"}),
            "Registered locations must be of an allowed type [\"url\"]",
        ),
        (json!({"type": "url", "target": 5}), "request/body/target must be string"),
        (
            json!({"type": "url", "target": "https://x.example/a", "more": 1}),
            "request/body must NOT have additional properties: more",
        ),
    ] {
        let refused = server.post("/api/catalog/locations", &body).await;
        assert_eq!((refused.status, refused.message()), (400, message.to_owned()));
    }
    let nowhere = server.url("/repositories/acme/no-such/blob/main/catalog-info.yaml");
    let tried =
        server.post("/api/catalog/locations?dryRun=true", &json!({"type": "url", "target": nowhere})).await;
    assert!((400..500).contains(&tried.status), "{}", tried.text);

    // What cannot be read yet stays registered, and says why on its page.
    let added =
        server.post("/api/catalog/locations", &json!({"type": "url", "target": nowhere})).await.expect(201);
    let location = &added["location"];
    assert_eq!((&location["type"], &location["target"]), (&json!("url"), &json!(nowhere)));
    assert!(location["entityRef"].as_str().unwrap().starts_with("location:default/generated-"), "{location}");
    let path = format!("/api/catalog/locations/{}", location["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await.expect(200), *location);
    let query = json!({"query": {"target": nowhere.to_uppercase()}});
    let found = server.post("/api/catalog/locations/by-query", &query).await.expect(200);
    assert_eq!((&found["totalItems"], &found["items"][0]), (&json!(1), location));

    let change =
        |target: &str| server.request(Method::PUT, &path).json(&json!({"type": "url", "target": target}));
    assert_eq!(server.send(change(known["target"].as_str().unwrap())).await.status, 409);
    let other = server.url("/repositories/acme/no-such-either/blob/main/catalog-info.yaml");
    let refused = server.send(change(&other)).await;
    assert!(
        (400..500).contains(&refused.status),
        "an address that cannot be read changes nothing: {}",
        refused.text
    );
    assert_eq!(server.get(&path).await.expect(200)["target"], json!(nowhere));

    let by_target =
        server.post("/api/catalog/locations/by-query", &json!({"query": {"target": policies}})).await;
    let registered = by_target.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
    let before = server.entity("location/default/policies").await;
    assert!(before["spec"]["targets"].is_array(), "{before}");
    assert_eq!(server.delete(&format!("/api/catalog/locations/{registered}")).await.status, 204);
    let changed = server.send(change(&policies)).await.expect(200);
    assert_eq!((&changed["id"], &changed["target"]), (&location["id"], &json!(policies)));
    assert_eq!(server.entity("location/default/policies").await["spec"], before["spec"]);

    assert_eq!(server.delete(&path).await.status, 204);
    let gone = server.delete(&path).await;
    assert_eq!(gone.message(), format!("Found no location with ID {}", location["id"].as_str().unwrap()));
    gone.expect(404);
    server.stop().await;
}

#[tokio::test]
async fn locations_are_listed_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let all = server.post("/api/catalog/locations/by-query", &json!({})).await.expect(200);
    let mut found = Vec::new();
    let mut request = json!({"limit": 1});
    loop {
        let page = server.post("/api/catalog/locations/by-query", &request).await.expect(200);
        found.extend(page["items"].as_array().unwrap().clone());
        assert_eq!(page["totalItems"], all["totalItems"]);
        let Some(cursor) = page["pageInfo"]["nextCursor"].as_str() else { break };
        request = json!({"cursor": cursor});
    }
    assert_eq!(json!(found), all["items"]);
    let bad = server.post("/api/catalog/locations/by-query", &json!({"cursor": "x"})).await;
    assert!(bad.message().starts_with("Malformed cursor:"), "{}", bad.text);
    server.stop().await;
}

#[tokio::test]
async fn documents_are_searched_by_words_types_and_filters() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let ask = async |query: &str| server.get(&format!("/api/search/query?{query}")).await;
    let found =
        ask("term=storefront&types%5B0%5D=software-catalog&filters%5Bkind%5D=Component").await.expect(200);
    let first = &found["results"][0];
    assert_eq!((&first["type"], &first["rank"]), (&json!("software-catalog"), &json!(1)));
    let document = &first["document"];
    assert_eq!(document["kind"], "Component");
    assert_eq!(document["location"], "/catalog/default/component/storefront-web");
    assert_eq!(document["owner"], "group:default/storefront");

    let page = ask("term=&pageLimit=2").await.expect(200);
    assert_eq!(page["results"].as_array().unwrap().len(), 2);
    let cursor = page["nextPageCursor"].as_str().unwrap().replace('=', "%3D");
    let second = ask(&format!("term=&pageLimit=2&pageCursor={cursor}")).await.expect(200);
    assert_eq!(second["results"][0]["rank"], 3);
    assert!(second["previousPageCursor"].is_string());
    assert_eq!(ask("term=storefront&types[]=techdocs").await.expect(200)["results"], json!([]));
    for (query, message) in [
        ("types[]=nonsense", "Invalid query string: there are no documents of the type \"nonsense\""),
        ("pageLimit=101", "Invalid query string: The page limit \"101\" exceeds the maximum of 100"),
        ("pageLimit=many", "request/query/pageLimit must be integer"),
    ] {
        let refused = ask(query).await;
        assert_eq!((refused.status, refused.message()), (400, message.to_owned()));
    }
    server.stop().await;
}
