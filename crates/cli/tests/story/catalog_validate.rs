//! `fairway catalog validate` as a job in CI: exit codes, places, and what code hosts read.

use std::path::Path;

use serde_json::Value;

use crate::command::fairway;

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn the_example_is_valid_with_a_kind_of_its_own() {
    let acme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/acme");
    let ended = fairway(&["catalog", "validate", acme.to_str().unwrap(), "--output", "json"]).await.ok();
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(report["diagnostics"], serde_json::json!([]));
    let entities: Vec<&str> =
        report["entities"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(entities.contains(&"kind:default/library") && entities.contains(&"library:default/http-client"));
}

#[tokio::test]
async fn mistakes_end_with_one_and_stand_beside_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let good =
        "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: shop}\nspec: {owner: team-a}\n";
    write(folder.path(), "a/good.yaml", good.as_bytes());
    let all = folder.path().display().to_string();
    fairway(&["catalog", "validate", &all]).await.ok();

    let bad = write(
        folder.path(),
        "a/bad.yaml",
        good.replace("owner: team-a", "").replace("shop", "cart").as_bytes(),
    );
    let ended = fairway(&["catalog", "validate", &all]).await.with_code(1);
    assert!(ended.out.contains("bad.yaml:4:"), "{}", ended.out);
    assert!(ended.out.contains("1 entity in 2 files: 1 error"), "{}", ended.out);

    let pattern = format!("{all}/**/bad.*");
    let ended = fairway(&["catalog", "validate", &pattern, "--output", "sarif"]).await.with_code(1);
    let log: Value = serde_json::from_str(&ended.out).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert_eq!((result["ruleId"].as_str(), result["level"].as_str()), (Some("entity-schema"), Some("error")));
    let place = &result["locations"][0]["physicalLocation"];
    assert!(place["artifactLocation"]["uri"].as_str().unwrap().ends_with("a/bad.yaml"));
    assert_eq!(place["region"]["startLine"], 4);

    fairway(&["catalog", "validate", &bad]).await.with_code(1);
    fairway(&["catalog", "validate", "/nowhere/at/all"]).await.with_code(2);
    fairway(&["catalog", "validate", &format!("{all}/**/none.yaml")]).await.with_code(2);
}

#[tokio::test]
async fn files_that_are_no_text_or_too_much_are_told_with_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let wide: Vec<u8> = "\u{feff}kind: Component\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("utf16", wide, "UTF-16"),
        ("latin1", b"kind: Component\nmetadata: {title: caf\xe9}\n".to_vec(), "0xe9 is not UTF-8"),
        ("nul", b"kind: \0X\n".to_vec(), "NUL"),
        ("tab", b"kind: Component\nmetadata:\n\tname: x\n".to_vec(), "a tab stands where YAML wants spaces"),
        ("key", b"? [a, b]\n: 1\n".to_vec(), "a list or mapping is used as a key"),
        ("large", vec![b'#'; 50 << 20], "52428800 bytes, the limit is"),
    ];
    for (name, bytes, expected) in cases {
        let file = write(folder.path(), &format!("{name}/catalog-info.yaml"), &bytes);
        let ended = fairway(&["catalog", "validate", &file]).await.with_code(1);
        assert!(
            ended.out.contains(expected) && ended.out.contains("catalog-info.yaml:"),
            "{name}: {:.400}",
            ended.out
        );
    }
}
