//! One question, the same answer on the command line, over REST, on the page and in the palette.

use serde_json::Value;

use crate::command::fairway;
use crate::server::{Server, Start};

fn entities(answer: &Value) -> Vec<&str> {
    let items = answer["items"].as_array().unwrap();
    items.iter().map(|item| item["entity"].as_str().unwrap()).collect()
}

async fn searched(server: &Server, arguments: &[&str]) -> String {
    let url = server.url("");
    let all = [&["search"], arguments, &["--url", &url]].concat();
    fairway(&all).await.ok().out
}

#[tokio::test]
async fn one_question_has_one_answer_on_every_face() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;

    let table = searched(&server, &["storfront", "web"]).await;
    let mut lines = table.lines();
    assert!(lines.next().unwrap().ends_with("component:default/storefront-web"), "{table}");
    assert!(lines.next().unwrap().starts_with("    Component · website"), "{table}");
    let json = searched(&server, &["storfront", "web", "--kind", "component", "-o", "json"]).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json, server.get("/api/v1/search?q=storfront+web&kind=Component").await.expect(200));
    assert_eq!(entities(&json)[0], "component:default/storefront-web");
    assert!(json["items"][0]["marks"]["title"].as_array().unwrap().iter().any(|it| it["marked"] == true));
    let yaml = searched(&server, &["storfront", "-o", "yaml"]).await;
    assert!(yaml.contains("entity: component:default/storefront-web"), "{yaml}");

    let page = server.get("/search?q=storfront").await;
    assert!(page.text.contains("<mark>Storefront</mark>"), "{}", page.text);
    let palette = server.get("/search.json?q=storfront").await.expect(200);
    assert!(
        palette
            .as_array()
            .unwrap()
            .iter()
            .any(|hit| hit["url"] == "/catalog/default/component/storefront-web")
    );
    let backstage = server.get("/api/search/query?term=storfront").await.expect(200);
    let documents = backstage["results"].as_array().unwrap();
    assert!(
        documents.iter().any(|it| it["document"]["location"] == "/catalog/default/component/storefront-web")
    );
    server.stop().await;
}

#[tokio::test]
async fn operations_of_apis_are_found_in_every_language_and_lead_to_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    for (question, entity, title) in [
        ("POST /v3/orders", "api:default/orders-api", "POST /v3/orders"),
        ("get availability", "api:default/stock-api", "rpc GetAvailability"),
        ("schema:order status", "api:default/orders-api", "OrderStatus"),
    ] {
        let found = searched(&server, &[question, "--document", "api", "-o", "json"]).await;
        let first = serde_json::from_str::<Value>(&found).unwrap()["items"][0].clone();
        assert_eq!(first["entity"], entity, "{question}: {first}");
        assert!(first["title"].as_str().unwrap().ends_with(title), "{question}: {first}");
        let url = first["url"].as_str().unwrap();
        let (address, anchor) = url.split_once('#').unwrap();
        let page = server.get(address).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains(&format!("id=\"{anchor}\"")), "{url}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_question_without_an_answer_names_what_comes_near() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let none = fairway(&["search", "storefront", "zzzzqqqq", "--url", &server.url("")]).await.ok();
    assert!(none.err.contains("Did you mean one of these?"), "{}", none.err);
    assert!(none.out.contains("storefront"), "{}", none.out);
    let page = server.get("/search?q=storefront+zzzzqqqq").await;
    assert!(page.text.contains("Did you mean one of these?"));
    let refused = server.get("/api/v1/search?q=x&document=nonsense").await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("there are no documents of the type"), "{}", refused.text);
    for hostile in ["%00", "%22%2A%28", &"a".repeat(2_000)] {
        server.get(&format!("/api/v1/search?q={hostile}")).await.expect(200);
    }
    server.stop().await;
}

#[tokio::test]
async fn what_people_star_comes_before_what_fits_equally() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let found = async || -> Vec<String> {
        let answer = server.get("/api/v1/search?q=checkout&kind=Component").await.expect(200);
        let items = answer["items"].as_array().unwrap().iter();
        items.map(|item| item["entity"].as_str().unwrap().to_owned()).collect()
    };
    let before = found().await;
    let last = before.last().unwrap().clone();
    assert!(before.len() > 1, "{before:?}");
    let name = last.rsplit_once('/').unwrap().1;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let starred = server
        .send(
            client.post(server.url(&format!("/catalog/default/component/{name}/star"))).body("starred=true"),
        )
        .await;
    assert_eq!(starred.status, 303, "{}", starred.text);
    assert_eq!(found().await.first(), Some(&last), "{before:?}");
}
