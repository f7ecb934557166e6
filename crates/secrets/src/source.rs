//! What is known of a file by its name and first bytes.

/// How many bytes tell whether a file is text.
const LOOK_BYTES: usize = 8 * 1024;

/// Whether it is no text: a zero byte near its beginning, as git decides.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    let look = bytes.get(..bytes.len().min(LOOK_BYTES)).unwrap_or(bytes);
    memchr::memchr(0, look).is_some()
}

fn name_of(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn extension(path: &str) -> &str {
    name_of(path).rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Whether values stand without quotes in it: settings, not code.
pub(crate) fn is_settings(path: &str) -> bool {
    const EXTENSIONS: [&str; 13] = [
        "env",
        "properties",
        "ini",
        "cfg",
        "conf",
        "yaml",
        "yml",
        "toml",
        "tfvars",
        "netrc",
        "pgpass",
        "cnf",
        "list",
    ];
    let name = name_of(path).to_ascii_lowercase();
    let extension = extension(&name);
    EXTENSIONS.contains(&extension)
        || name.starts_with(".env")
        || matches!(name.as_str(), ".npmrc" | ".netrc" | ".pypirc" | ".pgpass" | "dockerfile" | "credentials")
}

/// Files that programs write, where long random texts are checksums and no passwords.
pub(crate) fn is_generated(path: &str) -> bool {
    const NAMES: [&str; 12] = [
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "cargo.lock",
        "go.sum",
        "poetry.lock",
        "uv.lock",
        "composer.lock",
        "gemfile.lock",
        "flake.lock",
        "pipfile.lock",
    ];
    let name = name_of(path).to_ascii_lowercase();
    NAMES.contains(&name.as_str())
        || [".min.js", ".min.css", ".map", ".svg", ".snap", ".sum"].iter().any(|end| name.ends_with(end))
}
