//! Folders of this machine and the API client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_domain::Secret;
use fairway_domain::tree::{FileMode, TreePath};
use fairway_remote::{ApiClient, RemoteError, TreeLimits, read_files, read_folder};
use futures::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Answers one request per given answer and tells what was asked.
async fn server(answers: &'static [&'static str]) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/base/", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0_u8; 4096];
            let count = stream.read(&mut request).await.unwrap();
            asked.push(String::from_utf8_lossy(&request[..count]).into_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        asked
    });
    (address, asked)
}

#[tokio::test]
async fn answers_and_refusals_become_values() {
    let (address, asked) = server(&[
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"n\": 7}",
        "HTTP/1.1 409 Conflict\r\nConnection: close\r\n\r\n{\"error\":{\"code\":\"stale\",\"message\":\"It moved\",\"hint\":\"Plan again\",\"details\":[1]}}",
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>",
    ])
    .await;
    let client = ApiClient::new(&address, Some(Secret::new("t0ken".to_owned())))
        .unwrap()
        .with_header("x-fairway-reason", "two\r\nlines");
    let value: serde_json::Value = client.get("/api/v1/x?y=1").await.unwrap();
    assert_eq!(value["n"], 7);
    let refused = client.post::<_, ()>("/p", &serde_json::json!({"a": 1})).await.unwrap_err();
    assert_eq!(refused.to_string(), "It moved (Plan again)");
    assert!(
        matches!(refused, RemoteError::Api { status: 409, code, details, .. } if code == "stale" && details.len() == 1)
    );
    client.delete::<()>("/d").await.unwrap();
    let proxy = client.get::<()>("/e").await.unwrap_err();
    assert!(matches!(proxy, RemoteError::Api { status: 502, .. }), "{proxy}");
    let odd = client.get::<serde_json::Value>("/f").await.unwrap_err();
    assert!(matches!(odd, RemoteError::BadAnswer { .. }), "{odd}");
    let asked = asked.await.unwrap();
    assert!(asked[0].starts_with("GET /base/api/v1/x?y=1 HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(asked[0].contains("authorization: Bearer t0ken"), "{}", asked[0]);
    assert!(asked[0].contains("x-fairway-reason: two  lines\r\n"), "{}", asked[0]);
    assert!(asked[1].ends_with("{\"a\":1}"), "{}", asked[1]);
    assert!(!format!("{client:?}").contains("t0ken"));
    let gone = client.get::<()>("/g").await.unwrap_err();
    assert!(matches!(gone, RemoteError::Connection { .. }) && gone.to_string().contains("refused"), "{gone}");
    assert!(ApiClient::new("localhost:7007", None).is_err());
    assert!(ApiClient::new("http://u:p@localhost", None).is_err());
}

#[tokio::test]
async fn events_arrive_as_lines() {
    let (address, _asked) = server(&[
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nevent: step\r\ndata: {\"größe\":1}\n\n: still here\n",
    ])
    .await;
    let client = ApiClient::new(&address, None).unwrap();
    let lines: Vec<String> = client.events("/events").await.unwrap().map(Result::unwrap).collect().await;
    assert_eq!(lines, ["event: step", "data: {\"größe\":1}", "", ": still here"]);
}

#[cfg(unix)]
#[tokio::test]
async fn folders_are_read_without_leaving_them() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("project");
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("catalog-info.yaml", "a");
    write("svc/one/catalog-info.yaml", "b");
    write("svc/two/deep/catalog-info.yml", "c");
    write("svc/run.sh", "#!");
    write("node_modules/x/catalog-info.yaml", "n");
    write(".git/config", "g");
    std::fs::write(root.path().join("secret.yaml"), "s").unwrap();
    std::fs::set_permissions(folder.join("svc/run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("../secret.yaml", folder.join("out.yaml")).unwrap();
    symlink("catalog-info.yaml", folder.join("in.yaml")).unwrap();
    symlink("..", folder.join("svc/loop")).unwrap();

    let tree = read_folder(&folder, TreeLimits::default()).await.unwrap();
    let names: Vec<&str> = tree.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        names,
        [
            "catalog-info.yaml",
            "in.yaml",
            "out.yaml",
            "svc/loop",
            "svc/one/catalog-info.yaml",
            "svc/run.sh",
            "svc/two/deep/catalog-info.yml"
        ]
    );
    let mode = |name: &str| tree.get(&name.parse::<TreePath>().unwrap()).unwrap().mode;
    assert_eq!((mode("out.yaml"), mode("svc/run.sh")), (FileMode::Symlink, FileMode::Executable));
    assert_eq!(tree.get_text("out.yaml"), Some("../secret.yaml"));
    for limits in [TreeLimits { files: 3, bytes: 999 }, TreeLimits { files: 99, bytes: 5 }] {
        let error = read_folder(&folder, limits).await.unwrap_err();
        assert!(matches!(error, RemoteError::TooLarge { .. }), "{error}");
    }

    let found = async |pattern: &str| -> Vec<String> {
        let pattern = format!("{}/{pattern}", folder.display());
        let files = read_files(&pattern, TreeLimits::default()).await.unwrap();
        files.iter().map(|(path, _)| path.strip_prefix(&folder).unwrap().display().to_string()).collect()
    };
    assert_eq!(
        found("**/catalog-info.y*ml").await,
        ["catalog-info.yaml", "svc/one/catalog-info.yaml", "svc/two/deep/catalog-info.yml"]
    );
    // A link inside is followed, one that leads out is not there.
    assert_eq!(found("*.yaml").await, ["catalog-info.yaml", "in.yaml"]);
    assert_eq!(found("svc/*/catalog-info.yaml").await, ["svc/one/catalog-info.yaml"]);
    assert_eq!(found("in.yaml").await, ["in.yaml"]);
    assert!(read_files(&format!("{}/no.yaml", folder.display()), TreeLimits::default()).await.is_err());
    assert!(read_files("*/../../etc/passwd", TreeLimits::default()).await.is_err());
}
