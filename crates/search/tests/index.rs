//! The index as a whole: it grows, shrinks and takes whatever people type.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_search::{SearchDocument, SearchIndex, SearchRequest};

fn document(number: usize, version: usize) -> SearchDocument {
    let words = ["orders", "payments", "billing", "Sipariş", "заказы", "gateway", "ledger"];
    let word = |step: usize| words[(number * step + version) % words.len()];
    SearchDocument {
        id: format!("component:default/{number:04}"),
        name: format!("{}-{}", word(1), number % 13),
        title: format!("{} {}", word(3), word(5)),
        labels: vec![word(2).to_owned()],
        description: format!("Keeps {} of {} together.", word(4), word(6)),
        body: String::new(),
        attributes: vec![
            ("kind".to_owned(), ["Component", "API"][number % 2].to_owned()),
            ("owner".to_owned(), format!("group:default/{}", number % 5)),
        ],
        weight: (number % 6) as u8,
        ..SearchDocument::default()
    }
}

fn request(text: &str) -> SearchRequest {
    SearchRequest {
        text: text.to_owned(),
        owners: vec!["group:default/3".to_owned()],
        limit: 1_000,
        ..SearchRequest::default()
    }
}

#[test]
fn an_index_that_grew_answers_as_one_that_was_filled_at_once() {
    let grown = SearchIndex::new().unwrap();
    for round in 0..20 {
        // Each round brings new documents, changes some of the rounds before, and removes some.
        let new = (round * 20..round * 20 + 20).map(|number| document(number, 0));
        let changed =
            (0..round * 20).filter(|number| number % 7 == round % 7).map(|number| document(number, round));
        let removed: Vec<String> = (0..round * 20)
            .filter(|number| number % 20 == round)
            .map(|number| document(number, 0).id)
            .collect();
        grown.apply(changed.chain(new), &removed).unwrap();
        grown.apply([], &removed).unwrap();
    }
    // What is in it now, known from a second walk over the same rounds.
    let mut present = std::collections::BTreeMap::new();
    for round in 0..20 {
        for number in (0..round * 20).filter(|number| number % 7 == round % 7) {
            present.insert(number, round);
        }
        present.extend((round * 20..round * 20 + 20).map(|number| (number, 0)));
        present.retain(|number, _| *number >= round * 20 || number % 20 != round);
    }
    let filled = SearchIndex::new().unwrap();
    filled.apply(present.iter().map(|(number, version)| document(*number, *version)), &[]).unwrap();
    assert_eq!(grown.len(), present.len());
    for text in
        ["", "orders", "ordes", "billing 7", "siparişler", "заказ", "gate", "edger", "keeps together", "zzz"]
    {
        assert_eq!(grown.search(&request(text)).unwrap(), filled.search(&request(text)).unwrap(), "{text}");
    }
}

#[test]
fn counts_leave_the_other_choices_in_sight() {
    let index = SearchIndex::new().unwrap();
    index.apply((0..10).map(|number| document(number, 0)), &[]).unwrap();
    let mut asked = request("");
    asked.filters = vec![("kind".to_owned(), vec!["api".to_owned()])];
    asked.limit = 2;
    let answer = index.search(&asked).unwrap();
    assert_eq!((answer.total, answer.hits.len()), (5, 2));
    let kinds = &answer.facets[0];
    assert_eq!(
        (kinds.name, kinds.values.clone()),
        ("kind", vec![("API".to_owned(), 5), ("Component".to_owned(), 5)])
    );
    asked.offset = 4;
    assert_eq!(index.search(&asked).unwrap().hits.len(), 1);
    asked.offset = usize::MAX;
    assert_eq!(index.search(&asked).unwrap().hits.len(), 0);
}

#[test]
fn every_text_is_a_question() {
    let index = SearchIndex::new().unwrap();
    assert_eq!(index.search(&request("orders")).unwrap().total, 0);
    index.apply((0..50).map(|number| document(number, 0)), &[]).unwrap();
    let paste = "orders AND (payments OR \"billing) ".repeat(300);
    let words = (0..2_000).map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
    let texts = [
        paste.as_str(),
        &words,
        &"a".repeat(10_000),
        &"-".repeat(10_000),
        &"aB".repeat(5_000),
        &"ẞ\u{301}".repeat(3_000),
        &"İ".repeat(3_000),
        "*",
        "\"",
        "\\",
        "(",
        "kind:",
        "title:orders^9",
        "+orders -api",
        "[a TO b]",
        "orders~2",
        "/.*/",
        "\0",
        "\u{feff}",
        "\u{202e}sredro",
        "👩‍👩‍👧‍👦",
        "..",
        "a.b-c_d",
        "ﷺ",
        "orders\n\n\tapi",
        "{{7*7}}",
        "<script>",
    ];
    for text in texts {
        let answer = index.search(&request(text)).unwrap();
        assert!(answer.hits.len() <= answer.total);
        fairway_search::Highlighter::new(text).pieces(text, 50);
    }
    assert!(index.search(&request("\"orders\" *")).unwrap().total > 0);
}

#[test]
fn what_is_hostile_in_a_document_is_only_text() {
    let index = SearchIndex::new().unwrap();
    let long = "x".repeat(100_000);
    let hostile = SearchDocument {
        id: "a".into(),
        name: long.clone(),
        title: format!("\0 needle {long} hay"),
        labels: vec![long.clone(); 100],
        description: "ab ".repeat(100_000),
        body: "İẞ".repeat(50_000),
        attributes: vec![("kind".into(), long.clone()), ("owner".into(), long)],
        weight: 255,
        ..SearchDocument::default()
    };
    index.apply([hostile], &[]).unwrap();
    assert_eq!(index.search(&request("needle")).unwrap().total, 1);
    // What stands behind the longest name that anybody gives is not read.
    assert_eq!(index.search(&request("hay")).unwrap().total, 0);
}

#[test]
fn a_part_is_found_with_its_text_and_goes_with_its_whole() {
    let index = SearchIndex::new().unwrap();
    let whole = SearchDocument {
        id: "api:default/orders".into(),
        name: "orders".into(),
        ..SearchDocument::default()
    };
    let part = |number: usize, title: &str| SearchDocument {
        id: format!("{}#operation-{number}", whole.id),
        part_of: whole.id.clone(),
        title: title.into(),
        description: "Changes what was ordered.".into(),
        attributes: vec![("kind".into(), "Operation".into())],
        ..SearchDocument::default()
    };
    let bystander = SearchDocument { id: "x".into(), name: "patcher".into(), ..SearchDocument::default() };
    index
        .apply([whole.clone(), part(1, "PATCH /orders/{orderId}"), part(2, "GET /orders"), bystander], &[])
        .unwrap();
    let found = index.search(&request("patch order-id")).unwrap();
    assert_eq!((found.total, found.hits[0].id.as_str()), (1, "api:default/orders#operation-1"));
    let text = found.hits[0].part.as_ref().unwrap();
    assert_eq!(
        (text.title.as_str(), text.description.as_str()),
        ("PATCH /orders/{orderId}", "Changes what was ordered.")
    );
    let first = &index.search(&request("orders")).unwrap().hits[0];
    assert_eq!((first.id.as_str(), &first.part), ("api:default/orders", &None));
    index.apply([whole.clone(), part(1, "GET /orders")], &[]).unwrap();
    assert_eq!(index.search(&request("patch")).unwrap().total, 1, "only the bystander");
    assert_eq!(index.len(), 3);
    index.apply([], std::slice::from_ref(&whole.id)).unwrap();
    assert_eq!(index.len(), 1);
}
