//! A full disk: requests are told, the ledger stays sound, and work goes on once there is space.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::command::fairway;
use crate::server::{Server, Start};

/// A small disk, which needs the right to mount. It is taken away when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mounted(place: &Path) -> Option<Self> {
        std::fs::create_dir_all(place).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"])
            .arg(place)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then(|| Self(place.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn fill(file: &Path) {
    let mut file = std::fs::File::create(file).unwrap();
    for size in [1024 * 1024, 4096, 512, 1] {
        while file.write_all(&vec![7; size]).is_ok() {}
    }
}

async fn create(server: &Server, name: &str) -> crate::server::Answer {
    let request =
        json!({"name": name, "team": "checkout", "template": "rust-service", "database": "postgresql"});
    server.post("/api/v1/services", &request).await
}

#[tokio::test]
async fn a_full_disk_is_told_and_survived() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mounted(&folder.path().join("disk")) else {
        eprintln!("skipped: this user may not mount a small disk");
        return;
    };
    let data = disk.0.join("data");
    let server = Start::new(&data).server().await;
    create(&server, "before").await.expect(201);
    fill(&disk.0.join("filler"));

    let refused = create(&server, "gift-cards").await;
    assert!(refused.status == 503 || refused.status == 500, "{}: {}", refused.status, refused.text);
    let error = &refused.json()["error"];
    let said = format!("{} {}", error["message"], error["hint"]);
    assert!(said.contains("full") || said.contains("space"), "{}", refused.text);
    // Reading goes on.
    assert_eq!(server.get("/catalog").await.status, 200);
    assert_ne!(server.entity("component/default/before").await, Value::Null);
    assert_eq!(server.entity("component/default/gift-cards").await, Value::Null);

    std::fs::remove_file(disk.0.join("filler")).unwrap();
    create(&server, "gift-cards").await.expect(201);
    server.stop().await;
    fairway(&["audit", "verify", "--data", data.to_str().unwrap()]).await.ok();
}

#[tokio::test]
async fn a_limit_on_files_is_survived_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    server.stop().await;
    // What waits in the log beside it belongs to the database, too.
    let size = |name: &str| std::fs::metadata(data.join(name)).map_or(0, |file| file.len());
    let largest = size("fairway.db") + size("fairway.db-wal");
    // In blocks of 512 bytes: a little more than the database has now. The signal is ignored, so writes fail.
    let blocks = largest / 512 + 1024;
    let server = Start::new(&data).after(&format!("trap '' XFSZ; ulimit -f {blocks}")).server().await;
    let mut refused = None;
    for number in 0..40 {
        let answer = create(&server, &format!("service-{number}")).await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the limit is reached");
    assert!(!refused.text.is_empty(), "{}", refused.status);
    assert_eq!(server.get("/catalog").await.status, 200);
    server.kill();
    fairway(&["audit", "verify", "--data", data.to_str().unwrap()]).await.ok();
    // Without the limit, what had begun ends.
    let server = Start::new(&data).server().await;
    let runs = server.get("/api/v1/runs?limit=500").await.expect(200);
    for run in runs["items"].as_array().unwrap() {
        server.settled(run["id"].as_str().unwrap()).await;
    }
    create(&server, "after").await.expect(201);
}
