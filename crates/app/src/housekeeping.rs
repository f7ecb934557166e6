//! What has to be done from time to time and by nobody's order.

use std::time::Duration;

use crate::App;

/// How often.
const EVERY: Duration = Duration::from_hours(6);

impl App {
    /// Packs repositories and forgets expired sessions, again and again, until the process ends.
    pub async fn keep_house(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            match self.inner.forge.list().await {
                Ok(repositories) => {
                    for info in repositories {
                        if let Err(error) = self.inner.forge.maintain(&info.repository).await {
                            tracing::warn!(repository = %info.repository, %error, "{} could not be packed: {error}", info.repository);
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "the repositories could not be listed: {error}"),
            }
            if let Err(error) = self.inner.ledger.delete_expired_sessions().await {
                tracing::warn!(%error, "expired sessions could not be deleted: {error}");
            }
        }
    }
}
