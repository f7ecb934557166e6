//! The Redis server, through one connection that many requests share and that mends itself.

use std::error::Error;
use std::pin::Pin;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};

/// The future of [`Connection::ping`].
pub type Ping<'a> = Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// What the service needs of its database before it asks anything of it.
pub trait Connection: Send + Sync {
    /// Fails when the database does not answer.
    fn ping(&self) -> Ping<'_>;
}

pub struct Database {
    pub connection: ConnectionManager,
}

impl Database {
    /// Does not connect yet: the service starts without Redis and tells so on `/readyz`.
    pub async fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Box<dyn Error>> {
        let host = variable("REDIS_HOST").unwrap_or_else(|| "localhost".to_owned());
        let port: u16 = variable("REDIS_PORT").unwrap_or_else(|| "6379".to_owned()).parse()?;
        let mut address: ConnectionInfo = (host, port).into_connection_info()?;
        if let Some(password) = variable("REDIS_PASSWORD").filter(|text| !text.is_empty()) {
            address = address.set_redis_settings(RedisConnectionInfo::default().set_password(password));
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(2)))
            .set_response_timeout(Some(Duration::from_secs(5)));
        let connection = ConnectionManager::new_lazy_with_config(Client::open(address)?, config)?;
        Ok(Self { connection })
    }
}

impl Connection for Database {
    fn ping(&self) -> Ping<'_> {
        let mut connection = self.connection.clone();
        Box::pin(async move {
            redis::cmd("PING").query_async::<()>(&mut connection).await?;
            Ok(())
        })
    }
}
