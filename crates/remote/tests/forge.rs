//! The forge against the real git: what is committed is what is read, and nobody overwrites anybody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;
use std::time::Instant;

use fairway_domain::Timestamp;
use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};
use fairway_domain::tree::{FileMode, TreeFile, TreePath};
use fairway_remote::{
    CommitRequest, DiffLineKind, DiffStatus, EntryKind, Forge, GitSource, MergeOutcome, MergeRequest,
    NewRepository, RemoteError, SourceOptions, TreeLimits,
};

fn repository() -> RepositoryRef {
    "acme/orders-api".parse().unwrap()
}

fn path(text: &str) -> TreePath {
    text.parse().unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "a change without a file is a deletion")]
fn file(text: &str) -> Option<TreeFile> {
    Some(TreeFile::regular(text.as_bytes()))
}

async fn forge(root: &Path) -> Forge {
    let forge = Forge::open(root).await.unwrap();
    forge.create(&new()).await.unwrap();
    forge
}

fn new() -> NewRepository {
    NewRepository {
        repository: repository(),
        description: "Takes orders".to_owned(),
        default_branch: BranchName::main(),
        created_by: "run-1".to_owned(),
    }
}

fn request(parent: Option<&CommitId>, changes: Vec<(&str, Option<TreeFile>)>) -> CommitRequest {
    CommitRequest {
        repository: repository(),
        branch: BranchName::main(),
        parent: parent.cloned(),
        message: "Change things\n\nBecause.\n\nFairway-Run: run-1".to_owned(),
        author_name: "Ada <Lovelace>\n".to_owned(),
        author_email: "ada@acme.test".to_owned(),
        at: "2026-03-01T10:00:00Z".parse::<Timestamp>().unwrap(),
        changes: changes.into_iter().map(|(name, file)| (path(name), file)).collect(),
    }
}

#[tokio::test]
async fn a_repository_is_made_once_and_says_by_whom() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(root.path()).await;
    let again = forge.create(&new()).await.unwrap_err();
    assert!(
        matches!(&again, RemoteError::RepositoryExists { created_by: Some(run), .. } if run == "run-1"),
        "{again}"
    );
    assert_eq!(forge.created_by(&repository()).await.unwrap().as_deref(), Some("run-1"));
    let empty = forge.info(&repository()).await.unwrap();
    assert_eq!((empty.description.as_str(), empty.updated_at), ("Takes orders", None));

    let commit = request(None, vec![("a", file("1"))]);
    forge.commit(&commit).await.unwrap();
    let listed = forge.list().await.unwrap();
    assert_eq!((listed.len(), listed[0].updated_at), (1, Some(commit.at)));
    assert!(forge.info(&repository()).await.unwrap().size.unwrap() > 0);
    forge.maintain(&repository()).await.unwrap();

    forge.delete(&repository()).await.unwrap();
    assert!(!forge.exists(&repository()).await.unwrap());
    assert!(matches!(forge.delete(&repository()).await, Err(RemoteError::RepositoryMissing { .. })));
    assert!(forge.list().await.unwrap().is_empty());
    forge.create(&new()).await.unwrap();
    assert!(std::fs::read_dir(root.path().join("aside")).unwrap().next().is_none());
}

#[tokio::test]
async fn concurrent_creation_has_one_winner() {
    let root = tempfile::tempdir().unwrap();
    let forge = Forge::open(root.path()).await.unwrap();
    let asked = new();
    let results = futures::future::join_all((0..8).map(|_| forge.create(&asked))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results
            .iter()
            .filter_map(|result| result.as_ref().err())
            .all(|error| matches!(error, RemoteError::RepositoryExists { created_by: Some(_), .. }))
    );
}

#[tokio::test]
async fn what_is_committed_is_what_is_read() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(root.path()).await;
    let script = TreeFile { mode: FileMode::Executable, bytes: b"#!/bin/sh\n".as_slice().into() };
    let link = TreeFile { mode: FileMode::Symlink, bytes: b"../../etc/passwd".as_slice().into() };
    let binary = TreeFile::regular(vec![0_u8, 255, 10, 13, 0]);
    let changes = vec![
        ("README.md", file("# Größe\n")),
        ("docs/日本語/плов с \"кавычками\".md", file("да")),
        ("run me.sh", Some(script)),
        ("link", Some(link)),
        ("data.bin", Some(binary)),
        ("empty", file("")),
        ("a space/\u{1f600}", file("x")),
        ("-option", file("y")),
        ("D deleted", file("not a command")),
    ];
    let asked = request(None, changes);
    let commit = forge.commit(&asked).await.unwrap();
    let tree = forge.tree(&repository(), "main", None, TreeLimits::default()).await.unwrap();
    let wanted = asked.changes.iter().map(|(path, file)| (path.clone(), file.clone().unwrap())).collect();
    assert_eq!(tree, wanted);
    let part =
        forge.tree(&repository(), commit.as_str(), Some(&path("docs")), TreeLimits::default()).await.unwrap();
    assert_eq!(part, tree.subtree(Some(&path("docs"))));
    for (name, file) in &asked.changes {
        assert_eq!(&forge.file(&repository(), commit.short(), name).await.unwrap(), file, "{name}");
    }
    for absent in ["nothing", "docs", "link/passwd", "README.md/x"] {
        assert_eq!(forge.file(&repository(), "main", &path(absent)).await.unwrap(), None, "{absent}");
    }

    let entries = forge.list_folder(&repository(), "main", None).await.unwrap();
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(
        names,
        ["a space", "docs", "-option", "D deleted", "README.md", "data.bin", "empty", "link", "run me.sh"]
    );
    assert_eq!((entries[0].kind, entries[7].kind), (EntryKind::Folder, EntryKind::Link));
    assert_eq!((entries[1].size, entries[4].size), (None, Some(10)));
    let below = forge.list_folder(&repository(), "main", Some(&path("docs"))).await.unwrap();
    assert_eq!(below[0].path.as_str(), "docs/日本語");

    let info = forge.commit_info(&repository(), "main").await.unwrap();
    assert_eq!((info.author_name.as_str(), info.summary.as_str()), ("Ada Lovelace", "Change things"));
    assert_eq!((info.at, info.trailers()), (asked.at, vec![("Fairway-Run", "run-1")]));
}

#[tokio::test]
async fn the_same_request_is_the_same_commit_and_another_one_must_know_the_head() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(root.path()).await;
    let first = forge.commit(&request(None, vec![("a", file("1"))])).await.unwrap();
    assert_eq!(forge.commit(&request(None, vec![("a", file("1"))])).await.unwrap(), first);
    assert_eq!(forge.head(&repository(), &BranchName::main()).await.unwrap(), Some(first.clone()));

    let second = forge.commit(&request(Some(&first), vec![("a", file("2"))])).await.unwrap();
    for parent in [None, Some(first.clone()), Some("1".repeat(40).parse().unwrap())] {
        let late = forge.commit(&request(parent.as_ref(), vec![("a", file("3"))])).await.unwrap_err();
        let RemoteError::BranchMoved { expected, found, .. } = late else { panic!("{late}") };
        assert_eq!((expected, found), (parent, Some(second.clone())));
    }
    // A branch that went back is elsewhere too, although the commit would only go forward.
    forge.move_branch(&repository(), &BranchName::main(), &second, Some(&first)).await.unwrap();
    let error = forge.commit(&request(Some(&second), vec![("a", file("3"))])).await.unwrap_err();
    assert!(matches!(error, RemoteError::BranchMoved { .. }), "{error}");

    let wanted = (0..6).map(|number| request(Some(&first), vec![("n", file(&number.to_string()))]));
    let wanted: Vec<CommitRequest> = wanted.collect();
    let results = futures::future::join_all(wanted.iter().map(|request| forge.commit(request))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let lost = results.iter().filter(|result| matches!(result, Err(RemoteError::BranchMoved { .. })));
    assert_eq!(lost.count(), 5);
}

#[tokio::test]
async fn branches_move_only_from_where_they_are_believed_to_be() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(root.path()).await;
    let first = forge.commit(&request(None, vec![("a", file("1"))])).await.unwrap();
    let second = forge.commit(&request(Some(&first), vec![("a", file("2"))])).await.unwrap();
    let (repository, feature) = (repository(), "feature/größe#1".parse::<BranchName>().unwrap());
    forge.create_branch(&repository, &feature, &first).await.unwrap();
    let taken = forge.create_branch(&repository, &feature, &second).await.unwrap_err();
    assert!(matches!(taken, RemoteError::BranchMoved { expected: None, .. }), "{taken}");
    assert_eq!(
        forge.branches(&repository).await.unwrap(),
        vec![(feature.clone(), first.clone()), (BranchName::main(), second.clone())]
    );
    // A name that is the beginning of another branch's name is not that branch.
    assert_eq!(forge.head(&repository, &"feature".parse().unwrap()).await.unwrap(), None);
    assert!(forge.move_branch(&repository, &feature, &second, None).await.is_err());
    forge.move_branch(&repository, &feature, &first, None).await.unwrap();
    assert_eq!(forge.head(&repository, &feature).await.unwrap(), None);
    let nothing: CommitId = "2".repeat(40).parse().unwrap();
    let error =
        forge.move_branch(&repository, &BranchName::main(), &second, Some(&nothing)).await.unwrap_err();
    assert!(matches!(error, RemoteError::Git { .. }), "{error}");
}

#[tokio::test]
async fn hostile_requests_are_refused_with_a_reason() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(root.path()).await;
    for changes in [
        vec![("a/.git /x", file("x"))],
        vec![("git~1/hooks/x", file("x"))],
        vec![(".g\u{200c}it/config", file("x"))],
        vec![("a", file("x")), ("a/b", file("x"))],
    ] {
        let error = forge.commit(&request(None, changes)).await.unwrap_err();
        assert!(matches!(error, RemoteError::BadCommit { .. }), "{error}");
    }
    forge.commit(&request(None, vec![("a", file("x"))])).await.unwrap();
    for revision in
        ["--output=/tmp/x", "main:a", "main~0", "@{0}", "", "a b", "nothing", ":/Change", "main\nmain"]
    {
        let error = forge.tree(&repository(), revision, None, TreeLimits::default()).await.unwrap_err();
        assert!(matches!(error, RemoteError::RevisionMissing { .. }), "{revision}: {error}");
        assert!(forge.log(&repository(), revision, None, 1, 0).await.is_err(), "{revision}");
    }
    let absent =
        forge.tree(&repository(), "main", Some(&path("b")), TreeLimits::default()).await.unwrap_err();
    assert!(matches!(absent, RemoteError::FolderMissing { .. }), "{absent}");
    let nobody: RepositoryRef = "acme/nothing".parse().unwrap();
    let error = forge.head(&nobody, &BranchName::main()).await.unwrap_err();
    assert!(matches!(error, RemoteError::RepositoryMissing { .. }), "{error}");
}

#[tokio::test]
async fn a_message_cannot_smuggle_commands() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(root.path()).await;
    let mut sly = request(None, vec![("a", file("data 3\nD a\ndone\n"))]);
    sly.message = "x\ndone\nreset refs/heads/evil\n\0".to_owned();
    sly.author_email = "a@b> 0 +0000\nreset refs/heads/evil".to_owned();
    forge.commit(&sly).await.unwrap();
    assert_eq!(forge.branches(&repository()).await.unwrap().len(), 1);
    let info = forge.commit_info(&repository(), "main").await.unwrap();
    assert_eq!(info.body, "done\nreset refs/heads/evil");
}

#[tokio::test]
async fn limits_refuse_a_tree_as_a_whole() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(root.path()).await;
    let large = "x".repeat(200_000);
    forge.commit(&request(None, vec![("a/b/c", file(&large)), ("d", file(&large))])).await.unwrap();
    for limits in [TreeLimits { files: 1, bytes: 1 << 30 }, TreeLimits { files: 9, bytes: 300_000 }] {
        let error = forge.tree(&repository(), "main", None, limits).await.unwrap_err();
        assert!(matches!(error, RemoteError::TooLarge { .. }), "{error}");
    }
    let exact = TreeLimits { files: 2, bytes: 400_000 };
    assert_eq!(forge.tree(&repository(), "main", None, exact).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_thousand_files_take_less_than_a_second() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(root.path()).await;
    let mut asked = request(None, Vec::new());
    asked.changes = (0..1000)
        .map(|n| (path(&format!("d{}/f{n}.txt", n % 40)), file(&format!("content {n}\n"))))
        .collect();
    let begin = Instant::now();
    forge.commit(&asked).await.unwrap();
    let committed = begin.elapsed();
    let tree = forge.tree(&repository(), "main", None, TreeLimits::default()).await.unwrap();
    assert_eq!(tree.len(), 1000);
    assert!(committed.as_millis() < 1000, "the commit took {committed:?}");
}

#[tokio::test]
async fn logs_diffs_and_trailers_tell_what_happened() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(root.path()).await;
    let text = (1..=30).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n") + "\n";
    let first = forge
        .commit(&request(
            None,
            vec![("a", file(&text)), ("b", file("b")), ("old", file(&text.repeat(2))), ("l", file("l"))],
        ))
        .await
        .unwrap();
    let link = TreeFile { mode: FileMode::Symlink, bytes: b"a".as_slice().into() };
    let mut change = request(
        Some(&first),
        vec![
            ("a", file(&text.replace("line 3\n", "line three\n").replace("line 28\n", ""))),
            ("b", None),
            ("new \"name\"", file(&text.repeat(2))),
            ("old", None),
            ("l", Some(link)),
            ("z.bin", Some(TreeFile::regular(vec![0_u8; 9]))),
        ],
    );
    change.message = "Second\n\nNot-a-trailer: run-2\n\nFairway-Run: run-2".to_owned();
    let second = forge.commit(&change).await.unwrap();
    let repository = repository();

    let log = forge.log(&repository, "main", None, 10, 0).await.unwrap();
    assert_eq!(log.iter().map(|commit| &commit.id).collect::<Vec<_>>(), [&second, &first]);
    assert_eq!(log[0].parents, std::slice::from_ref(&first));
    let of_path = forge.log(&repository, "main", Some(&path("new \"name\"")), 10, 0).await.unwrap();
    assert_eq!(of_path.len(), 1);
    assert_eq!(forge.log(&repository, "main", None, 10, 1).await.unwrap()[0].id, first);

    let main = BranchName::main();
    let find = async |key: &str, value: &str| {
        forge.commit_with_trailer(&repository, &main, key, value).await.unwrap()
    };
    assert_eq!(find("Fairway-Run", "run-1").await, Some(first.clone()));
    assert_eq!(find("fairway-run", "run-2").await, Some(second.clone()));
    assert_eq!(find("Not-a-trailer", "run-2").await, None);
    assert_eq!(find("Fairway-Run", "run").await, None);

    let diff = forge.diff(&repository, Some(&first), &second).await.unwrap();
    let shown: Vec<(&str, DiffStatus)> = diff.iter().map(|file| (file.path.as_str(), file.status)).collect();
    assert_eq!(
        shown,
        [
            ("a", DiffStatus::Modified),
            ("b", DiffStatus::Deleted),
            ("l", DiffStatus::Retyped),
            ("new \"name\"", DiffStatus::Renamed),
            ("z.bin", DiffStatus::Added),
        ]
    );
    assert_eq!((diff[0].counts(), diff[0].hunks.len()), ((1, 2), 2));
    assert_eq!((diff[0].hunks[1].old_start, diff[0].hunks[1].new_start), (25, 25));
    assert!(
        diff[0].hunks[0]
            .lines
            .iter()
            .any(|line| line.kind == DiffLineKind::Added && line.text == "line three")
    );
    assert_eq!((diff[2].counts(), diff[3].old_path.as_deref()), ((1, 1), Some("old")));
    assert!(diff[4].binary && !diff[0].binary);
    assert_eq!(forge.diff(&repository, None, &second).await.unwrap(), diff);
    assert_eq!(forge.diff(&repository, None, &first).await.unwrap().len(), 4);
    let changed = forge.changed_paths(&repository, &first, &second).await.unwrap();
    assert_eq!(
        changed.iter().map(TreePath::as_str).collect::<Vec<_>>(),
        ["a", "b", "l", "new \"name\"", "old", "z.bin"]
    );
}

#[tokio::test]
async fn files_are_listed_compared_and_read_by_their_contents() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(root.path()).await;
    let repository = repository();
    let link = Some(TreeFile { mode: FileMode::Symlink, bytes: b"a".as_slice().into() });
    let first =
        request(None, vec![("x/a", file("one")), ("x/b", file("one")), ("xy", file("two")), ("x/l", link)]);
    let first = forge.commit(&first).await.unwrap();
    let second =
        request(Some(&first), vec![("x/a", None), ("x/b", file("three")), ("x/new \"n\"", file("one"))]);
    let second = forge.commit(&second).await.unwrap();

    let folder = path("x");
    let listed = forge.listed_files(&repository, &first, Some(&folder)).await.unwrap();
    let paths: Vec<&str> = listed.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["x/a", "x/b"], "neither the link nor what only begins like the folder");
    assert_eq!(listed[0].content, listed[1].content);
    assert_eq!(forge.listed_files(&repository, &first, Some(&path("none"))).await.unwrap(), []);
    assert_eq!(forge.listed_files(&repository, &first, None).await.unwrap().len(), 3);

    let changed = forge.changed_files(&repository, &first, &second).await.unwrap();
    let paths: Vec<&str> = changed.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["x/a", "x/b", "x/new \"n\""]);
    assert_eq!(changed[0].content, None);
    assert_eq!(changed[2].content.as_ref(), Some(&listed[0].content));
    let names = [changed[1].content.clone().unwrap(), "0".repeat(40)];
    let contents = forge.contents(&repository, &names, 100).await.unwrap();
    assert_eq!(contents, [Some(b"three".to_vec()), None]);
    let error = forge.contents(&repository, &names, 4).await.unwrap_err();
    assert!(matches!(error, RemoteError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_merge_joins_both_sides_or_names_the_conflicts() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(root.path()).await;
    let (repository, main) = (repository(), BranchName::main());
    let base = forge.commit(&request(None, vec![("a", file("1\n")), ("b", file("1\n"))])).await.unwrap();
    let side = |name: &str, changes| CommitRequest {
        branch: name.parse().unwrap(),
        ..request(Some(&base), changes)
    };
    for name in ["good", "bad"] {
        forge.create_branch(&repository, &name.parse().unwrap(), &base).await.unwrap();
    }
    let good = forge.commit(&side("good", vec![("b", file("2\n"))])).await.unwrap();
    let bad = forge.commit(&side("bad", vec![("a", file("3\n"))])).await.unwrap();
    let head = forge.commit(&request(Some(&base), vec![("a", file("2\n"))])).await.unwrap();
    let mut merge = MergeRequest {
        repository: repository.clone(),
        into: main.clone(),
        expected: head.clone(),
        from: good.clone(),
        message: "Merge good".to_owned(),
        author_name: "Ada".to_owned(),
        author_email: String::new(),
        at: "2026-03-02T00:00:00Z".parse().unwrap(),
    };
    assert_eq!(forge.conflicts(&repository, &head, &bad).await.unwrap(), [path("a")]);
    let MergeOutcome::Merged(merged) = forge.merge(&merge).await.unwrap() else { panic!("not merged") };
    assert_eq!(forge.commit_info(&repository, "main").await.unwrap().parents, [head.clone(), good.clone()]);
    let tree = forge.tree(&repository, "main", None, TreeLimits::default()).await.unwrap();
    assert_eq!((tree.get_text("a"), tree.get_text("b")), (Some("2\n"), Some("2\n")));
    // The same again is the same commit; from the new head there is nothing left to do.
    assert_eq!(forge.merge(&merge).await.unwrap(), MergeOutcome::Merged(merged.clone()));
    merge.expected = merged;
    assert_eq!(forge.merge(&merge).await.unwrap(), MergeOutcome::UpToDate);
    merge.from = bad;
    assert_eq!(forge.merge(&merge).await.unwrap(), MergeOutcome::Conflicts(vec![path("a")]));
    assert_eq!(forge.head(&repository, &main).await.unwrap().as_ref(), Some(&merge.expected));
}

#[tokio::test]
async fn local_sources_are_fetched_only_when_allowed() {
    let root = tempfile::tempdir().unwrap();
    let forge = forge(&root.path().join("forge")).await;
    let first = forge.commit(&request(None, vec![("a", file("1"))])).await.unwrap();
    let bare = root.path().join("forge/repositories/acme/orders-api.git");
    let (url, cache) = (format!("file://{}", bare.display()), root.path().join("cache"));
    let mut options = SourceOptions::default();
    let error = GitSource::fetch(&url, None, &cache, &options).await.unwrap_err();
    assert!(matches!(error, RemoteError::BadUrl { .. }), "{error}");
    options.allow_local = true;
    let (commit, tree) = GitSource::fetch(&url, None, &cache, &options).await.unwrap();
    assert_eq!((commit, tree.get_text("a")), (first.clone(), Some("1")));
    let second = forge.commit(&request(Some(&first), vec![("a", file("2"))])).await.unwrap();
    let (commit, tree) = GitSource::fetch(&url, Some("main"), &cache, &options).await.unwrap();
    assert_eq!((commit, tree.get_text("a")), (second, Some("2")));
    for reference in ["nothing", "--upload-pack=id", "a:b"] {
        let error = GitSource::fetch(&url, Some(reference), &cache, &options).await.unwrap_err();
        assert!(matches!(error, RemoteError::RevisionMissing { .. }), "{error}");
    }
}
