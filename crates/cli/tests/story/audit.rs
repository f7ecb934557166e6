//! The audit log: it verifies after everything, and one changed byte is found and named.

use std::path::Path;

use serde_json::json;

use crate::command::{copy_folder, fairway, installed, python};
use crate::server::Start;

/// Changes one byte of one value, as somebody with access to the file would.
const CHANGE: &str = r#"
import sqlite3, sys
database, table, column, where = sys.argv[1:5]
connection = sqlite3.connect(database)
value = connection.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()[0]
if isinstance(value, bytes):
    changed = value[:-1] + bytes([value[-1] ^ 1])
elif isinstance(value, str):
    changed = value[:-2] + ("x" if value[-2] != "x" else "y") + value[-1]
else:
    changed = value + 1
connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (changed,))
connection.commit()
"#;

const STATEMENT: &str = r"
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.executescript(sys.argv[2])
connection.commit()
";

async fn verify(data: &Path) -> crate::command::Ended {
    fairway(&["audit", "verify", "--data", data.to_str().unwrap()]).await
}

#[tokio::test]
async fn one_changed_byte_of_any_row_is_found_and_the_record_is_named() {
    if !installed("python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    let request = json!({"name": "gift-cards", "team": "checkout", "template": "python-fastapi-service", "database": "postgresql"});
    let created = server.post("/api/v1/services", &request).await.expect(201);
    server.undo(created["run"].as_str().unwrap()).await;
    server.post("/api/v1/services", &request).await.expect(201);
    let records =
        server.get("/api/v1/audit?limit=1").await.expect(200)["items"][0]["sequence"].as_i64().unwrap();
    server.stop().await;
    verify(&data).await.ok();

    let middle = records / 2;
    let run = created["run"].as_str().unwrap();
    let journal = format!("sequence = {middle}");
    let state = format!("kind = 'run' AND subject = '{run}'");
    let changes = [
        ("journal", "body", journal.as_str(), Some(middle)),
        ("journal", "actor", journal.as_str(), Some(middle)),
        ("journal", "subject", journal.as_str(), Some(middle)),
        ("journal", "appended_at", journal.as_str(), Some(middle)),
        ("journal", "hash", journal.as_str(), Some(middle)),
        ("journal", "previous", journal.as_str(), Some(middle)),
        ("journal", "origin", "sequence = 1", Some(1)),
        ("state", "body", state.as_str(), None),
        ("blob", "bytes", "length(bytes) = (SELECT max(length(bytes)) FROM blob)", None),
        ("chain", "hash", "id = id", None),
    ];
    for (number, (table, column, place, record)) in changes.into_iter().enumerate() {
        let copy = folder.path().join(format!("copy-{number}"));
        copy_folder(&data, &copy);
        let database = copy.join("fairway.db");
        python(CHANGE, &[database.to_str().unwrap(), table, column, place]).await.ok();
        let ended = verify(&copy).await;
        let said = format!("{}{}", ended.out, ended.err);
        assert_eq!(ended.code, Some(1), "{table}.{column} was changed: {said}");
        if let Some(record) = record {
            assert!(said.contains(&record.to_string()), "{table}.{column} of {record} was changed: {said}");
        }
        if table == "state" {
            assert!(said.contains(run), "{said}");
        }
        std::fs::remove_dir_all(&copy).unwrap();
    }

    // Dropped, and swapped with its neighbour.
    let after = middle + 1;
    let statements = [
        format!("DELETE FROM journal WHERE sequence = {middle};"),
        format!(
            "UPDATE journal SET sequence = -1 WHERE sequence = {middle}; UPDATE journal SET sequence = {middle} WHERE sequence = {after}; UPDATE journal SET sequence = {after} WHERE sequence = -1;"
        ),
        format!("DELETE FROM journal WHERE sequence = {records};"),
    ];
    for (number, statement) in statements.iter().enumerate() {
        let copy = folder.path().join(format!("statement-{number}"));
        copy_folder(&data, &copy);
        python(STATEMENT, &[copy.join("fairway.db").to_str().unwrap(), statement]).await.ok();
        let ended = verify(&copy).await;
        let said = format!("{}{}", ended.out, ended.err);
        assert_eq!(ended.code, Some(1), "{statement}: {said}");
        let named = if number == 2 { records } else { middle };
        assert!(said.contains(&named.to_string()), "{statement}: {said}");
    }
}
