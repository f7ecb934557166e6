//! The real git client against the forge, over a small HTTP/1.0 loop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::Write as _;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_remote::{
    Forge, GitService, GitSource, NewRepository, PushJudge, PushVerdict, RefUpdate, RemoteError,
    SourceOptions, TreeLimits,
};
use futures::StreamExt as _;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

type Updates = Arc<Mutex<Vec<Vec<RefUpdate>>>>;

fn repository() -> RepositoryRef {
    "acme/shop".parse().unwrap()
}

/// A forge with one empty repository, served at the address.
async fn serve(root: &Path, push_limit: u64) -> (Forge, String, Updates) {
    serve_forge(Forge::open(root).await.unwrap().with_push_limit(push_limit)).await
}

async fn serve_forge(forge: Forge) -> (Forge, String, Updates) {
    let new = NewRepository {
        repository: repository(),
        description: String::new(),
        default_branch: BranchName::main(),
        created_by: "test".to_owned(),
    };
    forge.create(&new).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/acme/shop.git", listener.local_addr().unwrap());
    let (served, updates) = (forge.clone(), Updates::default());
    let told = Arc::clone(&updates);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(served.clone(), stream, Arc::clone(&told)));
        }
    });
    (forge, address, updates)
}

async fn answer(forge: Forge, stream: TcpStream, told: Updates) {
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading);
    let mut head: Vec<String> = Vec::new();
    loop {
        let mut line = String::new();
        reading.read_line(&mut line).await.unwrap();
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let header = |name: &str| {
        head.iter()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    let target = head[0].split(' ').nth(1).unwrap();
    if header("expect").is_some() {
        writing.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
    }
    let protocol = header("git-protocol");
    if let Some((_, service)) = target.split_once("?service=") {
        let service = GitService::named(service).unwrap();
        let body = forge.advertise(&repository(), service, protocol).await.unwrap();
        let kind = service.advertisement_type();
        let start = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n");
        writing.write_all(start.as_bytes()).await.unwrap();
        writing.write_all(&body).await.unwrap();
        return;
    }
    let service = GitService::named(target.rsplit('/').next().unwrap()).unwrap();
    let body: Pin<Box<dyn AsyncRead + Send>> = match header("content-length") {
        Some(length) => Box::pin(reading.take(length.parse().unwrap())),
        None => Box::pin(unchunked(reading)),
    };
    let gzip = header("content-encoding") == Some("gzip");
    let mut exchange = forge.exchange(&repository(), service, protocol, gzip, body).await.unwrap();
    let kind = service.result_type();
    let start = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n");
    writing.write_all(start.as_bytes()).await.unwrap();
    while let Some(bytes) = exchange.output.next().await {
        let Ok(bytes) = bytes else { break };
        if writing.write_all(&bytes).await.is_err() {
            break;
        }
    }
    let moved = exchange.updated.await.unwrap();
    told.lock().unwrap().push(moved);
}

fn unchunked(mut reading: impl AsyncRead + Unpin + Send + 'static) -> impl AsyncRead + Send {
    let (mut to, from) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        loop {
            let mut line = String::new();
            while !line.ends_with("\r\n") {
                line.push(char::from(reading.read_u8().await.unwrap()));
            }
            let length = u64::from_str_radix(line.trim(), 16).unwrap();
            let copied = tokio::io::copy(&mut (&mut reading).take(length), &mut to).await;
            reading.read_u16().await.unwrap();
            if length == 0 || copied.is_err() {
                break;
            }
        }
    });
    from
}

async fn git(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@acme.test", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("NO_PROXY", "*")
        .output()
        .await
        .unwrap();
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

async fn must(folder: &Path, arguments: &[&str]) -> String {
    let (success, text) = git(folder, arguments).await;
    assert!(success, "git {arguments:?}: {text}");
    text
}

/// Bytes that do not compress, the same each time.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(count)
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_commit_push_fetch_and_delete_come_round() {
    let root = tempfile::tempdir().unwrap();
    let (forge, address, updates) = serve(&root.path().join("forge"), 64 << 20).await;
    let work = root.path().join("work");
    must(root.path(), &["clone", "-q", &address, "work"]).await;
    std::fs::write(work.join("big.bin"), noise(3 << 20)).unwrap();
    std::fs::write(work.join("größe.txt"), "x").unwrap();
    must(&work, &["checkout", "-q", "-B", "main"]).await;
    must(&work, &["add", "."]).await;
    must(&work, &["commit", "-q", "-m", "First"]).await;
    must(&work, &["tag", "main", "-m", "a tag that looks like the branch"]).await;
    must(&work, &["push", "-q", "origin", "refs/heads/main", "refs/heads/main:refs/heads/topic"]).await;
    must(&work, &["push", "-q", "origin", "refs/tags/main"]).await;
    let head = must(&work, &["rev-parse", "refs/heads/main"]).await.trim().parse().unwrap();
    assert_eq!(forge.head(&repository(), &BranchName::main()).await.unwrap(), Some(head));
    let tree = forge.tree(&repository(), "main", None, TreeLimits::default()).await.unwrap();
    assert_eq!((tree.len(), tree.size()), (2, (3 << 20) + 1));

    // Pushed history is fetched again by somebody else, in protocol 2 and in protocol 0.
    for version in ["2", "0"] {
        let option = format!("protocol.version={version}");
        let target = format!("again{version}");
        must(root.path(), &["-c", &option, "clone", "-q", &address, &target]).await;
        assert_eq!(std::fs::read(root.path().join(target).join("big.bin")).unwrap(), noise(3 << 20));
    }
    let options = SourceOptions::default();
    let cache = root.path().join("cache");
    let (commit, fetched) = GitSource::fetch(&address, Some("topic"), &cache, &options).await.unwrap();
    assert_eq!(
        (Some(commit.clone()), fetched),
        (forge.head(&repository(), &BranchName::main()).await.unwrap(), tree)
    );
    let missing = GitSource::fetch(&address, Some("nothing"), &cache, &options).await.unwrap_err();
    assert!(matches!(missing, RemoteError::RevisionMissing { .. }), "{missing}");

    // A push can delete a branch, but not the one that clones check out.
    must(&work, &["push", "-q", "origin", ":refs/heads/topic"]).await;
    let (deleted, text) = git(&work, &["push", "-q", "origin", ":refs/heads/main"]).await;
    assert!(!deleted && text.contains("deletion of the current branch"), "{text}");
    let told: Vec<RefUpdate> = updates.lock().unwrap().concat();
    let shown: Vec<(&str, bool, bool)> = told
        .iter()
        .map(|update| (update.name.as_str(), update.before.is_some(), update.after.is_some()))
        .collect();
    assert_eq!(
        shown,
        [
            ("refs/heads/main", false, true),
            ("refs/heads/topic", false, true),
            ("refs/tags/main", false, true),
            ("refs/heads/topic", true, false)
        ]
    );
    assert_eq!(told[0].after, Some(commit));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_above_the_limit_is_refused_and_the_client_told_why() {
    let root = tempfile::tempdir().unwrap();
    let (forge, address, updates) = serve(&root.path().join("forge"), 1 << 20).await;
    let work = root.path().join("work");
    must(root.path(), &["init", "-q", "work"]).await;
    std::fs::write(work.join("big.bin"), noise(8 << 20)).unwrap();
    must(&work, &["add", "."]).await;
    must(&work, &["commit", "-q", "-m", "Too much"]).await;
    let (pushed, text) = git(&work, &["push", &address, "main"]).await;
    assert!(!pushed && text.contains("pack exceeds maximum allowed size"), "{text}");
    assert_eq!(forge.branches(&repository()).await.unwrap(), []);
    assert!(updates.lock().unwrap().concat().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_and_hostile_requests_end_with_an_error() {
    let root = tempfile::tempdir().unwrap();
    let (forge, _, _) = serve(&root.path().join("forge"), 1 << 20).await;
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..80 {
        bomb.write_all(&vec![b'0'; 1 << 20]).unwrap();
    }
    let cases: [(GitService, bool, Vec<u8>); 4] = [
        (GitService::UploadPack, true, bomb.finish().unwrap()),
        (GitService::UploadPack, true, b"not gzip".to_vec()),
        (GitService::UploadPack, false, b"zzzz".to_vec()),
        (GitService::ReceivePack, false, b"00ff half a line".to_vec()),
    ];
    for (service, gzip, body) in cases {
        let body = std::io::Cursor::new(body);
        let exchange = forge.exchange(&repository(), service, Some("version=9"), gzip, body).await.unwrap();
        let _: Vec<_> = exchange.output.collect().await;
        assert!(exchange.done.await.unwrap().is_err(), "{service:?} {gzip}");
        assert_eq!(exchange.updated.await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_ends_when_its_client_goes_away() {
    let root = tempfile::tempdir().unwrap();
    let (forge, _, _) = serve(&root.path().join("forge"), 1 << 20).await;
    // A client that never finishes its request, and does not want the answer either.
    let (_open, body) = tokio::io::duplex(16);
    let exchange = forge.exchange(&repository(), GitService::UploadPack, None, false, body).await.unwrap();
    drop(exchange.output);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(5), exchange.done).await;
    assert!(ended.is_ok(), "the fetch still runs");
}

fn password(user: &str, password: &str) -> fairway_remote::GitCredential {
    let password = fairway_domain::Secret::new(password.to_owned());
    fairway_remote::GitCredential::Password { user: user.to_owned(), password }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_goes_to_its_host_and_a_refusal_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/private.git", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut authorizations = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0_u8; 8192];
            let count = stream.read(&mut request).await.unwrap();
            let text = String::from_utf8_lossy(&request[..count]).to_ascii_lowercase();
            authorizations.push(text.lines().any(|line| line == "authorization: basic dtpzzwnyzxq="));
            let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(refusal.as_bytes()).await.unwrap();
        }
        authorizations
    });
    let cache = tempfile::tempdir().unwrap();
    let mut options = SourceOptions::default();
    for credential in [None, Some(password("u", "secret"))] {
        options.credential = credential;
        let error = GitSource::fetch(&address, None, cache.path(), &options).await.unwrap_err();
        assert!(matches!(error, RemoteError::Authentication { .. }), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(asked.await.unwrap(), [false, true]);
}

/// A push that does not ask for its outcome would move a branch without a trace.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_nobody_could_record_moves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let (forge, address, updates) = serve(&root.path().join("forge"), 1 << 20).await;
    let work = root.path().join("work");
    must(root.path(), &["init", "-q", "work"]).await;
    must(&work, &["commit", "-q", "--allow-empty", "-m", "First"]).await;
    must(&work, &["push", "-q", &address, "main"]).await;
    let head = must(&work, &["rev-parse", "main"]).await.trim().to_owned();
    assert_eq!(updates.lock().unwrap().concat().len(), 1);
    let command = format!("{} {head} refs/heads/hidden\0 ofs-delta", "0".repeat(40));
    let mut body = format!("{:04x}{command}0000", command.len() + 4).into_bytes();
    // The pack of nothing, with its checksum.
    body.extend(b"PACK\0\0\0\x02\0\0\0\0");
    body.extend([
        0x02, 0x9d, 0x08, 0x82, 0x3b, 0xd8, 0xa8, 0xea, 0xb5, 0x10, 0xad, 0x6a, 0xc7, 0x5c, 0x82, 0x3c, 0xfd,
        0x3e, 0xd3, 0x1e,
    ]);
    let body = std::io::Cursor::new(body);
    let exchange = forge.exchange(&repository(), GitService::ReceivePack, None, false, body).await.unwrap();
    let _: Vec<_> = exchange.output.collect().await;
    assert!(exchange.done.await.unwrap().is_err());
    assert_eq!(forge.branches(&repository()).await.unwrap().len(), 1);
}

/// An address is checked before git is given it; what it redirects to is not.
#[tokio::test(flavor = "multi_thread")]
async fn redirects_lead_nowhere() {
    let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let secret = inside.local_addr().unwrap();
    let outside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/a/b.git", outside.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = outside.accept().await {
            let mut request = vec![0_u8; 8192];
            let _ = stream.read(&mut request).await;
            let answer = format!(
                "HTTP/1.1 302 Found\r\nLocation: http://{secret}/a/b.git/info/refs?service=git-upload-pack\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let cache = tempfile::tempdir().unwrap();
    let options = SourceOptions::default();
    let fetched = GitSource::fetch(&address, None, cache.path(), &options);
    tokio::select! {
        error = fetched => {
            let error = error.unwrap_err().to_string();
            assert!(error.contains("leads elsewhere"), "{error}");
        }
        _ = inside.accept() => panic!("the redirect was followed"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judge_sees_what_a_push_brings_before_a_branch_moves() {
    let root = tempfile::tempdir().unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&seen);
    let judge: PushJudge = Arc::new(move |push| {
        let told = Arc::clone(&told);
        Box::pin(async move {
            let mut texts = Vec::new();
            let files = push.new_files().await.unwrap();
            push.look_at(&files, 1 << 20, |file, bytes| {
                texts.push(format!("{}={}", file.path, String::from_utf8_lossy(bytes)));
            })
            .await
            .unwrap();
            let before = push.updates[0].before.clone();
            if let Some(before) = before {
                let old = push.file(&before, "a b.txt", 100).await.unwrap().unwrap_or_default();
                texts.push(format!("before={}", String::from_utf8_lossy(&old)));
            }
            let bad = texts.iter().any(|text| text.contains("bad"));
            told.lock().unwrap().extend(texts);
            let said = "look here\nand there\n".to_owned();
            if bad {
                PushVerdict { refusal: Some(said), remark: None }
            } else {
                PushVerdict { refusal: None, remark: Some(said) }
            }
        })
    });
    let forge = Forge::open(&root.path().join("forge")).await.unwrap().with_judge(judge);
    let (forge, address, updates) = serve_forge(forge).await;
    let work = root.path().join("work");
    must(root.path(), &["clone", "-q", &address, "work"]).await;
    must(&work, &["checkout", "-q", "-B", "main"]).await;
    let commit = async |text: &str| {
        std::fs::write(work.join("a b.txt"), text).unwrap();
        must(&work, &["add", "."]).await;
        must(&work, &["commit", "-q", "-m", text]).await;
    };
    commit("good").await;
    let text = must(&work, &["push", "origin", "main"]).await;
    assert!(text.contains("remote: look here") && text.contains("remote: and there"), "{text}");

    // What is in a commit between is seen as well.
    commit("bad").await;
    commit("mended").await;
    let (pushed, text) = git(&work, &["push", "origin", "main"]).await;
    assert!(
        !pushed && text.contains("remote: and there") && text.contains("pre-receive hook declined"),
        "{text}"
    );
    let head = forge.head(&repository(), &BranchName::main()).await.unwrap().unwrap();
    let tree = forge.tree(&repository(), head.as_str(), None, TreeLimits::default()).await.unwrap();
    assert_eq!(tree.iter().next().unwrap().1.text(), Some("good"), "the branch did not move");
    assert_eq!(updates.lock().unwrap().concat().len(), 1);
    let mut seen = seen.lock().unwrap().clone();
    seen.sort();
    assert_eq!(seen, ["a b.txt=bad", "a b.txt=good", "a b.txt=mended", "before=good"]);

    // A push that brings no objects, and one that deletes, are asked about too and have nothing new.
    must(&work, &["push", "-q", "origin", "HEAD~2:refs/heads/topic"]).await;
    must(&work, &["push", "-q", "origin", ":refs/heads/topic"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judge_sees_which_files_a_branch_would_get_or_change() {
    let root = tempfile::tempdir().unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&seen);
    let judge: PushJudge = Arc::new(move |push| {
        let told = Arc::clone(&told);
        Box::pin(async move {
            for update in &push.updates {
                let files = push.changed_files(update, &BranchName::main()).await.unwrap();
                let contents = push.contents(&files, 1 << 20).await.unwrap();
                let all = match &update.after {
                    Some(after) => push.listed_files(after).await.unwrap().len(),
                    None => 0,
                };
                let files: Vec<String> = files
                    .iter()
                    .zip(contents)
                    .map(|(file, bytes)| {
                        format!("{}={}", file.path, String::from_utf8(bytes.unwrap()).unwrap())
                    })
                    .collect();
                told.lock().unwrap().push(format!("{} {} of {all}", update.name, files.join(" ")));
            }
            PushVerdict::default()
        })
    });
    let forge = Forge::open(&root.path().join("forge")).await.unwrap().with_judge(judge);
    let (_forge, address, _updates) = serve_forge(forge).await;
    let work = root.path().join("work");
    must(root.path(), &["clone", "-q", &address, "work"]).await;
    must(&work, &["checkout", "-q", "-B", "main"]).await;
    let commit = async |file: &str, text: &str| {
        std::fs::write(work.join(file), text).unwrap();
        must(&work, &["add", "."]).await;
        must(&work, &["commit", "-q", "-m", text]).await;
    };
    commit("a", "1").await;
    commit("b", "1").await;
    must(&work, &["push", "-q", "origin", "main"]).await;
    commit("b", "2").await;
    must(&work, &["push", "-q", "origin", "main"]).await;
    // A new branch is compared with where it left the trunk, and later with where it was.
    must(&work, &["checkout", "-q", "-b", "topic"]).await;
    commit("c", "1").await;
    must(&work, &["rm", "-q", "a"]).await;
    must(&work, &["commit", "-q", "-m", "without a"]).await;
    must(&work, &["push", "-q", "origin", "topic"]).await;
    commit("c", "2").await;
    must(&work, &["push", "-q", "origin", "topic"]).await;
    must(&work, &["push", "-q", "origin", ":topic"]).await;
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "refs/heads/main a=1 b=1 of 2",
            "refs/heads/main b=2 of 2",
            "refs/heads/topic c=1 of 2",
            "refs/heads/topic c=2 of 2",
            "refs/heads/topic  of 0",
        ]
    );
}
