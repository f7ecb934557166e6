//! A server of its own for the measurement: this very binary, started anew.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use fairway_remote::ApiClient;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child as Process, Command};

use crate::failure::CliError;

/// How long a start may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server.
pub struct Child {
    process: Process,
    address: String,
    /// What whoever claims the platform shows; only a first start makes one.
    admin_code: Option<String>,
    /// From the start of the process to the line that says that it is ready.
    pub ready_after: Duration,
}

/// A folder that goes away with the value.
pub fn folder() -> Result<TempDir, CliError> {
    tempfile::Builder::new()
        .prefix("fairway-bench-")
        .tempdir()
        .map_err(|error| CliError::failed(format!("no temporary folder can be made: {error}"), None))
}

impl Child {
    /// Starts `fairway up` on a free port and waits until it is ready.
    pub async fn start(data: &Path) -> Result<Self, CliError> {
        let failed =
            |what: String| CliError::failed(format!("the server to be measured did not start: {what}"), None);
        let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
        let mut command = Command::new(program);
        // Settings of the person's own server must not leak into the measurement.
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FAIRWAY_"))
        {
            command.env_remove(name);
        }
        command.args(["up", "--port", "0", "--log", "json", "--data"]).arg(data);
        command.env("RUST_LOG", "error").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        command.kill_on_drop(true);
        let began = Instant::now();
        let mut process = command.spawn().map_err(|error| failed(error.to_string()))?;
        let output = process.stdout.take().ok_or_else(|| failed("it has no output".to_owned()))?;
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let ready_after = began.elapsed();
        let line = match line {
            Ok(Ok(Some(line))) => line,
            Ok(_) => return Err(failed("it ended at once".to_owned())),
            Err(_) => return Err(failed(format!("it took more than {} s", PATIENCE.as_secs()))),
        };
        let value: Value = serde_json::from_str(&line).unwrap_or_default();
        let address = value.get("address").and_then(Value::as_str);
        let address = address.ok_or_else(|| failed(format!("it said \"{line}\"")))?.to_owned();
        let admin_code = value.get("adminCode").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { process, address, admin_code, ready_after })
    }

    /// A client with the rights of an administrator, which registering a folder of this machine needs.
    pub async fn administrator(&self) -> Result<ApiClient, CliError> {
        let failed = |what: &str| CliError::failed(format!("cannot sign in to the server: {what}"), None);
        let code = self.admin_code.as_deref().ok_or_else(|| failed("it made no administrator's code"))?;
        let form = format!("name=bench&secret={code}");
        let request = format!(
            "POST /sign-in HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\n{form}",
            self.authority(),
            form.len(),
        );
        let asked = async {
            let mut stream = TcpStream::connect(self.authority()).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            Ok(answer)
        };
        let answer = asked.await.map_err(|error: std::io::Error| failed(&error.to_string()))?;
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
        let cookie = cookie.ok_or_else(|| failed(answer.lines().next().unwrap_or("it said nothing")))?;
        Ok(self.client()?.with_header("cookie", cookie))
    }

    /// A client of it.
    pub fn client(&self) -> Result<ApiClient, CliError> {
        Ok(ApiClient::new(&self.address, None)?.with_header("x-fairway-client", "cli/bench"))
    }

    /// Its host and port.
    pub fn authority(&self) -> &str {
        self.address.trim_start_matches("http://").trim_end_matches('/')
    }

    /// The resident memory in bytes, where the system tells.
    pub fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    }

    /// Ends it.
    pub async fn stop(mut self) {
        // Its data goes with its folder, so nothing is lost by ending it at once.
        let _ = self.process.kill().await;
    }
}
