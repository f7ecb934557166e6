//! Embeds the example organisation, the golden paths and the policies, so that the binary needs no files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What tools leave behind, which is no part of a template.
const LEFT_OUT: [&str; 8] =
    [".git", "__pycache__", "node_modules", "target", ".venv", ".pytest_cache", ".mypy_cache", "dist"];

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var(name).map(PathBuf::from).map_err(io::Error::other);
    let root = variable("CARGO_MANIFEST_DIR")?.join("../..").canonicalize()?;
    let mut code = String::new();
    for (name, folder) in [("ACME", "examples/acme"), ("TEMPLATES", "templates"), ("POLICIES", "policies")] {
        let folder = root.join(folder);
        let mut files = Vec::new();
        collect(&folder, &mut files)?;
        files.sort();
        writeln!(code, "static {name}: &[EmbeddedFile] = &[").map_err(io::Error::other)?;
        for file in files {
            let inside =
                file.strip_prefix(&folder).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
            let executable = is_executable(&file)?;
            writeln!(
                code,
                "    EmbeddedFile {{ path: {inside:?}, executable: {executable}, bytes: include_bytes!({:?}) }},",
                file.display().to_string()
            )
            .map_err(io::Error::other)?;
        }
        code.push_str("];\n");
    }
    fs::write(variable("OUT_DIR")?.join("embedded.rs"), code)?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

/// Finds the files, and tells cargo to look at every folder for new ones.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_none_or(|name| LEFT_OUT.contains(&name)) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(unix)]
fn is_executable(file: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(file)?.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> io::Result<bool> {
    Ok(false)
}
