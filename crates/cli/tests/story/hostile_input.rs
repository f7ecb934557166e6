//! Files that are meant to hurt: each is told with a place, and the server stays well.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{Server, Start};

/// A file that costs much to read must not cost this much.
const PATIENCE: Duration = Duration::from_secs(20);
const MEMORY: u64 = 1024 * 1024 * 1024;

fn bomb() -> String {
    let mut text = String::from(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: bomb\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n",
    );
    for level in 1..12 {
        let before = level - 1;
        let again = vec![format!("*a{before}"); 10].join(", ");
        writeln!(text, "  a{level}: &a{level} [{again}]").unwrap();
    }
    text + "spec: {type: service, lifecycle: production, owner: x}\n"
}

async fn memory(server: &Server) -> u64 {
    let metrics = server.get("/metrics").await.text;
    let line = metrics.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes ")).unwrap();
    line.parse().unwrap()
}

#[tokio::test]
async fn files_that_are_meant_to_hurt_are_told_with_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let cookie = server.administrator().await;
    let before = server.get("/api/v1/catalog/entities?limit=1").await.expect(200)["total"].clone();
    let deep =
        format!("apiVersion: v1\nkind: Deep\nmetadata: {}1{}\n", "[".repeat(20_000), "]".repeat(20_000));
    let mut large = String::from(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: large\n  description: |\n",
    );
    while large.len() < 50 * 1024 * 1024 {
        large.push_str("    a line that says nothing, again and again and again and again and again\n");
    }
    let mut itself = String::from("a: &a\n  b: *a\n");
    itself.push_str("c: !!python/object/apply:os.system ['true']\n");
    let cases: [(&str, Vec<u8>); 6] = [
        ("bomb", bomb().into_bytes()),
        ("deep", deep.into_bytes()),
        ("large", large.into_bytes()),
        ("itself", itself.into_bytes()),
        ("binary", vec![0xff, 0xfe, 0x00, 0x01, b'a', 0x9d]),
        ("nul", b"apiVersion: v1\nkind: \0X\n".to_vec()),
    ];
    for (name, bytes) in cases {
        let place = folder.path().join(name);
        std::fs::create_dir(&place).unwrap();
        let file = place.join("catalog-info.yaml");
        std::fs::write(&file, bytes).unwrap();
        let began = Instant::now();
        let answer = server.register_file(&cookie, &file).await;
        assert!(began.elapsed() < PATIENCE, "{name} took {:?}", began.elapsed());
        match answer.status {
            201 => {
                let drafts = server.get("/api/v1/catalog/drafts").await.expect(200);
                let draft = drafts["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|draft| draft["location"].as_str().unwrap().contains(&format!("/{name}/")));
                let diagnostic =
                    &draft.unwrap_or_else(|| panic!("{name} is not told: {drafts:#}"))["diagnostics"][0];
                assert!(diagnostic["location"]["line"].is_u64(), "{name}: {diagnostic:#}");
                assert!(
                    diagnostic["message"].as_str().is_some_and(|it| it.len() > 10),
                    "{name}: {diagnostic:#}"
                );
            }
            400 => assert!(answer.message().len() > 10, "{name}: {}", answer.text),
            status => panic!("{name}: {status}: {}", answer.text),
        }
        let began = Instant::now();
        assert_eq!(server.get("/catalog").await.status, 200, "after {name}");
        assert_eq!(server.get("/drafts").await.status, 200, "after {name}");
        assert!(began.elapsed() < PATIENCE, "after {name} pages took {:?}", began.elapsed());
    }
    assert_eq!(server.get("/api/v1/catalog/entities?limit=1").await.expect(200)["total"], before);
    assert!(memory(&server).await < MEMORY, "{} bytes are resident", memory(&server).await);
    assert_eq!(server.get("/api/v1/audit/verify").await.expect(200)["intact"], true);
}

#[tokio::test]
async fn requests_that_are_meant_to_hurt_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let large = "x".repeat(4 * 1024 * 1024);
    let answer =
        server.post("/api/v1/check", &json!({"files": [{"path": "a.yaml", "content": large}]})).await;
    assert_eq!(answer.expect(413)["error"]["code"], "too-large");
    let answer =
        server.post("/api/v1/check", &json!({"files": [{"path": "a.yaml", "content": bomb()}]})).await;
    assert_eq!(answer.expect(200)["passed"], false);
    for name in ["..%2f..%2fetc", "%00", "a%0ab", &"x".repeat(4_000)] {
        for path in [
            format!("/api/v1/catalog/entities/component/default/{name}"),
            format!("/api/v1/services/{name}/status"),
            format!("/repositories/acme/{name}"),
            format!("/repositories/acme/catalog/raw/main/{name}"),
            format!("/git/acme/{name}.git/info/refs?service=git-upload-pack"),
            format!("/catalog/default/component/{name}"),
        ] {
            let answer = server.get(&path).await;
            assert!(matches!(answer.status, 400 | 404 | 414), "{path}: {}", answer.status);
        }
    }
    let scripts = json!({"name": "<script>alert(1)</script>", "team": "checkout", "template": "go-service"});
    assert_eq!(server.post("/api/v1/services", &scripts).await.status, 400);
    let found = server.get("/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert!(found.status == 200 && !found.text.contains("<script>alert"), "{}", found.status);
    assert_eq!(server.get("/healthz").await.expect(200)["status"], Value::from("ok"));
}
