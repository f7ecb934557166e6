//! Questions with the answers that a person expects, one file for each subject: `relevance/*.yaml`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::BTreeMap;
use std::path::Path;

use fairway_search::{SearchDocument, SearchIndex, SearchRequest};
use serde::Deserialize;

#[derive(Deserialize)]
struct Subject {
    documents: Vec<Given>,
    queries: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    id: String,
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    weight: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    text: String,
    #[serde(default)]
    filters: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    owners: Vec<String>,
    #[serde(default)]
    usage: BTreeMap<String, u32>,
    /// The first hits, in this order.
    #[serde(default)]
    first: Vec<String>,
    /// One of the first three hits.
    among: Option<String>,
    /// One of the hints of an empty answer.
    near: Option<String>,
    #[serde(default)]
    none: bool,
    total: Option<usize>,
}

impl From<Given> for SearchDocument {
    fn from(given: Given) -> Self {
        Self {
            id: given.id,
            name: given.name,
            title: given.title,
            labels: given.labels,
            description: given.description,
            body: given.body,
            attributes: given.attributes.into_iter().chain([("owner".to_owned(), given.owner)]).collect(),
            weight: given.weight,
            ..Self::default()
        }
    }
}

/// How much of the expected order was kept, from 0 to 1: discounted gain of the first hits by the best possible one,
/// the first expected hit counting most (Järvelin and Kekäläinen, 2002).
fn gain(expected: &[String], found: &[String]) -> f64 {
    let discount = |place: usize| 1.0 / (place as f64 + 2.0).log2();
    let worth =
        |id: &String| expected.iter().position(|it| it == id).map_or(0, |at| expected.len() - at) as f64;
    let sum =
        |ids: &[String]| ids.iter().enumerate().map(|(place, id)| worth(id) * discount(place)).sum::<f64>();
    if expected.is_empty() { 1.0 } else { sum(found) / sum(expected) }
}

#[test]
fn people_find_what_they_mean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relevance");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    let mut wrong = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let reading = fairway_yaml::read(&name, &text, &fairway_yaml::Limits::default());
        assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
        let subject = Subject::deserialize(&reading.documents[0].value).unwrap();
        let index = SearchIndex::new().unwrap();
        index.apply(subject.documents.into_iter().map(SearchDocument::from), &[]).unwrap();
        let (mut gains, mut hits_at_3, mut ranked) = (0.0, 0, 0);
        for expected in subject.queries {
            let request = SearchRequest {
                text: expected.text.clone(),
                filters: expected.filters.into_iter().collect(),
                owners: expected.owners,
                usage: expected.usage.into_iter().collect(),
                offset: 0,
                limit: 10,
            };
            let answer = index.search(&request).unwrap();
            let found: Vec<String> = answer.hits.iter().map(|hit| hit.id.clone()).collect();
            let near: Vec<String> = answer.near.iter().map(|hit| hit.id.clone()).collect();
            let mut fits = found.starts_with(&expected.first);
            if let Some(first) = expected.first.first().or(expected.among.as_ref()) {
                ranked += 1;
                gains += if expected.first.is_empty() { 1.0 } else { gain(&expected.first, &found) };
                let hit = found.iter().take(3).any(|id| id == first);
                hits_at_3 += usize::from(hit);
                fits &= hit;
            }
            fits &= expected.near.is_none_or(|id| near.contains(&id));
            fits &= !expected.none || found.is_empty();
            fits &= expected.total.is_none_or(|total| answer.total == total);
            if !fits {
                wrong.push(format!("{name}: \"{}\" finds {found:?}, near {near:?}", expected.text));
            }
        }
        let mean = gains / f64::from(ranked);
        println!("{name}: nDCG {mean:.3}, hit@3 {hits_at_3}/{ranked}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
