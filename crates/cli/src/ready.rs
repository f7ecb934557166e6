//! What is said once the server is ready.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use fairway_domain::Secret;
use serde_json::json;

use crate::logs::LogFormat;
use crate::output::{counted, data, talk};

/// A server that is ready.
pub struct Ready {
    /// The address for people.
    pub address: String,
    /// Where clusters ask, when they may.
    pub admission: Option<String>,
    /// The administrator's code, when one was made.
    pub admin_code: Option<Secret<String>>,
    /// The data folder.
    pub data: PathBuf,
    /// Which database holds the ledger.
    pub database: String,
    /// From the start of the process.
    pub elapsed: Duration,
    /// Whether the example organisation was installed.
    pub example: bool,
    /// How many runs are taken up again.
    pub resumed: usize,
}

/// Says it: to people as text, to programs as one JSON object on standard output. The code is never logged.
pub fn announce(ready: &Ready, log: LogFormat) {
    let milliseconds = ready.elapsed.as_millis();
    if log == LogFormat::Json {
        tracing::info!(address = ready.address, milliseconds, "Fairway is ready at {}", ready.address);
        let milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX);
        let code = ready.admin_code.as_ref().map(Secret::expose);
        let line = json!({
            "address": ready.address, "admission": ready.admission,
            "readyMilliseconds": milliseconds, "adminCode": code,
        });
        // Nobody needs to read it.
        let _ = data(&line.to_string());
        return;
    }
    let mut lines = vec![format!(
        "Fairway {} is ready after {:.2} s\n\n  Portal   {}",
        env!("CARGO_PKG_VERSION"),
        ready.elapsed.as_secs_f64(),
        ready.address
    )];
    if let Some(code) = &ready.admin_code {
        lines.push(format!(
            "  Admin    {}   (sign in with this code once to become the administrator)",
            code.expose()
        ));
    }
    if let Some(address) = &ready.admission {
        lines.push(format!("  Clusters {address}/admission/validate   (fairway admission manifest)"));
    }
    lines.push(format!("  Data     {}   ({})", ready.data.display(), ready.database));
    if ready.example {
        lines.push(
            "  Example  the organisation Acme Outfitters was installed; --no-example leaves it out"
                .to_owned(),
        );
    }
    if ready.resumed > 0 {
        lines.push(format!("  Runs     {} going on", counted(ready.resumed, "interrupted run")));
    }
    lines.push("  Stop     Ctrl-C".to_owned());
    talk(&lines.join("\n"));
}

/// Opens the portal. That a machine has no browser is no failure.
pub fn open_browser(address: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(program);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        talk(&format!("The browser could not be opened ({program}: {error}); open {address} yourself."));
    }
}
