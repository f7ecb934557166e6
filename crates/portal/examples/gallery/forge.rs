//! Repositories, folders, files, commits.

use fairway_portal::*;

use super::knowledge::yaml;
use super::{before, chrome, reference};

fn head() -> RepositoryHead {
    RepositoryHead {
        repository: "acme/orders-api".parse().unwrap(),
        description: "Takes orders, reserves stock and hands them to fulfilment".into(),
        branch: "main".into(),
        default_branch: fairway_domain::repository::BranchName::main(),
        branches: vec!["main".into(), "feature/refunds".into()],
        clone_url: "http://127.0.0.1:7007/git/acme/orders-api.git".into(),
        entities: vec![reference("component:default/orders-api")],
    }
}

fn commit_row(summary: &str, ago: i64) -> CommitRow {
    CommitRow {
        id: "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678".parse().unwrap(),
        summary: summary.into(),
        body: "The stock service answers slowly at noon.".into(),
        author: "Ada Lovelace".into(),
        at: before(ago),
        run: (ago > 50_000).then(|| "r".into()),
    }
}

pub fn pages() -> Vec<(&'static str, String)> {
    let list = chrome("Repositories", Section::Repositories, &[]);
    let inner = chrome(
        "acme/orders-api",
        Section::Repositories,
        &[("Repositories", "/repositories"), ("acme/orders-api", "")],
    );
    let row = |name: &str, ago: Option<i64>| RepositoryRow {
        repository: name.parse().unwrap(),
        description: "Takes orders, reserves stock and hands them to fulfilment".into(),
        default_branch: fairway_domain::repository::BranchName::main(),
        updated_at: ago.map(before),
        entity: Some(reference("component:default/orders-api")),
    };
    let entry = |name: &str, kind, size| EntryRow { name: name.into(), path: name.into(), kind, size };
    let folder_view = FolderView {
        head: head(),
        path: String::new(),
        entries: vec![
            entry("docs", EntryKind::Folder, None),
            entry("src", EntryKind::Folder, None),
            entry("Dockerfile", EntryKind::File, Some(812)),
            entry("README.md", EntryKind::File, Some(2_400)),
            entry("catalog-info.yaml", EntryKind::File, Some(640)),
        ],
        omitted: 0,
        last_commit: Some(commit_row("Reserve stock before the order is confirmed", 7_200)),
        readme: Some(("README.md".into(), SafeHtml::vouched("<h2>Orders API</h2><p>Takes orders. Start it with <code>make run</code>.</p><pre><code>make run\n</code></pre><table><thead><tr><th>Path</th><th>What</th></tr></thead><tbody><tr><td>/orders</td><td>Create an order</td></tr></tbody></table>".into()))),
    };
    let text = "apiVersion: backstage.io/v1alpha1\n";
    let blob_view = BlobView {
        head: head(),
        path: "deploy/catalog-info.yaml".into(),
        size: 640,
        content: BlobContent::Text { text: text.into(), html: Some(yaml()) },
        raw_url: "/raw".into(),
        other_form: None,
        marks: vec![(7, "spec.owner is not an entity reference".into())],
    };
    let patch = "@@ -1,3 +1,3 @@ metadata:\n name: orders-api\n-owner: team checkout\n+owner: group:default/checkout\n type: service\n";
    let commit_view = CommitView {
        head: head(),
        commit: commit_row("Reserve stock before the order is confirmed", 60_000),
        parents: vec!["b1b2c3d4e5f60718293a4b5c6d7e8f9012345678".parse().unwrap()],
        files: vec![FileDiffView {
            path: "catalog-info.yaml".into(),
            old_path: None,
            status: DiffStatus::Changed,
            binary: false,
            patch: patch.into(),
            truncated: false,
        }],
        omitted: 0,
    };
    let empty = FolderView { entries: vec![], last_commit: None, readme: None, ..folder_view.clone() };
    vec![
        (
            "repositories",
            repositories(
                &list,
                &RepositoriesView {
                    repositories: vec![
                        row("acme/orders-api", Some(7_200)),
                        row("acme/basket", Some(90_000)),
                        row("platform/environments", None),
                    ],
                    total: 3,
                    ..RepositoriesView::default()
                },
            ),
        ),
        ("repositories-empty", repositories(&list, &RepositoriesView::default())),
        ("folder", folder(&inner, &folder_view)),
        ("folder-empty", folder(&inner, &empty)),
        ("blob", blob(&inner, &blob_view)),
        (
            "commits",
            commits(
                &inner,
                &CommitsView {
                    head: head(),
                    commits: vec![
                        commit_row("Reserve stock before the order is confirmed", 7_200),
                        commit_row("Create orders-api from python-service", 60_000),
                    ],
                    older: Some("/x".into()),
                    newer: None,
                },
            ),
        ),
        ("commit", commit(&inner, &commit_view)),
    ]
}
