//! Serves the portal, the REST API, Git over HTTP, events and metrics.
//!
//! Handlers only translate: they extract, call one use case of `app`, and render. No decision about what
//! somebody may do or what happens next is made here.

mod api;
mod asset;
mod backstage;
mod body;
mod caller;
mod connection;
mod cookie;
mod cross_origin;
mod events;
mod failure;
mod git;
mod guard;
mod health;
mod metrics;
mod page;
mod pairs;
mod router;
mod state;
mod webhook;

use std::future::Future;

use fairway_app::App;
use tokio::net::TcpListener;

pub use api::document;
pub use state::ServerOptions;

/// Serves until `shutdown` resolves; then lets requests that are under way end.
pub async fn serve(
    app: App,
    options: ServerOptions,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let state = state::ServerState::new(app, options);
    let stopping = state.stopping.clone();
    let router = router::router(state);
    let signal = async move {
        shutdown.await;
        // Event streams would hold the server open for ever.
        stopping.send_replace(true);
    };
    connection::serve(listener, router, signal).await;
    Ok(())
}
