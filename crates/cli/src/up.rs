//! `fairway up` and `fairway serve`: the same server, for a laptop and for production.

use std::path::{Path, PathBuf};
use std::time::Instant;

use fairway_app::AppConfig;
use fairway_app::PushAnswer;
use fairway_catalog::Rules;

use crate::admission::AdmissionServerArguments;
use crate::failure::CliError;
use crate::launch::{self, Launch};
use crate::logs::LogFormat;

/// What both commands take.
#[derive(Clone, Debug, clap::Args)]
pub struct ServerArguments {
    /// The folder for the database, the repositories and caches
    #[arg(long, env = "FAIRWAY_DATA", default_value = "./data", value_name = "DIR")]
    data: PathBuf,
    /// The port to listen on; 0 takes a free one
    #[arg(long, env = "FAIRWAY_PORT", default_value_t = 7007)]
    port: u16,
    /// The address to listen on
    #[arg(long, env = "FAIRWAY_HOST", default_value = "127.0.0.1")]
    host: String,
    /// The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; fairway.db in the data folder by default
    #[arg(long, env = "FAIRWAY_DATABASE", hide_env_values = true, value_name = "URL")]
    database: Option<String>,
    /// The address that people reach the portal at, when it is not the one it listens on
    #[arg(long, env = "FAIRWAY_BASE_URL", value_name = "URL")]
    base_url: Option<String>,
    /// A host, for example github.com, that templates mean the embedded forge by; can be repeated
    #[arg(long = "forge-host", env = "FAIRWAY_FORGE_HOST", value_delimiter = ',', value_name = "HOST")]
    forge_hosts: Vec<String>,
    /// The origin of another site, for example https://backstage.example.com, whose pages may use the interface; can
    /// be repeated
    #[arg(long = "allow-origin", env = "FAIRWAY_ALLOW_ORIGIN", value_delimiter = ',', value_name = "URL")]
    allowed_origins: Vec<String>,
    /// A host, NAME or NAME:PORT, that sources may be read from although it leads to this machine; can be repeated
    #[arg(long = "source-host", env = "FAIRWAY_SOURCE_HOST", value_delimiter = ',', value_name = "HOST")]
    source_hosts: Vec<String>,
    /// The organisation's name for people
    #[arg(long, env = "FAIRWAY_ORGANISATION", value_name = "NAME")]
    organisation: Option<String>,
    /// A file with Backstage's catalog rules (`catalog.rules`): which kinds of entities may come from where; without
    /// it every kind may come from everywhere
    #[arg(long, env = "FAIRWAY_CATALOG_RULES", value_name = "FILE")]
    catalog_rules: Option<PathBuf>,
    /// Keep entities that their sources no longer have, marked as orphans
    #[arg(long, env = "FAIRWAY_KEEP_ORPHANS")]
    keep_orphans: bool,
    /// What happens to pushes that bring secrets
    #[arg(long, env = "FAIRWAY_SECRETS_IN_PUSHES", value_enum, default_value_t, value_name = "ANSWER")]
    secrets_in_pushes: PushAnswerArgument,
    /// What happens to pushes of manifests that are against a policy which blocks: only the default branch of a
    /// repository is closed to them, and about other branches the client is told
    #[arg(long, env = "FAIRWAY_POLICIES_IN_PUSHES", value_enum, default_value_t, value_name = "ANSWER")]
    policies_in_pushes: PushAnswerArgument,
    /// Whom to trust about signatures: a trusted_root.json
    #[arg(long, env = "FAIRWAY_TRUST_ROOT", value_name = "FILE")]
    trust_root: Option<PathBuf>,
    /// Make a new administrator's code even when somebody has claimed the platform
    #[arg(long)]
    new_admin_code: bool,
    #[command(flatten)]
    admission: AdmissionServerArguments,
    /// How the log on standard error is written
    #[arg(long, env = "FAIRWAY_LOG", value_enum, value_name = "FORMAT")]
    log: Option<LogFormat>,
}

/// Start Fairway on this machine, with an example organisation on the first start
///
/// Everything is kept in the data folder; nothing else has to run. Whoever sits at this machine is let in as a
/// guest, as long as it listens on this machine only. Ctrl-C stops it; what was under way goes on at the next
/// start.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway up\n  fairway up --data /srv/fairway --port 8080 --open\n  fairway up --no-example --organisation \"Acme Outfitters\""
)]
pub struct UpArguments {
    #[command(flatten)]
    server: ServerArguments,
    /// Begin with an empty catalog
    #[arg(long)]
    no_example: bool,
    /// Open the portal in the browser once it is ready
    #[arg(long)]
    open: bool,
}

/// Start Fairway for production: no example, no guest, JSON logs
///
/// The same server as `fairway up`. Nobody is let in without signing in, also on the same machine. With
/// --log json one JSON object {address, adminCode} is printed on standard output once it is ready.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway serve --host 0.0.0.0 --base-url https://fairway.example.com\n  FAIRWAY_DATABASE=postgres://fairway@db/fairway fairway serve"
)]
pub struct ServeArguments {
    #[command(flatten)]
    server: ServerArguments,
}

/// Runs `fairway up` until it is stopped.
pub async fn up(arguments: UpArguments, started: Instant) -> Result<(), CliError> {
    let mut launch = arguments.server.launch(LogFormat::Text, started)?;
    launch.example = !arguments.no_example;
    launch.guest = true;
    launch.open = arguments.open;
    if launch.example && arguments.server.organisation.is_none() {
        "Acme Outfitters".clone_into(&mut launch.config.organisation);
    }
    launch::launch(launch).await
}

/// Runs `fairway serve` until it is stopped.
pub async fn serve(arguments: ServeArguments, started: Instant) -> Result<(), CliError> {
    let launch = arguments.server.launch(LogFormat::Json, started)?;
    launch::launch(launch).await
}

fn catalog_rules(file: &Path) -> Result<Rules, CliError> {
    let name = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|error| {
        CliError::usage(format!("the catalog rules {name} cannot be read: {error}"), None)
    })?;
    let text = fairway_yaml::decode(&name, &bytes).map_err(|found| CliError::Diagnostics(vec![*found]))?;
    let reading = fairway_yaml::read(&name, text, &fairway_yaml::Limits::default());
    if !reading.diagnostics.is_empty() {
        return Err(CliError::Diagnostics(reading.diagnostics));
    }
    let document = reading.documents.first();
    let document = document.ok_or_else(|| CliError::usage(format!("{name} holds no catalog rules"), None))?;
    Rules::parse(document).map_err(CliError::Diagnostics)
}

/// What happens to a push that brings what it should not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum PushAnswerArgument {
    /// It is refused, and told where they are
    #[default]
    Refuse,
    /// It goes on, and is told where they are
    Warn,
    /// Nobody looks
    Ignore,
}

impl From<PushAnswerArgument> for PushAnswer {
    fn from(answer: PushAnswerArgument) -> Self {
        match answer {
            PushAnswerArgument::Refuse => Self::Refuse,
            PushAnswerArgument::Warn => Self::Warn,
            PushAnswerArgument::Ignore => Self::Ignore,
        }
    }
}

/// The text of a trust root that can be used: a server that trusts nobody by mistake should not start.
fn trust_root(file: &Path) -> Result<String, CliError> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| CliError::usage(format!("{name} cannot be read: {error}"), None))?;
    fairway_supply::TrustRoot::read(&text)
        .map_err(|refusal| CliError::usage(format!("{name}: {refusal}"), None))?;
    Ok(text)
}

impl ServerArguments {
    fn launch(&self, log: LogFormat, started: Instant) -> Result<Launch, CliError> {
        if let Some(address) = &self.base_url {
            check_address(address)?;
        }
        for origin in &self.allowed_origins {
            check_origin(origin)?;
        }
        // Resolved against this folder once: the process may be asked about it from elsewhere.
        let data = std::path::absolute(&self.data).map_err(|error| {
            CliError::usage(format!("the data folder {}: {error}", self.data.display()), None)
        })?;
        let mut config = AppConfig::new(data, self.base_url.as_deref().unwrap_or_default());
        config.forge_hosts.clone_from(&self.forge_hosts);
        config.source_hosts.clone_from(&self.source_hosts);
        if let Some(database) = &self.database {
            config.database.clone_from(database);
        }
        if let Some(organisation) = &self.organisation {
            config.organisation.clone_from(organisation);
        }
        config.catalog.keep_orphans = self.keep_orphans;
        if let Some(file) = &self.catalog_rules {
            config.catalog.rules = catalog_rules(file)?;
        }
        config.secrets_in_pushes = self.secrets_in_pushes.into();
        config.policies_in_pushes = self.policies_in_pushes.into();
        if let Some(file) = &self.trust_root {
            config.trust_root = Some(trust_root(file)?);
        }
        config.kill_at_boundary = kill_at_boundary();
        Ok(Launch {
            config,
            host: self.host.clone(),
            port: self.port,
            named: self.base_url.is_some(),
            example: false,
            guest: false,
            open: false,
            allowed_origins: self.allowed_origins.clone(),
            admission: self.admission.launch(),
            new_admin_code: self.new_admin_code,
            log: self.log.unwrap_or(log),
            started,
        })
    }
}

fn check_address(address: &str) -> Result<(), CliError> {
    let url = url::Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    if url.is_some_and(|url| url.has_host() && url.query().is_none() && url.path() == "/") {
        return Ok(());
    }
    Err(CliError::usage(
        format!("\"{address}\" is no address that people could reach the portal at"),
        Some("write for example --base-url https://fairway.example.com, without a path"),
    ))
}

fn check_origin(text: &str) -> Result<(), CliError> {
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    if url.is_some_and(|url| url.origin().ascii_serialization() == text) {
        return Ok(());
    }
    Err(CliError::usage(
        format!("\"{text}\" is no origin of a site"),
        Some(
            "write for example --allow-origin https://backstage.example.com, without a path or a slash at its end",
        ),
    ))
}

/// In debug builds only: the boundary of a run at which the process ends without warning, which proves that
/// runs survive it.
fn kill_at_boundary() -> Option<u32> {
    if cfg!(debug_assertions) { std::env::var("FAIRWAY_KILL_AT_BOUNDARY").ok()?.parse().ok() } else { None }
}
