//! The settings of one Fairway, resolved: nothing here is looked up in the environment again.

use std::path::PathBuf;

use crate::push_judge::PushAnswer;

/// The host name under which templates reach the embedded forge.
pub const EMBEDDED_HOST: &str = "fairway";

/// What the catalog takes in, and what it lets go.
#[derive(Clone, Debug, Default)]
pub struct CatalogOptions {
    /// Which kinds of entities may come from where.
    pub rules: fairway_catalog::Rules,
    /// Whether an entity that its source no longer has stays, marked as an orphan.
    pub keep_orphans: bool,
}

/// The settings of one Fairway.
#[derive(Clone, Debug)]
pub struct AppConfig {
    /// The folder for the embedded database, the repositories and caches.
    pub data: PathBuf,
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// The address people reach the portal at, without a slash at its end.
    pub base_url: String,
    /// Addresses that it had before; filled in from the ledger when the application is opened.
    pub former_base_urls: Vec<String>,
    /// The organisation's name for people.
    pub organisation: String,
    /// Hosts besides [`EMBEDDED_HOST`] that templates mean the embedded forge by, for example `github.com`.
    pub forge_hosts: Vec<String>,
    /// The largest push in bytes.
    pub push_limit: u64,
    /// What happens to pushes that bring secrets.
    pub secrets_in_pushes: PushAnswer,
    /// What happens to pushes of manifests that are against a policy which blocks. Only the default branch is closed to
    /// them; about others the client is told.
    pub policies_in_pushes: PushAnswer,
    /// Whom to trust about signatures: the text of a `trusted_root.json`.
    pub trust_root: Option<String>,
    /// Hosts (`name` or `name:port`) that sources may be read from although they lead to this machine, for
    /// example a forge that runs beside Fairway.
    pub source_hosts: Vec<String>,
    /// What the catalog takes in, and what it lets go.
    pub catalog: CatalogOptions,
    /// Whether folders of this machine may be registered as sources.
    pub allow_file_sources: bool,
    /// In debug builds: end the process without warning at this boundary of a run, counted from 1 over the
    /// life of the process. Proves that runs survive it.
    pub kill_at_boundary: Option<u32>,
}

impl AppConfig {
    /// Settings for a data folder, with the embedded database.
    pub fn new(data: impl Into<PathBuf>, base_url: &str) -> Self {
        let data = data.into();
        let database = format!("sqlite:{}", data.join("fairway.db").display());
        Self {
            data,
            database,
            base_url: base_url.trim_end_matches('/').to_owned(),
            former_base_urls: Vec::new(),
            organisation: "Fairway".to_owned(),
            forge_hosts: Vec::new(),
            push_limit: 64 * 1024 * 1024,
            secrets_in_pushes: PushAnswer::default(),
            policies_in_pushes: PushAnswer::default(),
            trust_root: None,
            source_hosts: Vec::new(),
            catalog: CatalogOptions::default(),
            allow_file_sources: true,
            kill_at_boundary: None,
        }
    }
}
