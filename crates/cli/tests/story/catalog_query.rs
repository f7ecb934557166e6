//! The catalog on the command line: lists, queries, graphs and exports of the example organisation, what is said to
//! somebody who mistypes, and what a shell completes.

use std::process::Command;

use serde_json::Value;

use crate::command::{Ended, fairway, run};
use crate::server::{Server, Start};

async fn catalog(server: &Server, arguments: &[&str]) -> Ended {
    let url = server.url("");
    let url = url.trim_end_matches('/');
    let all: Vec<&str> = ["catalog"].iter().chain(arguments).copied().chain(["--url", url]).collect();
    fairway(&all).await
}

/// What is printed for programs.
async fn json(server: &Server, arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().copied().chain(["--output", "json"]).collect();
    serde_json::from_str(&catalog(server, &all).await.ok().out).unwrap()
}

fn names(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap();
    items.iter().map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_catalog_answers_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;

    lists(&server).await;
    graphs(&server).await;
    mistakes(&server).await;
    exports(&server, folder.path()).await;
    completes(&server).await;
}

async fn lists(server: &Server) {
    let ended =
        catalog(server, &["list", "kind:component", "owner:checkout", "-lifecycle:deprecated"]).await.ok();
    assert!(
        ended.out.starts_with("ENTITY") && ended.out.contains("component:default/orders"),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains('\u{1b}'), "a pipe gets no colours");

    let answer = json(server, &["query", "kind:component owner:checkout", "--order", "-title"]).await;
    let titles: Vec<String> =
        answer["items"].as_array().unwrap().iter().map(|it| it["metadata"]["title"].to_string()).collect();
    assert!(titles.len() > 1 && titles.is_sorted_by(|one, other| one >= other), "{titles:?}");
    let count = catalog(server, &["query", "kind:component", "owner:checkout", "--count"]).await.ok().out;
    assert_eq!(count.trim(), titles.len().to_string());

    // Pages are put together again, and the whole is the same as at once.
    let whole = names(&json(server, &["list", "--all"]).await);
    let total = json(server, &["list", "--count"]).await["total"].clone();
    assert_eq!(Value::from(whole.len()), total);
    assert!(whole.is_sorted());
    let some = catalog(server, &["list", "--limit", "3"]).await.ok();
    assert_eq!(some.out.lines().count(), 4);
    assert!(some.err.contains(&format!("3 of {total} entities")), "{}", some.err);

    let wanted = ["query", "name:orders", "kind:component", "--columns", "ref,spec.type,tag,dependsOn"];
    let ended = catalog(server, &wanted).await.ok();
    assert!(ended.out.starts_with("REF"), "{}", ended.out);
    assert!(
        ended.out.contains("fastapi") && ended.out.contains("resource:default/orders-db"),
        "{}",
        ended.out
    );

    let facets = json(server, &["query", "kind:component,api", "--facets", "kind,owner"]).await;
    let kinds: Vec<&str> = facets["facets"][0]["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["value"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.len(), 2);
    assert!(facets["facets"][1]["values"].to_string().contains("group:default/checkout"));
    let ended = catalog(server, &["list", "--facets", "lifecycle"]).await.ok();
    assert!(ended.out.starts_with("LIFECYCLE") && ended.out.contains("production"), "{}", ended.out);

    // What was, and what there is nothing of.
    let before = json(server, &["list", "--at", "#1", "--count"]).await;
    assert_eq!(before["total"], 0);
    let ended = catalog(server, &["list", "tag:no-such-tag"]).await.ok();
    assert!(ended.out.contains("Nothing in the catalog is like that"), "{}", ended.out);
    assert!(ended.err.contains("fairway catalog list --facets"), "{}", ended.err);
}

async fn graphs(server: &Server) {
    let ended = catalog(server, &["graph", "orders"]).await.ok();
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines[0], "component:default/orders");
    assert!(lines.iter().any(|line| line.contains("── resource:default/orders-db")), "{}", ended.out);
    let ended =
        catalog(server, &["graph", "resource:orders-db", "--breaks", "--kind", "component"]).await.ok();
    assert!(ended.out.contains("component:default/orders") && !ended.out.contains("api:"), "{}", ended.out);
    let near = json(server, &["graph", "orders", "--depth", "1"]).await;
    assert!(near["nodes"].as_array().unwrap().iter().all(|node| node["distance"] == 1));
    let ended = catalog(server, &["graph", "orders", "--output", "dot"]).await.ok();
    let edge = "\"component:default/orders\" -> \"resource:default/orders-db\" [label=\"dependsOn\"];";
    assert!(ended.out.starts_with("digraph") && ended.out.contains(edge), "{}", ended.out);
    let ended = catalog(server, &["graph", "orders", "--output", "mermaid"]).await.ok();
    assert!(ended.out.starts_with("flowchart LR"), "{}", ended.out);
    catalog(server, &["graph", "--cycles"]).await.ok();
    catalog(server, &["graph"]).await.with_code(2);
}

async fn mistakes(server: &Server) {
    let ended = catalog(server, &["query", "kind:api onwer:checkout"]).await.with_code(2);
    assert!(ended.err.contains("there is no field \"onwer\""), "{}", ended.err);
    assert!(ended.err.contains("query:1:10") && ended.err.contains("did you mean owner?"), "{}", ended.err);
    assert!(ended.err.matches("onwer\"").count() == 1, "it is said once: {}", ended.err);
    let ended = catalog(server, &["list", "--columns", "onwer"]).await.with_code(2);
    assert!(ended.err.contains("did you mean owner?"), "{}", ended.err);
    let ended = catalog(server, &["list", "--order", "nmae"]).await.with_code(2);
    assert!(ended.err.contains("did you mean name?"), "{}", ended.err);
    for command in ["get", "graph"] {
        let ended = catalog(server, &[command, "ordrs"]).await.with_code(1);
        assert!(ended.err.contains("did you mean component:default/orders"), "{}", ended.err);
    }
}

/// What is exported is valid, and a catalog that reads it has the same.
async fn exports(server: &Server, folder: &std::path::Path) {
    let query = ["kind:component,resource,api,system,domain,group,user"];
    let first: Vec<&str> = ["export"].into_iter().chain(query).collect();
    let written = catalog(server, &first).await.ok().out;
    let file = folder.join("export/catalog-info.yaml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, &written).unwrap();
    fairway(&["catalog", "validate", file.to_str().unwrap()]).await.ok();

    let other = Start::new(&folder.join("other")).with(&["--no-example"]).server().await;
    let administrator = other.administrator().await;
    assert_eq!(other.register_file(&administrator, &file).await.status, 201);
    assert_eq!(catalog(&other, &first).await.ok().out, written);

    let table = ["export", "kind:component", "--output", "csv", "--columns", "ref,owner,tag"];
    let table = catalog(server, &table).await.ok().out;
    assert!(table.starts_with("ref,owner,tag\r\n"), "{table}");
    assert!(
        table.contains("component:default/orders,group:default/checkout,\"python, fastapi, pci\""),
        "{table}"
    );
    let list = catalog(server, &["export", "kind:system", "--output", "json"]).await.ok().out;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert!(list[0]["relations"].is_null() && list[0]["metadata"]["uid"].is_null(), "{list}");
}

/// What bash offers for a line with the cursor at its end.
async fn offered(server: &Server, line: &str) -> Vec<String> {
    let script = fairway(&["completion", "bash"]).await.ok().out;
    // As readline breaks a line into words.
    let program = format!(
        r#"{script}
        COMP_LINE={line}; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=()
        word=""
        for ((at = 0; at < COMP_POINT; at++)); do
            next="${{COMP_LINE:at:1}}"
            case "$next" in
                " ") [[ -n "$word" ]] && COMP_WORDS+=("$word"); word="" ;;
                [:=]) [[ -n "$word" ]] && COMP_WORDS+=("$word"); COMP_WORDS+=("$next"); word="" ;;
                *) word+="$next" ;;
            esac
        done
        [[ -n "$word" || "$next" == " " ]] && COMP_WORDS+=("$word")
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _fairway 2>/dev/null
        printf '%s\n' "${{COMPREPLY[@]}}""#,
        line = shell_quoted(line),
    );
    let mut command = Command::new("bash");
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_fairway")).parent().unwrap().to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let url = server.url("");
    // The settings of whoever runs the tests are taken away, so that the address stands in the program.
    let program = format!("export FAIRWAY_URL={}\n{program}", url.trim_end_matches('/'));
    command.args(["--norc", "-c", &program]).env("PATH", path);
    run(command).await.ok().out.lines().filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

async fn completes(server: &Server) {
    assert_eq!(offered(server, "fairway catalog list kind:Comp").await, ["Component"]);
    assert_eq!(offered(server, "fairway catalog query owner:che").await, ["checkout"]);
    assert_eq!(offered(server, "fairway catalog list lifec").await, ["lifecycle:"]);
    assert!(offered(server, "fairway catalog get ord").await.contains(&"orders".to_owned()));
    assert_eq!(offered(server, "fairway catalog get resource:orders-").await, ["orders-db"]);
    assert!(offered(server, "fairway catalog gr").await.contains(&"graph".to_owned()));
    for shell in ["zsh", "fish"] {
        let script = fairway(&["completion", shell]).await.ok().out;
        assert!(
            script.contains(&format!("FAIRWAY_COMPLETE=\"{shell}\""))
                || script.contains(&format!("FAIRWAY_COMPLETE={shell}")),
            "{script}"
        );
    }
}
