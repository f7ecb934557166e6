//! Serves the portal, the REST API, Git over HTTP, events and metrics.
//!
//! Handlers only translate: they extract, call one use case of `app`, and render. No decision about what
//! somebody may do or what happens next is made here.

mod admission;
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
mod slow_body;
mod state;
mod webhook;

use std::future::Future;
use std::sync::Arc;

use fairway_app::App;
use tokio::net::TcpListener;

pub use admission::{
    AdmissionServer, Authority, CertificateError, CertificateFiles, authority, certificate_files,
};
pub use api::document;
pub use state::ServerOptions;

/// Serves until `shutdown` resolves; then lets requests that are under way end. Clusters are served over TLS beside it
/// where that is wanted.
pub async fn serve(
    app: App,
    options: ServerOptions,
    listener: TcpListener,
    admission: Option<AdmissionServer>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let state = state::ServerState::new(app, options);
    let stopping = state.stopping.clone();
    let clusters = {
        let (state, mut stopped) = (state.clone(), state.stopping.subscribe());
        async move {
            let Some(server) = admission else { return Ok(()) };
            let end = async move {
                let _: Result<_, _> = stopped.wait_for(|stopped| *stopped).await;
            };
            admission::serve(state.app, server, Arc::clone(&state.metrics.admission), end).await
        }
    };
    let router = router::router(state);
    let signal = async move {
        shutdown.await;
        // Event streams would hold the server open for ever.
        stopping.send_replace(true);
    };
    let people = async {
        connection::serve(listener, router, signal).await;
        Ok(())
    };
    tokio::try_join!(people, clusters).map(|_| ())
}
