//! Runs the service.

use std::error::Error;
use std::net::Ipv4Addr;
use std::process::ExitCode;
{%- if values.database != 'none' %}
use std::sync::Arc;
{%- endif %}
use std::time::Duration;

{% if values.database != 'none' -%}
use service::database::Database;
{% endif -%}
use service::settings::Settings;
use service::telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{error, info};

/// Less than the 30 seconds that a cluster waits before it kills.
const GRACE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        // There are no logs yet.
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let telemetry = Telemetry::start(&settings)?;
    let outcome = tokio::runtime::Runtime::new()?.block_on(serve(&settings));
    if let Err(error) = &outcome {
        error!(%error, "the service ends");
    }
    telemetry.stop();
    Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn serve(settings: &Settings) -> Result<(), Box<dyn Error>> {
{%- if values.database != 'none' %}
    let database = Arc::new(Database::from_environment(|name| std::env::var(name).ok()).await?);
    let router = service::router(database);
{%- else %}
    let router = service::router();
{%- endif %}
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, settings.port)).await?;
    info!(port = settings.port, tracing = settings.tracing, "started");

    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (stopping, stopped) = oneshot::channel();
    // Takes no more connections, and waits for the requests that run.
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("stopping");
        let _ = stopping.send(());
    });
    let overdue = async {
        let _ = stopped.await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        outcome = server => Ok(outcome?),
        () = overdue => Err("requests still ran at the end of the grace period".into()),
    }
}
