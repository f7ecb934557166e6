//! Backstage's catalog interface, case by case: what clients may observe beside the happy path.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, Start};

async fn example(folder: &tempfile::TempDir) -> Server {
    Start::new(&folder.path().join("data")).server().await
}

fn names(items: &Value) -> Vec<String> {
    let items = items.as_array().unwrap().iter();
    items.map(|entity| entity["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_not_there_is_told_in_known_words() {
    let folder = tempfile::tempdir().unwrap();
    let server = example(&folder).await;
    for (path, message) in [
        ("/entities/by-uid/x", "No entity with uid x"),
        (
            "/entities/by-name/Component/default/Nobody",
            "No entity named 'Nobody' found, with kind 'Component' in namespace 'default'",
        ),
        ("/entities/by-name/component/default/nobody/ancestry", "No such entity component:default/nobody"),
        ("/locations/x", "Found no location with ID x"),
    ] {
        let answer = server.get(&format!("/api/catalog{path}")).await;
        assert_eq!((answer.status, answer.message()), (404, message.to_owned()));
        let body = answer.json();
        assert_eq!(body["error"]["name"], "NotFoundError");
        assert_eq!(body["request"], json!({"method": "GET", "url": path}));
    }
    assert_eq!(server.delete("/api/catalog/entities/by-uid/x").await.status, 204, "also when there is none");
    server.stop().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_in_the_words_of_the_validator() {
    let folder = tempfile::tempdir().unwrap();
    let server = example(&folder).await;
    for (query, message) in [
        ("/entities?limit=0", "request/query/limit must be >= 1"),
        ("/entities?offset=-1", "request/query/offset must be >= 0"),
        (
            "/entities?order=metadata.name",
            "Invalid order parameter \"metadata.name\", expected <asc or desc>:<field name>",
        ),
        ("/entities?after=x", "Malformed after query parameter, could not be parsed"),
        ("/entities/by-query?limit=ten", "request/query/limit must be integer"),
        ("/entities/by-query?limit=1.5", "request/query/limit must be integer"),
        ("/entities/by-query?limit=-1", "request/query/limit must be >= 0"),
        (
            "/entities/by-query?filter=%3Dx",
            "Invalid filter, '=x' is not a valid statement (expected a string on the form a=b or a= or a)",
        ),
        ("/entities/by-query?orderField=metadata.name,up", "Invalid order field order, must be asc or desc"),
        ("/entities/by-query?fields=a%5B0%5D", "Invalid field \"a[0]\", array type fields are not supported"),
        (
            "/entities/by-query?totalItems=maybe",
            "request/query/totalItems must be equal to one of the allowed values: include, exclude",
        ),
        ("/entity-facets", "request/query must have required property 'facet'"),
    ] {
        let answer = server.get(&format!("/api/catalog{query}")).await;
        assert_eq!((answer.status, answer.message()), (400, message.to_owned()), "{query}");
        assert_eq!(answer.json()["error"]["name"], "InputError");
    }
    let cursor = server.get("/api/catalog/entities/by-query?cursor=x").await;
    assert!(cursor.status == 400 && cursor.message().starts_with("Malformed cursor: "), "{}", cursor.text);
    for (path, body, message) in [
        ("/entities/by-query", json!({"query": []}), "request/body/query must be object"),
        ("/entities/by-query", json!({"limit": "5"}), "request/body/limit must be integer"),
        ("/entities/by-query", json!([]), "request/body must be object"),
        ("/entities/by-refs", json!({}), "request/body must have required property 'entityRefs'"),
        ("/entities/by-refs", json!({"entityRefs": [5]}), "request/body/entityRefs/0 must be string"),
        ("/entity-facets", json!({}), "request/body must have required property 'facets'"),
        ("/entity-facets", json!({"facets": []}), "request/body/facets must NOT have fewer than 1 items"),
        (
            "/refresh",
            json!({"entityRef": "a:b/c", "x": 1}),
            "request/body must NOT have additional properties: x",
        ),
        ("/validate-entity", json!({"entity": {}}), "request/body must have required property 'location'"),
        ("/analyze-location", json!({}), "request/body must have required property 'location'"),
        ("/analyze-location", json!({"location": {"target": "x"}}), "The given location.target is not a URL"),
    ] {
        let answer = server.post(&format!("/api/catalog{path}"), &body).await;
        assert_eq!((answer.status, answer.message()), (400, message.to_owned()), "{path} {body}");
    }
    let broken =
        server.request(Method::POST, "/api/catalog/refresh").header("content-type", "application/json");
    let answer = server.send(broken.body("{")).await;
    assert_eq!((answer.status, &answer.json()["error"]["name"]), (400, &json!("SyntaxError")));
    let text = server.request(Method::POST, "/api/catalog/refresh").header("content-type", "text/plain");
    assert_eq!(server.send(text.body("x")).await.status, 415);
    server.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_known_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = example(&folder).await;
    for path in [
        "/api/catalog/entities",
        "/api/catalog/entities/by-query?limit=5",
        "/api/catalog/entities/by-name/component/default/orders",
        "/api/catalog/entity-facets?facet=kind",
    ] {
        let first = server.get(path).await;
        let tag = first.header("etag").unwrap_or_else(|| panic!("{path} has no tag")).to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        assert_eq!(first.header("content-type"), Some("application/json; charset=utf-8"));
        let again = server.request(Method::GET, path).header("if-none-match", format!("\"other\", {tag}"));
        let again = server.send(again).await;
        assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", Some(tag.as_str())));
        let other = server.request(Method::GET, path).header("if-none-match", "W/\"other\"");
        assert_eq!(server.send(other).await.status, 200);
    }
    let path = "/api/catalog/entities/by-query?limit=1&filter=kind=resource";
    let before = server.get(path).await;
    let uid = before.json()["items"][0]["metadata"]["uid"].as_str().unwrap().to_owned();
    assert_eq!(server.delete(&format!("/api/catalog/entities/by-uid/{uid}")).await.status, 204);
    let tag = before.header("etag").unwrap();
    let after = server.send(server.request(Method::GET, path).header("if-none-match", tag)).await;
    assert_eq!(after.status, 200, "the catalog has changed");
    server.stop().await;
}

#[tokio::test]
async fn the_list_leads_to_its_next_page() {
    let folder = tempfile::tempdir().unwrap();
    let server = example(&folder).await;
    let mut path = "/entities?filter=kind=component&limit=4&fields=kind,metadata.name".to_owned();
    let mut found = Vec::new();
    loop {
        let page = server.get(&format!("/api/catalog{path}")).await;
        found.extend(names(&page.json()));
        let Some(link) = page.header("link") else { break };
        let next = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        assert!(next.contains("filter=kind%3Dcomponent") && !next.contains("offset="), "{next}");
        path = next.to_owned();
    }
    let all = server.get("/api/catalog/entities?filter=kind=component&order=asc:metadata.name").await.json();
    assert_eq!(found, names(&all), "by reference, when nothing else is asked for");
    assert!(server.get("/api/catalog/entities").await.header("link").is_none());
    server.stop().await;
}

#[tokio::test]
async fn entities_without_the_field_of_an_order_come_last_and_count() {
    let folder = tempfile::tempdir().unwrap();
    let server = example(&folder).await;
    let path = "/api/catalog/entities/by-query?filter=kind=component&filter=kind=resource";
    let all = server.get(&format!("{path}&limit=0")).await.json();
    assert_eq!(all["items"], json!([]));
    for direction in ["asc", "desc"] {
        let page = server.get(&format!("{path}&orderField=spec.lifecycle,{direction}")).await.json();
        assert_eq!(page["totalItems"], all["totalItems"]);
        let entities = page["items"].as_array().unwrap().iter();
        let kinds: Vec<bool> = entities.map(|entity| entity["kind"] == "Component").collect();
        assert!(kinds.contains(&true) && kinds.contains(&false), "resources have no lifecycle");
        assert!(kinds.is_sorted_by(|one, other| one >= other), "{kinds:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn entities_are_cut_to_fields_and_found_by_references() {
    let folder = tempfile::tempdir().unwrap();
    let server = example(&folder).await;
    let fields = "metadata.name,metadata.annotations.backstage.io/managed-by-location,spec.nothing";
    let path =
        format!("/api/catalog/entities/by-query?filter=kind=component,metadata.name=orders&fields={fields}");
    let page = server.get(&path).await.json();
    let location = page["items"][0]["metadata"]["annotations"]["backstage.io/managed-by-location"].clone();
    assert!(location.as_str().unwrap().starts_with("url:"), "{page}");
    let annotations = json!({"backstage.io/managed-by-location": location});
    assert_eq!(page["items"], json!([{"metadata": {"name": "orders", "annotations": annotations}}]));

    let body = json!({"entityRefs": ["component:orders", "api:default/orders", "what is this?", ""], "fields": ["kind"]});
    let found = server.post("/api/catalog/entities/by-refs?filter=kind=component", &body).await.expect(200);
    assert_eq!(found, json!({"items": [{"kind": "Component"}, null, null, null]}));
    server.stop().await;
}

#[tokio::test]
async fn an_entity_is_judged_without_being_registered() {
    let folder = tempfile::tempdir().unwrap();
    let server = example(&folder).await;
    let entity = json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "a"},
                        "spec": {"type": "service", "lifecycle": "production", "owner": "checkout"}});
    let ask = async |entity: &Value, location: &str| {
        server.post("/api/catalog/validate-entity", &json!({"entity": entity, "location": location})).await
    };
    let good = ask(&entity, "url:https://git.example/a.yaml").await;
    assert_eq!((good.status, good.text.as_str()), (200, ""));
    let mut bad = entity.clone();
    bad["spec"]["owner"] = json!(5);
    bad["metadata"]["labels"] = json!({"a b": "c"});
    let refused = ask(&bad, "url:https://git.example/a.yaml").await.expect(400);
    assert_eq!(refused["errors"].as_array().unwrap().len(), 2, "{refused}");
    assert_eq!(refused["errors"][0]["name"], "InputError");
    assert!(refused.get("error").is_none(), "these are no errors of the request");
    let place = ask(&entity, "nowhere").await.expect(400);
    assert!(
        place["errors"][0]["message"].as_str().unwrap().starts_with("Unable to parse location ref 'nowhere'")
    );
    server.stop().await;
}

#[tokio::test]
async fn the_descriptions_are_of_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = example(&folder).await;
    for plugin in ["catalog", "search"] {
        let document = server.get(&format!("/api/{plugin}/openapi.json")).await.expect(200);
        for (path, operations) in document["paths"].as_object().unwrap() {
            let path = path.replace("{uid}", "x").replace("{id}", "x").replace("{kind}", "component");
            let path = path.replace("{namespace}", "default").replace("{name}", "orders");
            for (method, operation) in operations.as_object().unwrap() {
                let method: Method = method.to_uppercase().parse().unwrap();
                let request = server.request(method.clone(), &format!("/api/{plugin}{path}"));
                let request = if method == Method::GET { request } else { request.json(&json!({})) };
                let answer = server.send(request).await;
                let described = &operation["responses"][answer.status.to_string()];
                assert!(described.is_object(), "{method} {path}: {} {}", answer.status, answer.text);
                assert!(answer.status != 404 || !answer.text.is_empty(), "{method} {path} is not routed");
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn who_may_only_read_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = example(&folder).await;
    let token = server.token(&["read"]).await;
    let location = json!({"type": "url", "target": server.url("/repositories/acme/x")});
    for (method, path, body) in [
        (Method::POST, "/locations", location.clone()),
        (Method::POST, "/locations?dryRun=true", location.clone()),
        (Method::POST, "/analyze-location", json!({"location": location})),
        (Method::POST, "/refresh", json!({"entityRef": "component:default/orders"})),
        (Method::DELETE, "/entities/by-uid/x", json!({})),
    ] {
        let request = server.request(method, &format!("/api/catalog{path}")).bearer_auth(&token).json(&body);
        let refused = server.send(request).await;
        assert_eq!(refused.expect(403)["error"]["name"], "NotAllowedError", "{path}");
    }
    let reading = server.request(Method::GET, "/api/catalog/entities/by-query?limit=1").bearer_auth(&token);
    server.send(reading).await.expect(200);
    server.stop().await;
}
