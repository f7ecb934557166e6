//! Addresses in annotations and links that lead nowhere are findings, and are none any more when they lead somewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::command::fairway;
use crate::server::Start;

/// A web server that has one page, and another one when somebody mended it. It redirects what begins with `/old`.
async fn wiki(mended: Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let read = connection.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let status = match path {
                "/there" => "200 OK",
                "/gone" if mended.load(Ordering::Relaxed) => "200 OK",
                "/secret" => "403 Forbidden",
                "/old" => "301 Moved Permanently\r\nlocation: /gone",
                _ => "404 Not Found",
            };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    host
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_a_finding_until_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let mended = Arc::new(AtomicBool::new(false));
    let host = wiki(Arc::clone(&mended)).await;
    let file = folder.path().join("catalog-info.yaml");
    let text = format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: shop\n  annotations:\n    acme.example/runbook: http://{host}/gone\n    acme.example/board: http://{host}/there\n  links:\n    - url: http://{host}/secret\n    - url: http://{host}/old\n    - url: http://127.0.0.1:1/nobody\nspec:\n  type: service\n  lifecycle: production\n  owner: group:default/acme\n"
    );
    std::fs::write(&file, text).unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).with(&["--no-example", "--source-host", &host]).server().await;
    let cookie = server.administrator().await;
    server.register_file(&cookie, &file).await.expect(201);
    server.entity("component/default/shop").await;
    let token = server.token(&["read", "manage-catalog"]).await;
    let url = server.url("");
    let found = async || {
        let arguments = ["catalog", "findings", "--check-links", "--check", "dead-link", "-o", "json"];
        let answer = fairway(&[&arguments[..], &["--url", &url, "--token", &token]].concat()).await.ok().out;
        serde_json::from_str::<Value>(&answer).unwrap()
    };

    let findings = found().await;
    assert_eq!(findings["total"], 1, "{findings}");
    let finding = &findings["items"][0];
    assert_eq!(finding["entity"], "component:default/shop");
    assert_eq!(finding["path"], "/metadata/annotations/acme.example~1runbook");
    assert!(finding["evidence"][0].as_str().unwrap().starts_with("its server answered 404"), "{finding}");
    let page = server.get("/catalog/findings").await;
    assert!(page.text.contains("Link that leads nowhere"), "{}", page.text);

    mended.store(true, Ordering::Relaxed);
    assert_eq!(found().await["total"], 0);
    server.stop().await;
}
