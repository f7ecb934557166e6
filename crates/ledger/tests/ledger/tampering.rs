//! Nothing changes unseen.

use fairway_ledger::{Ledger, Verification};
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Column as _, Connection as _, Row as _};

use crate::{Place, fact, fill};

crate::on_both!(one_changed_byte_anywhere_is_found, what_happened_to_the_chain_is_told);

async fn run(connection: &mut AnyConnection, statement: impl Into<String>) {
    sqlx::query(AssertSqlSafe(statement.into())).execute(connection).await.unwrap();
}

async fn broken(ledger: &Ledger, case: &str) -> (Option<i64>, String) {
    match ledger.verify().await.unwrap() {
        Verification::Broken { sequence, what, .. } => (sequence, what),
        Verification::Intact { .. } => panic!("not found: {case}"),
    }
}

/// A value for a column, as a binding of the column's type.
#[derive(Clone, Debug)]
enum Changed {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// Other values for a column: one byte flipped at the beginning, in the middle and at the end; one byte more;
/// nothing at all.
fn changes(row: &AnyRow, column: usize) -> Vec<Changed> {
    let flip = |bytes: &[u8], bit: u8| -> Vec<Vec<u8>> {
        let places = [0, bytes.len() / 2, bytes.len().saturating_sub(1)];
        let flipped = |at: usize| {
            let mut bytes = bytes.to_vec();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= bit;
            }
            bytes
        };
        let mut changed: Vec<Vec<u8>> =
            places.into_iter().map(flipped).filter(|other| other != bytes).collect();
        changed.push([bytes, b" "].concat());
        changed
    };
    match row.column(column).name() {
        "id" | "sequence" | "appended_at" => {
            let number: i64 = row.try_get(column).unwrap();
            [0, 24, 56].map(|bit| Changed::Number(Some(number ^ (1 << bit)))).to_vec()
        }
        "erases" | "erased_by" => match row.try_get::<Option<i64>, _>(column).unwrap() {
            Some(number) => vec![Changed::Number(None), Changed::Number(Some(number ^ 1))],
            None => [1, 2, 6, 7].map(|number| Changed::Number(Some(number))).to_vec(),
        },
        "salt" | "body_digest" | "previous" | "hash" | "digest" | "bytes" => {
            let bytes: Option<Vec<u8>> = row.try_get(column).unwrap();
            let mut changed: Vec<Changed> = flip(bytes.as_deref().unwrap_or_default(), 128)
                .into_iter()
                .map(|bytes| Changed::Bytes(Some(bytes)))
                .collect();
            changed.extend(bytes.is_some().then_some(Changed::Bytes(None)));
            changed
        }
        _ => {
            let text: Option<String> = row.try_get(column).unwrap();
            let mut changed: Vec<Changed> = flip(text.as_deref().unwrap_or_default().as_bytes(), 1)
                .into_iter()
                .filter_map(|bytes| String::from_utf8(bytes).ok())
                .map(|text| Changed::Text(Some(text)))
                .collect();
            changed.push(Changed::Text(text.is_none().then(String::new)));
            changed
        }
    }
}

async fn one_changed_byte_anywhere_is_found(place: Place) {
    let ledger = place.open().await;
    fill(&ledger).await;
    let sound = ledger.verify().await.unwrap();
    assert!(sound.is_intact());
    let mut connection = keep_copies(&place).await;
    let mut found = 0;
    for table in TABLES {
        let rows =
            sqlx::query(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch_all(&mut connection).await;
        for row in rows.unwrap() {
            let condition = match table {
                "chain" => "id = 1".to_owned(),
                "blob" => format!("LENGTH(bytes) = {}", row.try_get::<Vec<u8>, _>("bytes").unwrap().len()),
                _ => format!("sequence = {}", row.try_get::<i64, _>("sequence").unwrap()),
            };
            for column in row.columns() {
                let name = column.name();
                for change in changes(&row, column.ordinal()) {
                    let case = format!("{table}.{name} = {change:?} where {condition}");
                    let statement = sqlx::query(AssertSqlSafe(format!(
                        "UPDATE {table} SET {name} = $1 WHERE {condition}"
                    )));
                    let statement = match change {
                        Changed::Number(number) => statement.bind(number),
                        Changed::Text(text) => statement.bind(text),
                        Changed::Bytes(bytes) => statement.bind(bytes),
                    };
                    let Ok(done) = statement.execute(&mut connection).await else {
                        continue; // the database itself refuses: no NULL here, or another row's key
                    };
                    assert_eq!(done.rows_affected(), 1, "{case}");
                    let (sequence, what) = broken(&ledger, &case).await;
                    if table == "journal" && !matches!(name, "sequence" | "erases" | "erased_by") {
                        assert_eq!(sequence, row.try_get("sequence").ok(), "{case}: {what}");
                    }
                    put_back(&mut connection, table).await;
                    found += 1;
                }
            }
        }
    }
    assert!(found > 300, "{found}");
    assert_eq!(ledger.verify().await.unwrap(), sound, "all was put back");
}

const TABLES: [&str; 4] = ["journal", "state", "chain", "blob"];

async fn keep_copies(place: &Place) -> AnyConnection {
    let mut connection = AnyConnection::connect(&place.url).await.unwrap();
    if place.postgres.is_none() {
        run(&mut connection, "PRAGMA synchronous = OFF").await;
    }
    for table in TABLES {
        run(&mut connection, format!("CREATE TABLE copy_{table} AS SELECT * FROM {table}")).await;
    }
    connection
}

async fn put_back(connection: &mut AnyConnection, table: &str) {
    run(connection, format!("DELETE FROM {table}")).await;
    run(connection, format!("INSERT INTO {table} SELECT * FROM copy_{table}")).await;
}

async fn what_happened_to_the_chain_is_told(place: Place) {
    let ledger = place.open().await;
    let facts = (1..=6).map(|number| fact("load", &number.to_string(), json!({"number": number}))).collect();
    ledger.append(facts).await.unwrap();
    let mut connection = keep_copies(&place).await;

    let copied = "INSERT INTO journal SELECT 7, appended_at, actor, actor_text, origin, address, reason, kind, subject, \
                  body, salt, body_digest, erases, erased_by, previous, hash FROM copy_journal WHERE sequence = 6";
    let cases: [(&[&str], Option<i64>, &str); 11] = [
        (&["UPDATE journal SET reason = 'none' WHERE sequence = 4"], Some(4), "changed"),
        (&["UPDATE journal SET body = '{\"number\":9}' WHERE sequence = 4"], Some(4), "changed: its body"),
        (&["DELETE FROM journal WHERE sequence = 3"], Some(3), "dropped"),
        (&["DELETE FROM journal WHERE sequence = 1"], Some(1), "dropped"),
        (&["DELETE FROM journal WHERE sequence >= 5"], Some(5), "cut off"),
        (&["DELETE FROM journal"], Some(1), "cut off"),
        (
            &[
                "UPDATE journal SET sequence = 100 WHERE sequence = 3",
                "UPDATE journal SET sequence = 3 WHERE sequence = 4",
                "UPDATE journal SET sequence = 4 WHERE sequence = 100",
            ],
            Some(3),
            "reordered",
        ),
        (&["UPDATE journal SET sequence = 0 WHERE sequence = 1"], Some(0), "inserted"),
        (&[copied], Some(7), "inserted"),
        (&["DELETE FROM state WHERE subject = '4'"], Some(4), "latest state"),
        (&["DELETE FROM chain"], None, "chain"),
    ];
    for (statements, expected, word) in cases {
        for statement in statements {
            run(&mut connection, *statement).await;
        }
        let (sequence, what) = broken(&ledger, &statements.join("; ")).await;
        assert_eq!(sequence, expected, "{statements:?}: {what}");
        assert!(what.contains(word), "{statements:?}: {what}");
        for table in TABLES {
            put_back(&mut connection, table).await;
        }
        assert!(ledger.verify().await.unwrap().is_intact(), "restored after {statements:?}");
    }
}

/// Not through SQL but in the file, where a byte may leave a text that is none, or a table that cannot be read.
#[tokio::test]
async fn a_flipped_byte_of_the_file_is_found() {
    let place = Place::sqlite();
    let ledger = place.open().await;
    let subject = |number: i64| format!("marked-subject-{number}");
    let facts =
        (1..=20).map(|number| fact("load", &subject(number), json!({"text": format!("body {number}!")})));
    ledger.append(facts.collect()).await.unwrap();
    ledger.close().await;
    let path = place.url.strip_prefix("sqlite:").unwrap();
    let sound = std::fs::read(path).unwrap();
    let places = |text: &str| -> Vec<usize> {
        (0..sound.len() - text.len()).filter(|at| sound[*at..].starts_with(text.as_bytes())).collect()
    };
    let url = place.url.as_str();
    let verify = async |bytes: Vec<u8>| {
        std::fs::write(path, bytes).unwrap();
        let reader = Ledger::open_read_only(url).await?;
        let verification = reader.verify().await;
        reader.close().await;
        verification
    };
    let mut named = 0;
    for at in places("body 7!") {
        for bit in [1, 128] {
            let mut bytes = sound.clone();
            bytes[at] ^= bit;
            match verify(bytes).await.unwrap() {
                Verification::Broken { sequence: Some(7), .. } => named += 1,
                Verification::Broken { sequence: None, what, .. } => {
                    assert!(what.contains("state"), "{what}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(named >= 2, "the journal's own copy is named: {named}");
    // Whole pages of zeros: found, or at least an error; never a panic, never intact.
    for page in 1..sound.len() / 4_096 {
        let mut bytes = sound.clone();
        bytes[page * 4_096..(page + 1) * 4_096].fill(0);
        if let Ok(verification) = verify(bytes).await {
            let empty =
                sound[page * 4_096..(page + 1) * 4_096].iter().filter(|byte| **byte != 0).count() < 16;
            assert!(empty || !verification.is_intact(), "page {page}");
        }
    }
}
