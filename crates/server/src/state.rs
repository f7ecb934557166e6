//! What every handler is given.

use std::sync::Arc;

use fairway_app::App;
use fairway_domain::Timestamp;
use tokio::sync::watch;

use crate::page::graph::GraphCache;
use crate::page::readme::ReadmeCache;

/// How the server behaves.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Whether somebody on the same machine is let in without signing in.
    pub guest: bool,
    /// Origins of other sites, for example `https://backstage.example.com`, whose pages may use the interface.
    pub allowed_origins: Vec<String>,
    /// The version that is shown.
    pub version: &'static str,
}

/// What every handler is given.
#[derive(Clone)]
pub(crate) struct ServerState {
    pub(crate) app: App,
    pub(crate) options: Arc<ServerOptions>,
    pub(crate) started_at: Timestamp,
    pub(crate) metrics: Arc<crate::metrics::HttpMetrics>,
    pub(crate) stopping: watch::Sender<bool>,
    pub(crate) graphs: Arc<GraphCache>,
    pub(crate) readmes: Arc<ReadmeCache>,
}

impl ServerState {
    pub(crate) fn new(app: App, options: ServerOptions) -> Self {
        let started_at = app.now();
        let (stopping, _) = watch::channel(false);
        Self {
            app,
            options: Arc::new(options),
            started_at,
            metrics: Arc::new(crate::metrics::HttpMetrics::default()),
            stopping,
            graphs: Arc::new(GraphCache::default()),
            readmes: Arc::new(ReadmeCache::default()),
        }
    }
}
