//! The PostgreSQL database, through a pool of connections.

use std::error::Error;
use std::pin::Pin;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Config, NoTls};

/// The future of [`Connection::ping`].
pub type Ping<'a> = Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// What the service needs of its database before it asks anything of it.
pub trait Connection: Send + Sync {
    /// Fails when the database does not answer.
    fn ping(&self) -> Ping<'_>;
}

pub struct Database {
    pub pool: Pool,
}

impl Database {
    /// Does not connect yet: the service starts without its database and tells so on `/readyz`.
    pub async fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Box<dyn Error>> {
        let value = |name: &str, default: &str| variable(name).unwrap_or_else(|| default.to_owned());
        let mut config = Config::new();
        config
            .host(value("PGHOST", "localhost"))
            .port(value("PGPORT", "5432").parse()?)
            .dbname(value("PGDATABASE", "app"))
            .user(value("PGUSER", "app"))
            .connect_timeout(Duration::from_secs(5));
        if let Some(password) = variable("PGPASSWORD") {
            config.password(password);
        }
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let manager = Manager::from_config(config, NoTls, manager_config);
        let pool = Pool::builder(manager)
            .max_size(10)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(Duration::from_secs(5)))
            .build()?;
        Ok(Self { pool })
    }
}

impl Connection for Database {
    fn ping(&self) -> Ping<'_> {
        Box::pin(async {
            self.pool.get().await?.simple_query("SELECT 1").await?;
            Ok(())
        })
    }
}
