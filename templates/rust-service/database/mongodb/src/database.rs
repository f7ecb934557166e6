//! The MongoDB database.

use std::error::Error;
use std::pin::Pin;
use std::time::Duration;

use mongodb::bson::doc;
use mongodb::options::ClientOptions;
use mongodb::{Client, Database as Mongo};

/// The future of [`Connection::ping`].
pub type Ping<'a> = Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// What the service needs of its database before it asks anything of it.
pub trait Connection: Send + Sync {
    /// Fails when the database does not answer.
    fn ping(&self) -> Ping<'_>;
}

pub struct Database {
    pub database: Mongo,
}

impl Database {
    /// Does not connect yet: the service starts without MongoDB and tells so on `/readyz`.
    pub async fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Box<dyn Error>> {
        let uri = variable("MONGODB_URI").unwrap_or_else(|| "mongodb://localhost:27017".to_owned());
        let name = variable("MONGODB_DATABASE").unwrap_or_else(|| "app".to_owned());
        let mut options = ClientOptions::parse(uri).await?;
        options.app_name = Some(env!("CARGO_PKG_NAME").to_owned());
        options.server_selection_timeout = Some(Duration::from_secs(2));
        Ok(Self { database: Client::with_options(options)?.database(&name) })
    }
}

impl Connection for Database {
    fn ping(&self) -> Ping<'_> {
        Box::pin(async {
            self.database.run_command(doc! { "ping": 1 }).await?;
            Ok(())
        })
    }
}
