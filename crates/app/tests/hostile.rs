//! Members who want more than they may: each of these has been possible.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;
use std::sync::Arc;

use fairway_app::clock::SystemClock;
use fairway_app::sources::SourceTarget;
use fairway_app::tokens::TokenRequest;
use fairway_app::{App, AppConfig, AppError, access};
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::{FileMode, TreeFile};
use fairway_domain::{Caller, EntityRef, Origin, Permission, Role, Secret};
use fairway_ledger::RecordQuery;
use fairway_remote::{CommitRequest, Forge, NewRepository, RefUpdate};
use serde_json::json;

const BASE: &str = "http://127.0.0.1:7007";

async fn open(folder: &Path) -> App {
    App::open(AppConfig::new(folder.join("data"), BASE), Arc::new(SystemClock)).await.unwrap()
}

fn member() -> Caller {
    access::guest(Origin::Portal, Some("127.0.0.1".to_owned()))
}

/// A golden path with these steps.
fn path(steps: &str) -> String {
    format!(
        "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata:\n  name: path\nspec:\n  type: service\n  \
         owner: guest\n  parameters: []\n  steps:\n{steps}"
    )
}

/// Puts a file into a new repository of the embedded forge.
async fn publish(app: &App, folder: &Path, name: &str, text: String) -> RepositoryRef {
    let forge = Forge::open(&folder.join("data/repositories")).await.unwrap();
    let repository = RepositoryRef::new("acme", name).unwrap();
    let new = NewRepository {
        repository: repository.clone(),
        description: String::new(),
        default_branch: BranchName::main(),
        created_by: "test".to_owned(),
    };
    forge.create(&new).await.unwrap();
    let file = TreeFile { mode: FileMode::Regular, bytes: text.into_bytes().into() };
    let request = CommitRequest {
        repository: repository.clone(),
        branch: BranchName::main(),
        parent: None,
        message: "First".to_owned(),
        author_name: "Eve".to_owned(),
        author_email: "eve@acme.test".to_owned(),
        at: app.now(),
        changes: vec![("catalog-info.yaml".parse().unwrap(), Some(file))],
    };
    forge.commit(&request).await.unwrap();
    repository
}

fn template() -> EntityRef {
    EntityRef::new("template", "default", "path")
}

/// Registering a file of the server needs the administrator; a golden path that anybody may push did it too.
#[tokio::test(flavor = "multi_thread")]
async fn a_golden_path_cannot_register_files_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    let secret = folder.path().join("secret.yaml");
    std::fs::write(&secret, "password: hunter2\n").unwrap();
    for prefix in ["file:", "url:file:", ""] {
        let steps = format!(
            "    - id: register\n      action: catalog:register\n      input:\n        optional: true\n        \
             catalogInfoUrl: '{prefix}{}'\n",
            secret.display()
        );
        let name = format!("path{}", prefix.len());
        let repository = publish(&app, folder.path(), &name, path(&steps)).await;
        let address = format!("{BASE}/repositories/{repository}/blob/main/catalog-info.yaml");
        let source = app.register_source(&member(), &address).await.unwrap();
        let error = app.plan_template(&member(), &template(), &json!({})).await.unwrap_err();
        assert!(error.to_string().contains("a file of this machine"), "{error}");
        app.remove_source(&member(), &source.id).await.unwrap();
    }
    assert!(app.view().sources.values().all(|source| !matches!(source.target, SourceTarget::File { .. })));
}

/// The administrator registers a folder; its golden path takes an address from whoever fills the form in.
#[tokio::test(flavor = "multi_thread")]
async fn a_golden_path_of_this_machine_reads_nothing_outside_its_source() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("paths");
    std::fs::create_dir_all(root.join("content")).unwrap();
    std::fs::write(root.join("content/readme.txt"), "hello").unwrap();
    let outside = folder.path().join("outside");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("secret.txt"), "hunter2").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
    let app = open(folder.path()).await;
    let shown = root.display();
    let admin = Caller { role: Role::Admin, ..member() };
    let plan = async |url: &str| {
        let steps =
            format!("    - id: fetch\n      action: fetch:plain\n      input:\n        url: '{url}'\n");
        std::fs::write(root.join("template.yaml"), path(&steps)).unwrap();
        app.register_source(&admin, &format!("{shown}/template.yaml")).await.unwrap();
        app.plan_template(&member(), &template(), &json!({}))
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    plan("./content").await.unwrap();
    for url in [
        format!("file:{shown}/../outside"),
        format!("file:{shown}/content/../../outside"),
        format!("file:{shown}/link"),
        "./link".to_owned(),
        "../outside".to_owned(),
    ] {
        let error = plan(&url).await.unwrap_err();
        assert!(error.contains("may not be"), "{url}: {error}");
    }
    assert!(plan("./nothing").await.unwrap_err().contains("nothing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrators_code_lets_one_in_and_refusals_are_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    let code = app.admin_code(false).await.unwrap().unwrap();
    let address = |last: u8| Some(format!("192.0.2.{last}"));
    let claims = futures::future::join_all((0..8).map(|at| app.sign_in("ada", &code, address(at)))).await;
    assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1);

    // Whoever guesses has to wait, even when guessing all at once; others need not.
    let wrong = Secret::new("0000-0000-0000-0000".to_owned());
    let guesses = futures::future::join_all((0..40).map(|_| app.sign_in("eve", &wrong, address(99)))).await;
    let tried = guesses.iter().filter(|guess| matches!(guess, Err(AppError::Unauthenticated(_)))).count();
    assert_eq!(tried, 10);
    assert!(matches!(app.sign_in("eve", &wrong, address(100)).await, Err(AppError::Unauthenticated(_))));

    let query = RecordQuery { kinds: vec!["access.refusal".to_owned()], ..RecordQuery::default() };
    let refusals = app.audit(&member(), &query).await.unwrap();
    assert_eq!(refusals.len(), 7 + 10 + 1);
    assert_eq!(refusals[0].address, address(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_token_does_not_end_other_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    let request = |scope| TokenRequest { name: "t".to_owned(), scopes: vec![scope], days: 1 };
    let narrow = app.issue_token(&member(), request(Permission::Read)).await.unwrap();
    let other = app.issue_token(&member(), request(Permission::Push)).await.unwrap();
    let caller = app.caller_of_token(narrow.secret.expose(), Origin::Api, None).unwrap();
    let refused = app.revoke_token(&caller, &other.stored.id).await.unwrap_err();
    assert!(matches!(refused, AppError::Forbidden(_)), "{refused}");
    app.revoke_token(&caller, &narrow.stored.id).await.unwrap();
    app.revoke_token(&member(), &other.stored.id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_begun_once_and_undone_once() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    let steps = "    - id: say\n      action: notification:send\n      input:\n        recipients: broadcast\n        title: Hello\n";
    let repository = publish(&app, folder.path(), "path", path(steps)).await;
    let address = format!("{BASE}/repositories/{repository}/blob/main/catalog-info.yaml");
    app.register_source(&member(), &address).await.unwrap();
    let digest = app.plan_template(&member(), &template(), &json!({})).await.unwrap().plan.digest();
    let caller = member();
    let runs = futures::future::join_all((0..4).map(|_| app.apply(&caller, &digest))).await;
    let mut begun = runs.into_iter().filter_map(Result::ok);
    let run = begun.next().unwrap();
    assert!(begun.next().is_none(), "the plan was begun twice");

    let worker = app.clone();
    let work = tokio::spawn(async move { worker.work("test").await });
    app.wait_for_run(&caller, &run.id, std::time::Duration::from_secs(20)).await.unwrap();
    let undone = futures::future::join_all((0..4).map(|_| app.undo(&caller, &run.id))).await;
    assert_eq!(undone.iter().filter(|undo| undo.is_ok()).count(), 1);
    work.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_tag_is_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    let repository = RepositoryRef::new("acme", "shop").unwrap();
    let commit = "1".repeat(40).parse().ok();
    let update = RefUpdate { name: "refs/tags/v1".to_owned(), branch: None, before: None, after: commit };
    app.pushed(&member(), &repository, &[update]).await.unwrap();
    let query = RecordQuery { kinds: vec!["forge.push".to_owned()], ..RecordQuery::default() };
    let records = app.audit(&member(), &query).await.unwrap();
    assert_eq!(records[0].body.as_ref().unwrap()["others"][0]["name"], "refs/tags/v1");
}
