//! What the index costs: `cargo run --release -p fairway-search --example cost -- DOCUMENTS.jsonl [BATCH]`.
//!
//! Reads documents, one JSON object a line, puts them in BATCH at a time (4,096 when not given), and prints seconds,
//! resident bytes as Linux counts them, and how long questions and one more document take.
#![allow(clippy::indexing_slicing, clippy::print_stdout)]

use std::error::Error;
use std::io::BufRead as _;
use std::time::Instant;

use fairway_search::{SearchDocument, SearchIndex, SearchRequest};
use serde_json::Value;

fn document(line: &str) -> Result<SearchDocument, serde_json::Error> {
    let value: Value = serde_json::from_str(line)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let pair = |pair: &Value| (text(&pair[0]), text(&pair[1]));
    Ok(SearchDocument {
        id: text(&value["id"]),
        part_of: text(&value["part_of"]),
        name: text(&value["name"]),
        title: text(&value["title"]),
        labels: list("labels").iter().map(text).collect(),
        description: text(&value["description"]),
        body: text(&value["body"]),
        attributes: list("attributes").iter().map(pair).collect(),
        weight: value["weight"].as_u64().and_then(|weight| u8::try_from(weight).ok()).unwrap_or_default(),
    })
}

/// Resident now and at the most, in MiB.
fn resident() -> Result<(f64, f64), Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kilobytes.unwrap_or_default() / 1024.0
    };
    Ok((of("VmRSS:"), of("VmHWM:")))
}

/// Seconds of the processor that this process took.
fn processor() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let rest = text.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
    let ticks = rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    Ok(ticks.sum::<f64>() / 100.0)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which file?")?;
    let batch = arguments.next().map_or(Ok(4_096), |number| number.parse::<usize>())?;
    let mut lines = std::io::BufReader::new(std::fs::File::open(path)?).lines();
    let before = resident()?.0;
    let index = SearchIndex::new()?;
    let mut spent = 0.0;
    let (began, used) = (Instant::now(), processor()?);
    loop {
        let mut read = 0;
        let began = Instant::now();
        let documents = lines.by_ref().take(batch).map_while(|line| document(&line.ok()?).ok());
        index.apply(documents.inspect(|_| read += 1), &[])?;
        spent += began.elapsed().as_secs_f64();
        if read == 0 {
            break;
        }
    }
    let (now, most) = resident()?;
    println!("{} documents, {batch} at a time", index.len());
    println!("put in      {spent:8.2} s, {:.2} s of processors with reading", processor()? - used);
    println!("resident    {:8.1} MiB more, {:.1} MiB at the most", now - before, most - before);
    let began_change = Instant::now();
    for number in 0..20 {
        let name = format!("newcomer-{number}");
        index.apply([SearchDocument { id: name.clone(), name, ..SearchDocument::default() }], &[])?;
    }
    println!("one more    {:8.2} ms", began_change.elapsed().as_secs_f64() * 50.0);
    for text in ["orders", "svc-order", "ordr", "paymnt servce", "handles billing", "zzzzqqq", "a", "svc"] {
        let request = SearchRequest { text: text.to_owned(), limit: 20, ..SearchRequest::default() };
        let began = Instant::now();
        let mut total = 0;
        for _ in 0..10 {
            total = index.search(&request)?.total;
        }
        println!("{text:<15} {:8.2} ms, {total} found", began.elapsed().as_secs_f64() * 100.0);
    }
    std::thread::sleep(std::time::Duration::from_secs(2));
    let (now, most) = resident()?;
    println!("at rest     {:8.1} MiB more, {:.1} MiB at the most", now - before, most - before);
    println!("in all      {:8.2} s", began.elapsed().as_secs_f64());
    Ok(())
}
