//! Addresses of git repositories, as people copy them from a browser or a terminal.

use fairway_domain::tree::TreePath;
use url::Url;

use crate::RemoteError;

/// The longest address that is looked at.
const MAX_URL: usize = 2048;

/// A place in a git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitLocation {
    /// What to clone; for local folders, their path.
    pub clone_url: String,
    /// The branch, tag or commit; the default branch for `None`.
    pub reference: Option<String>,
    /// The file or folder; the whole repository for `None`.
    pub path: Option<TreePath>,
}

/// Understands clone addresses (`https://`, `http://`, `ssh://`, `git://`, `git@host:owner/name.git`) and the
/// browser's addresses of files and folders on GitHub (`/blob/`, `/tree/`), GitLab (`/-/blob/`), Gitea and
/// Forgejo (`/src/branch/`) and Bitbucket (`/src/`).
///
/// A browser's address does not tell where the reference ends and the path begins, so the reference is taken
/// to be one segment; a branch with `/` in its name may be written with `%2F`.
///
/// # Errors
/// [`RemoteError::BadUrl`], which never repeats a password.
pub fn parse_git_url(text: &str) -> Result<GitLocation, RemoteError> {
    let text = text.trim();
    let bad =
        |reason: &str| RemoteError::BadUrl { url: without_credentials(text), reason: reason.to_owned() };
    if text.is_empty() || text.len() > MAX_URL || text.starts_with('-') || text.chars().any(char::is_control)
    {
        return Err(bad("expected an address such as https://github.com/owner/name"));
    }
    let text = text.strip_prefix("git+").unwrap_or(text);
    if !text.contains("://") {
        return scp_like(text)
            .ok_or_else(|| bad("expected an address such as https://github.com/owner/name"));
    }
    let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "https" | "http" | "ssh" | "git") {
        return Err(bad("only https, http, ssh and git addresses can be fetched"));
    }
    if url.password().is_some() || (url.scheme().starts_with("http") && !url.username().is_empty()) {
        return Err(bad("an address must not hold credentials; configure them for the host instead"));
    }
    let segments: Vec<&str> =
        url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty()).collect();
    // Git and ssh refuse these too; an option in the place of a host has been a hole in both.
    if url.host_str().is_some_and(|host| host.starts_with('-')) || url.username().starts_with('-') {
        return Err(bad("a host or user cannot begin with \"-\""));
    }
    // Git decodes a whole ssh or git address before it looks for the host in it, so what was checked here would
    // not be what it connects to.
    let authority = text.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if !url.scheme().starts_with("http") && authority.contains('%') {
        return Err(bad("a host or user cannot hold \"%\""));
    }
    if url.host_str().is_none_or(str::is_empty) || segments.is_empty() {
        return Err(bad("it names no repository"));
    }
    if !url.scheme().starts_with("http") {
        return Ok(GitLocation { clone_url: text.to_owned(), reference: None, path: None });
    }
    let Some((repository, view)) = split_view(url.host_str().unwrap_or_default(), &segments) else {
        let mut plain = url.clone();
        plain.set_query(None);
        plain.set_fragment(None);
        let clone_url = plain.as_str().trim_end_matches('/').to_owned();
        return Ok(GitLocation { clone_url, reference: None, path: None });
    };
    let mut view = view.iter().map(|segment| decoded(segment));
    let reference = view.next().flatten().filter(|reference| is_reference(reference));
    let reference = reference.ok_or_else(|| bad("it names no branch, tag or commit that can be used"))?;
    let rest: Option<Vec<String>> = view.collect();
    let path = rest.ok_or_else(|| bad("its path is not UTF-8"))?.join("/");
    let path = (!path.is_empty()).then(|| TreePath::lenient(&path)).transpose();
    let mut clone = url.clone();
    clone.set_query(None);
    clone.set_fragment(None);
    if url.host_str() == Some("raw.githubusercontent.com") {
        clone.set_host(Some("github.com")).map_err(|error| bad(&error.to_string()))?;
    }
    clone.set_path(&format!("{}.git", repository.join("/").trim_end_matches(".git")));
    Ok(GitLocation {
        clone_url: clone.into(),
        reference: Some(reference),
        path: path.map_err(|error| bad(&error.to_string()))?,
    })
}

/// The segments of the repository, and those from the reference on.
fn split_view<'a, 'b>(host: &str, segments: &'a [&'b str]) -> Option<(&'a [&'b str], &'a [&'b str])> {
    // GitLab marks the end of the (arbitrarily nested) project with "-".
    if let Some(dash) = segments.iter().position(|&segment| segment == "-") {
        let is_view = matches!(segments.get(dash + 1), Some(&("blob" | "tree" | "raw" | "blame")));
        return is_view.then_some((segments.get(..dash)?, segments.get(dash + 2..)?));
    }
    let repository = segments.get(..2)?;
    if host == "raw.githubusercontent.com" {
        return Some((repository, segments.get(2..)?));
    }
    match (segments.get(2).copied(), segments.get(3).copied()) {
        (Some("src" | "raw" | "media"), Some("branch" | "tag" | "commit")) => {
            Some((repository, segments.get(4..)?))
        }
        (Some("blob" | "tree" | "src" | "raw" | "blame" | "edit"), Some(_)) => {
            Some((repository, segments.get(3..)?))
        }
        _ => None,
    }
}

/// `git@host:owner/name.git`, ssh's own way to write it.
fn scp_like(text: &str) -> Option<GitLocation> {
    let (host, path) = text.split_once(':')?;
    let plain = |text: &str| {
        !text.is_empty()
            && !text.starts_with('-')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./~".contains(c))
    };
    let (user, name) = host.split_once('@').unwrap_or(("git", host));
    // A single letter is a drive, not a host.
    let valid = plain(user) && plain(name) && name.len() > 1 && !name.contains('/') && plain(path);
    valid.then(|| GitLocation {
        clone_url: format!("ssh://{user}@{name}/{}", path.trim_start_matches('/')),
        reference: None,
        path: None,
    })
}

/// Whether a text can be asked for as a branch, tag or commit.
pub(crate) fn is_reference(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 250
        && !text.starts_with(['-', '/', '.', '+'])
        && !text.ends_with(['/', '.'])
        && !text.contains("..")
        && text.chars().all(|c| c.is_alphanumeric() || "-_./+#@".contains(c))
}

/// Undoes `%xx`; `None` when it is no UTF-8 then.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = (byte == b'%').then(|| after.get(..2)).flatten();
        let value = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(value.unwrap_or(byte));
        rest = if value.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(bytes).ok()
}

/// The address for messages: nothing between `//` and `@`.
pub(crate) fn without_credentials(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    let Some((scheme, rest)) = shown.split_once("://") else { return shown };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("{scheme}://{}", rest.get(at + 1..).unwrap_or_default()),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{parse_git_url, without_credentials};

    fn parsed(text: &str) -> (String, String, String) {
        let found = parse_git_url(text).unwrap();
        (
            found.clone_url,
            found.reference.unwrap_or_default(),
            found.path.map(|path| path.to_string()).unwrap_or_default(),
        )
    }

    fn expect(text: &str, clone_url: &str, reference: &str, path: &str) {
        assert_eq!(parsed(text), (clone_url.to_owned(), reference.to_owned(), path.to_owned()), "{text}");
    }

    #[test]
    fn addresses_of_every_common_host_are_understood() {
        expect("https://github.com/a/b", "https://github.com/a/b", "", "");
        expect("https://github.com/a/b/", "https://github.com/a/b", "", "");
        expect("https://github.com/a/b/tree/main", "https://github.com/a/b.git", "main", "");
        expect(
            "https://github.com/a/b/blob/v1/x/catalog-info.yaml#L3",
            "https://github.com/a/b.git",
            "v1",
            "x/catalog-info.yaml",
        );
        expect(
            "https://raw.githubusercontent.com/a/b/main/c%20d.yaml",
            "https://github.com/a/b.git",
            "main",
            "c d.yaml",
        );
        expect(
            "https://gitlab.com/g/s/p/-/blob/main/x.yaml?ref_type=heads",
            "https://gitlab.com/g/s/p.git",
            "main",
            "x.yaml",
        );
        expect(
            "https://git.acme.test:3000/a/b/src/branch/feature%2Fx/docs",
            "https://git.acme.test:3000/a/b.git",
            "feature/x",
            "docs",
        );
        expect("https://bitbucket.org/a/b/src/master/x", "https://bitbucket.org/a/b.git", "master", "x");
        expect("git@github.com:a/b.git", "ssh://git@github.com/a/b.git", "", "");
        expect("ssh://git@host:22/a/b.git", "ssh://git@host:22/a/b.git", "", "");
    }

    #[test]
    fn hostile_addresses_are_refused() {
        for text in [
            "",
            "--upload-pack=touch /tmp/x",
            "file:///etc/passwd",
            "ext::sh -c id",
            "/etc",
            "https://",
            "https://github.com/a/b/blob/--output=x/y",
            "https://github.com/a/b/blob/main/..%2F..%2Fetc",
            "ssh://-oProxyCommand=id/a",
            "-oProxyCommand=id:a/b",
            "ssh://127%2e0.0.1/a/b",
            "git://127.0.0.1%2fx.example/a/b",
            "ssh://git%40127.0.0.1%3a22%2f@host.example/a",
            "https://user:secret@host/a/b",
            "https://token@host/a/b",
        ] {
            let error = parse_git_url(text).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn messages_hold_no_credentials() {
        assert_eq!(without_credentials("https://u:p@h/a@b"), "https://h/a@b");
        assert_eq!(without_credentials("https://h/a@b"), "https://h/a@b");
    }
}
