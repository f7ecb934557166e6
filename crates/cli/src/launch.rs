//! Starts the application, serves it, and stops it in order.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fairway_app::clock::SystemClock;
use fairway_app::{App, AppConfig};
use fairway_server::{AdmissionServer, ServerOptions};
use tokio::net::TcpListener;

use crate::admission::AdmissionLaunch;
use crate::failure::CliError;
use crate::logs::LogFormat;
use crate::ready::Ready;
use crate::{example, logs, ready};

/// How long requests that are under way may take once a stop was asked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is started, and how.
pub struct Launch {
    /// The application's settings. Its address is filled in when it has none.
    pub config: AppConfig,
    /// The name or address to listen on.
    pub host: String,
    /// The port; 0 for a free one.
    pub port: u16,
    /// Whether the address for people was given.
    pub named: bool,
    /// Whether an empty platform gets the example organisation.
    pub example: bool,
    /// Whether whoever sits at this machine needs not sign in.
    pub guest: bool,
    /// Origins of other sites whose pages may use the interface.
    pub allowed_origins: Vec<String>,
    /// How clusters are served, if they are.
    pub admission: Option<AdmissionLaunch>,
    /// Whether the browser is opened.
    pub open: bool,
    /// Whether a new administrator's code is made in any case.
    pub new_admin_code: bool,
    /// How the log is written.
    pub log: LogFormat,
    /// When the process began.
    pub started: Instant,
}

/// Runs until a signal asks to stop.
pub async fn launch(launch: Launch) -> Result<(), CliError> {
    logs::start(launch.log);
    let (listener, address) = bind(&launch).await?;
    let loopback = address.ip().is_loopback();
    if !loopback && !launch.named {
        return Err(CliError::usage(
            format!(
                "{} can be reached from other machines, and Fairway does not know under which name",
                launch.host
            ),
            Some(
                "add --base-url with the address that people will use, for example https://fairway.example.com",
            ),
        ));
    }
    let mut config = launch.config;
    if !launch.named {
        config.base_url = format!("http://{}", shown_authority(&launch.host, address));
    }
    prepare_folder(&config.data)?;
    let admission = match &launch.admission {
        Some(wanted) => Some(bind_admission(wanted, &config).await?),
        None => None,
    };
    let app = App::open(config, Arc::new(SystemClock)).await?;

    let (code, example) =
        tokio::join!(app.admin_code(launch.new_admin_code), install_example(&app, launch.example));
    let (code, example) = (code?, example?);
    let resumed = app.take_up_runs().await?;

    let worker = worker_name(&app);
    let working = {
        let app = app.clone();
        tokio::spawn(async move { app.work(&worker).await })
    };
    let polling = {
        let app = app.clone();
        tokio::spawn(async move { app.schedule_sources().await })
    };
    let keeping = {
        let app = app.clone();
        tokio::spawn(async move { app.keep_house().await })
    };
    let linking = {
        let app = app.clone();
        tokio::spawn(async move { app.watch_links().await })
    };
    let watching = {
        let app = app.clone();
        tokio::spawn(async move { app.watch_guardrails().await })
    };
    let counting = {
        let app = app.clone();
        let is_asked = admission.is_some();
        if is_asked {
            app.refresh_admission().await?;
        }
        tokio::spawn(async move {
            if is_asked {
                app.keep_admissions().await;
            }
        })
    };
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let options = ServerOptions {
        guest: launch.guest && loopback,
        allowed_origins: launch.allowed_origins,
        version: env!("CARGO_PKG_VERSION"),
    };
    let clusters = admission.as_ref().and_then(|admission| admission.listener.local_addr().ok());
    let mut serving =
        tokio::spawn(fairway_server::serve(app.clone(), options, listener, admission, wait_for(stopped)));

    let ready = Ready {
        address: app.config().base_url.clone(),
        admission: clusters.map(|address| format!("https://{address}")),
        admin_code: code,
        data: app.config().data.clone(),
        database: fairway_database_word(&app).to_owned(),
        elapsed: launch.started.elapsed(),
        example,
        resumed,
    };
    ready::announce(&ready, launch.log);
    if launch.open {
        ready::open_browser(&ready.address);
    }

    let ended = tokio::select! {
        ended = &mut serving => Some(ended),
        () = asked_to_stop() => None,
    };
    let result = match ended {
        Some(Ok(result)) => {
            result.map_err(|error| CliError::failed(format!("the server ended: {error}"), None))
        }
        Some(Err(error)) => Err(CliError::failed(format!("the server ended: {error}"), None)),
        None => {
            tracing::info!("stopping: requests under way may end");
            stop.send_replace(true);
            tokio::select! {
                _ = tokio::time::timeout(PATIENCE, &mut serving) => {}
                // Whoever asks a second time means it.
                () = asked_to_stop() => {}
            }
            Ok(())
        }
    };
    serving.abort();
    counting.abort();
    if let Err(error) = app.write_admissions(true).await {
        tracing::warn!(%error, "what was refused to clusters last could not be written down: {error}");
    }
    polling.abort();
    keeping.abort();
    linking.abort();
    watching.abort();
    working.abort();
    // A run that is cut off here goes on at the next start.
    let _ = tokio::join!(working, polling, watching);
    if tokio::time::timeout(PATIENCE, app.close()).await.is_err() {
        tracing::warn!("the ledger did not close in time; it is sound all the same");
    }
    result
}

async fn bind(launch: &Launch) -> Result<(TcpListener, SocketAddr), CliError> {
    let (host, port) = (launch.host.trim_start_matches('[').trim_end_matches(']'), launch.port);
    let bound = match TcpListener::bind((host, port)).await {
        Ok(listener) => listener.local_addr().map(|address| (listener, address)),
        Err(error) => Err(error),
    };
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => CliError::Conflict {
            message: format!("port {port} of {host} is in use by another program"),
            hint: Some(format!(
                "Fairway may run already: look at http://{host}:{port}, or choose another port with --port"
            )),
        },
        io::ErrorKind::PermissionDenied => CliError::failed(
            format!("port {port} of {host} may not be used: {error}"),
            Some("ports below 1024 need rights; choose another with --port"),
        ),
        _ => CliError::usage(
            format!("\"{host}\" cannot be listened on: {error}"),
            Some("give an address of this machine with --host, for example 127.0.0.1 or 0.0.0.0"),
        ),
    })
}

/// Listens for clusters, with a certificate of Fairway's own where none was given.
async fn bind_admission(wanted: &AdmissionLaunch, config: &AppConfig) -> Result<AdmissionServer, CliError> {
    let certificate = if let Some(files) = &wanted.certificate {
        files.clone()
    } else {
        let mut names = wanted.names.clone();
        let host = url::Url::parse(&config.base_url).ok();
        names.extend(host.and_then(|url| Some(url.host_str()?.trim_matches(['[', ']']).to_owned())));
        fairway_server::certificate_files(&config.data, &names, jiff::Timestamp::now()).map_err(|error| {
            CliError::failed(
                error.to_string(),
                Some("give a certificate with --admission-certificate and --admission-key"),
            )
        })?
    };
    certificate.check().map_err(|error| {
        CliError::usage(
            format!("the certificate for admission cannot be used: {error}"),
            Some("--admission-certificate and --admission-key take PEM files that belong together"),
        )
    })?;
    let listener = TcpListener::bind(wanted.listen).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => CliError::Conflict {
            message: format!("{} is in use by another program", wanted.listen),
            hint: Some("choose another port with --admission-listen".to_owned()),
        },
        _ => CliError::usage(
            format!("{} cannot be listened on: {error}", wanted.listen),
            Some("give an address of this machine with --admission-listen, for example 0.0.0.0:8443"),
        ),
    })?;
    Ok(AdmissionServer { listener, certificate, settings: wanted.settings })
}

/// The authority of an address that listens here: the name that was asked for, with the port that it got.
fn shown_authority(host: &str, address: SocketAddr) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.contains(':') {
        format!("[{bare}]:{}", address.port())
    } else {
        format!("{bare}:{}", address.port())
    }
}

fn prepare_folder(data: &Path) -> Result<(), CliError> {
    let refused = |error: std::io::Error| {
        CliError::failed(
            format!("the data folder {} cannot be made: {error}", data.display()),
            Some("choose a folder that you may write to with --data"),
        )
    };
    let is_new = !data.exists();
    std::fs::create_dir_all(data).map_err(refused)?;
    // Repositories and the ledger are nobody else's. A folder that was there keeps what its owner gave it.
    #[cfg(unix)]
    if is_new {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700)).map_err(refused)?;
    }
    Ok(())
}

/// Puts the example organisation into an empty platform; says whether it did.
async fn install_example(app: &App, wanted: bool) -> Result<bool, CliError> {
    if !wanted || !app.is_fresh().await? {
        return Ok(false);
    }
    app.install_example(example::repositories()?).await?;
    Ok(true)
}

/// On a ledger that one process holds, the worker takes its own jobs up again at once; replicas need names of
/// their own.
fn worker_name(app: &App) -> String {
    if fairway_database_word(app) == "SQLite" {
        return "local".to_owned();
    }
    let now = app.now().as_nanosecond();
    format!("{}-{now}", std::process::id())
}

fn fairway_database_word(app: &App) -> &'static str {
    if app.config().database.starts_with("postgres") { "Postgres" } else { "SQLite" }
}

async fn wait_for(mut stopped: tokio::sync::watch::Receiver<bool>) {
    let _: Result<_, _> = stopped.wait_for(|stopped| *stopped).await;
}

/// Returns at Ctrl-C, and at SIGTERM where there is such a thing.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn an_address_for_people_has_the_name_that_was_asked_for() {
        let at = |host: &str, address: &str| super::shown_authority(host, address.parse().unwrap());
        assert_eq!(at("localhost", "127.0.0.1:7007"), "localhost:7007");
        assert_eq!(at("::1", "[::1]:81"), "[::1]:81");
        assert_eq!(at("[::1]", "[::1]:81"), "[::1]:81");
    }
}
