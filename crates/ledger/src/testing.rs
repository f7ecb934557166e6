//! Postgres for tests: a private cluster of this test process, and a fresh database for each test.

#![allow(clippy::print_stderr, clippy::panic)] // tests are told why they skip, and fail loudly

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sqlx::{Connection as _, PgConnection};
use url::Url;

/// Names the environment variable with the address of a server whose user may create databases.
pub const POSTGRES_VARIABLE: &str = "FAIRWAY_TEST_POSTGRES";

/// A database that goes away when it is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    url: Url,
    name: String,
    server: Url,
    cluster: Option<Arc<Cluster>>,
}

impl TestDatabase {
    /// A fresh database on the server that `FAIRWAY_TEST_POSTGRES` names, or else on a private cluster when
    /// Postgres is installed. `None`, with a message on standard error, when there is neither.
    ///
    /// # Panics
    ///
    /// When there is a server, but it makes no database.
    pub async fn create() -> Option<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (server, cluster) = if let Ok(url) = std::env::var(POSTGRES_VARIABLE) {
            let url = Url::parse(&url);
            (url.unwrap_or_else(|error| panic!("{POSTGRES_VARIABLE} is no address: {error}")), None)
        } else {
            let cluster = tokio::task::spawn_blocking(Cluster::shared).await.ok().flatten()?;
            (cluster.url.clone(), Some(cluster))
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fairway_test_{}_{count}", std::process::id());
        execute(&server, format!("CREATE DATABASE {name}"))
            .await
            .unwrap_or_else(|error| panic!("cannot create the database {name}: {error}"));
        let mut url = server.clone();
        url.set_path(&name);
        Some(Self { url, name, server, cluster })
    }

    /// A fresh database on a private cluster that no other test shares, so that it can be stopped. It keeps what
    /// it confirmed when it is stopped without warning. `None` when Postgres is not installed.
    ///
    /// # Panics
    ///
    /// When Postgres is installed, but the cluster does not start or makes no database.
    pub async fn create_alone() -> Option<Self> {
        let programs = find_programs()?;
        let cluster = tokio::task::spawn_blocking(|| Cluster::start(programs, "-c synchronous_commit=on"))
            .await
            .ok()?
            .unwrap_or_else(|error| panic!("Postgres is installed, but a cluster does not start: {error}"));
        let (server, name) = (cluster.url.clone(), "fairway_test_alone".to_owned());
        execute(&server, format!("CREATE DATABASE {name}"))
            .await
            .unwrap_or_else(|error| panic!("cannot create the database {name}: {error}"));
        let mut url = server.clone();
        url.set_path(&name);
        Some(Self { url, name, server, cluster: Some(Arc::new(cluster)) })
    }

    /// Stops the cluster without warning, as a crash would. Only for one that [`TestDatabase::create_alone`] made.
    ///
    /// # Panics
    ///
    /// When it does not stop.
    pub async fn stop(&self) {
        self.control(|cluster| cluster.stop("immediate")).await;
    }

    /// Starts the cluster again.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start(&self) {
        self.control(Cluster::serve).await;
    }

    async fn control(&self, act: impl FnOnce(&Cluster) -> Result<(), String> + Send + 'static) {
        let cluster = self.cluster.clone().unwrap_or_else(|| panic!("{POSTGRES_VARIABLE} names this server"));
        let acted = tokio::task::spawn_blocking(move || act(&cluster)).await;
        acted.unwrap_or_else(|error| panic!("{error}")).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The address, for [`Ledger::open`](crate::Ledger::open).
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Ends every connection to the database, as a restart of the server would.
    ///
    /// # Panics
    ///
    /// When the server does not.
    pub async fn cut_connections(&self) {
        let statement =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.name);
        execute(&self.server, statement)
            .await
            .unwrap_or_else(|error| panic!("cannot end the connections to {}: {error}", self.name));
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.cluster.is_some() {
            return; // it goes away with its cluster
        }
        let (server, statement) = (self.server.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(execute(&server, statement)))
        });
        let _ = dropping.join();
    }
}

async fn execute(server: &Url, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(server.as_str()).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}

/// A running cluster that nobody else knows. It is stopped and removed when it is dropped.
#[derive(Debug)]
struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    url: Url,
    settings: String,
}

impl Cluster {
    /// The cluster of this process, started when nobody uses it at the moment.
    fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cluster) = shared.upgrade() {
            return Some(cluster);
        }
        let Some(programs) = find_programs() else {
            eprintln!("skipped: Postgres is not installed, and {POSTGRES_VARIABLE} is not set");
            return None;
        };
        match Self::start(programs, "-c synchronous_commit=off") {
            Ok(cluster) => {
                let cluster = Arc::new(cluster);
                *shared = Arc::downgrade(&cluster);
                Some(cluster)
            }
            Err(error) => panic!("Postgres is installed, but a cluster does not start: {error}"),
        }
    }

    fn start(programs: PathBuf, settings: &str) -> Result<Self, String> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("fairway-postgres-{}-{count}", std::process::id()));
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| error.to_string())?
            .port();
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
        let url = Url::parse(&url).map_err(|error| error.to_string())?;
        // From here on, what was started is stopped when this is dropped.
        let settings = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off {settings} \
             -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB"
        );
        let cluster = Self { folder, programs, url, settings };
        let data = cluster.folder.to_string_lossy().into_owned();
        cluster.run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])?;
        cluster.serve()?;
        Ok(cluster)
    }

    fn serve(&self) -> Result<(), String> {
        let data = self.folder.to_string_lossy().into_owned();
        let log = self.folder.join("server.log").to_string_lossy().into_owned();
        self.run("pg_ctl", &["start", "-w", "-D", &data, "-l", &log, "-o", &self.settings])
    }

    fn stop(&self, mode: &str) -> Result<(), String> {
        let data = self.folder.to_string_lossy().into_owned();
        self.run("pg_ctl", &["stop", "-w", "-m", mode, "-D", &data])
    }

    /// Runs one of Postgres' programs, as its own user where this process is root, whom Postgres refuses.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        // The server inherits these streams, so they must not be pipes that someone waits on.
        let status = command
            .args(arguments)
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        if status.success() { Ok(()) } else { Err(format!("{}: {status}", program.display())) }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.stop("immediate");
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_root() -> bool {
    let identity = Command::new("id").arg("-u").output();
    identity.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The folder with `initdb`: on the path, or where Debian and Red Hat put it; the newest version.
fn find_programs() -> Option<PathBuf> {
    let versions = |parent: &str| {
        let mut folders: Vec<PathBuf> = std::fs::read_dir(parent)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok().map(|entry| entry.path().join("bin")))
            .collect();
        folders.sort_unstable();
        folders.reverse();
        folders
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions("/usr/lib/postgresql")
        .into_iter()
        .chain([PathBuf::from("/usr/pgsql/bin")])
        .chain(std::env::split_paths(&path))
        .find(|folder: &PathBuf| has(folder, "initdb") && has(folder, "pg_ctl"))
}

fn has(folder: &Path, program: &str) -> bool {
    folder.join(program).is_file()
}
