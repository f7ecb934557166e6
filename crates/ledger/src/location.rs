//! Where the ledger lives: an address, taken apart.

use std::fmt;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use url::Url;

use crate::LedgerError;

/// Which database holds the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file (or memory) of this process.
    Sqlite,
    /// A server that several replicas may share.
    Postgres,
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "Postgres",
        })
    }
}

/// A parsed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    Memory,
    File(PathBuf),
    Postgres(Url),
}

impl Location {
    /// Reads `sqlite:<path>`, `sqlite::memory:` or `postgres://…`. A path is taken literally, without percent
    /// signs or parameters, and may be relative to the working directory.
    pub(crate) fn parse(address: &str) -> Result<Self, LedgerError> {
        let refuse =
            |shown: &str, why: &str| LedgerError::Address { address: shown.to_owned(), why: why.to_owned() };
        if let Some(rest) = address.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            return match path {
                "" => Err(refuse(address, "it names no file")),
                ":memory:" => Ok(Self::Memory),
                _ if path.contains(['?', '\0']) => {
                    Err(refuse(address, "the path of a SQLite file takes no parameters"))
                }
                _ if path.ends_with('/') => Err(refuse(address, "it names a folder, not a file")),
                _ => Ok(Self::File(PathBuf::from(path))),
            };
        }
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            return match Url::parse(address) {
                Ok(url) => Ok(Self::Postgres(url)),
                Err(error) => {
                    // The text may hold a password, so it is not shown.
                    let scheme = address.split("://").next().unwrap_or_default();
                    Err(refuse(&format!("{scheme}://…"), &error.to_string()))
                }
            };
        }
        match address.split_once("://") {
            Some((scheme, _)) => Err(refuse(&format!("{scheme}://…"), "only SQLite and Postgres are known")),
            None => Err(refuse(address, "it does not say which kind of database")),
        }
    }

    pub(crate) const fn backend(&self) -> Backend {
        match self {
            Self::Memory | Self::File(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }
}

/// The address without a password and parameters.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => formatter.write_str("sqlite::memory:"),
            Self::File(path) => write!(formatter, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                write!(formatter, "{}://", url.scheme())?;
                if !url.username().is_empty() {
                    write!(formatter, "{}@", url.username())?;
                }
                formatter.write_str(url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(formatter, ":{port}")?;
                }
                formatter.write_str(url.path())
            }
        }
    }
}

/// The URL that the SQLite driver takes for a file, with everything percent-encoded that could end the path.
pub(crate) fn sqlite_url(path: &Path, mode: &str) -> String {
    let mut url = String::from("sqlite://");
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-') {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url + "?mode=" + mode
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::{Path, PathBuf};

    use super::{Location, sqlite_url};

    #[test]
    fn addresses_are_taken_apart() {
        for address in ["sqlite:/data/fairway.db", "sqlite:///data/fairway.db"] {
            assert_eq!(Location::parse(address).unwrap(), Location::File(PathBuf::from("/data/fairway.db")));
        }
        assert_eq!(Location::parse("sqlite:a.db").unwrap(), Location::File(PathBuf::from("a.db")));
        assert_eq!(Location::parse("sqlite::memory:").unwrap(), Location::Memory);
        for address in
            ["", "fairway.db", "sqlite:", "sqlite:a.db?mode=ro", "sqlite:/data/", "mysql://root:pw@h/d"]
        {
            let error = Location::parse(address).unwrap_err();
            assert!(error.hint().is_some() && !error.to_string().contains("pw"), "{error}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let location =
            Location::parse("postgres://ada:secret@db.example:5433/fairway?password=secret").unwrap();
        assert_eq!(location.to_string(), "postgres://ada@db.example:5433/fairway");
        let error = Location::parse("postgres://ada:secret@db:port/fairway").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn strange_file_names_survive() {
        assert_eq!(
            sqlite_url(Path::new("/a b/50%?#é.db"), "rwc"),
            "sqlite:///a%20b/50%25%3F%23%C3%A9.db?mode=rwc"
        );
    }
}
