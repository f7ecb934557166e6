//! A Fairway that runs: the real binary on a free port of this machine, stopped when it is dropped.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::command;

/// How long a server may take to be ready, and a run to settle. Only a broken one takes this long.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// An address that stays the same while ports change, for worlds that are compared with each other.
pub const FIXED_ADDRESS: &str = "http://fairway.test:7007";

/// How a server is started.
pub struct Start {
    data: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    shell: Option<String>,
}

impl Start {
    /// `fairway up` on a data folder and a free port.
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), arguments: Vec::new(), variables: Vec::new(), shell: None }
    }

    /// Adds arguments.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// The server believes that people reach it at [`FIXED_ADDRESS`].
    pub fn at_fixed_address(self) -> Self {
        self.with(&["--base-url", FIXED_ADDRESS])
    }

    /// The process ends without warning at this boundary of a run.
    pub fn killed_at_boundary(mut self, boundary: u32) -> Self {
        self.variables.push(("FAIRWAY_KILL_AT_BOUNDARY".to_owned(), boundary.to_string()));
        self
    }

    /// Runs `commands` in the shell that then becomes the server, for example to limit it.
    pub fn after(mut self, commands: &str) -> Self {
        self.shell = Some(commands.to_owned());
        self
    }

    /// Starts it and waits until it is ready.
    pub async fn server(self) -> Server {
        // A port that was free a moment ago may be taken when the server wants it.
        for _ in 0..5 {
            if let Some(server) = self.attempt().await {
                return server;
            }
        }
        panic!("no free port was found");
    }

    async fn attempt(&self) -> Option<Server> {
        // reqwest looks for the cryptography of TLS even where there is none.
        fairway_remote::api::install_tls();
        let port = free_port();
        std::fs::create_dir_all(&self.data).unwrap();
        let log = self.data.with_extension(format!("{port}.log"));
        let mut command = self.program();
        command::isolate(&mut command);
        command
            .args(["up", "--port", &port.to_string(), "--log", "json", "--data"])
            .arg(&self.data)
            .args(&self.arguments)
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        // The guard is there before anything can go wrong, so that no process is left behind.
        let client = Client::new();
        let mut server = Server { child, port, log, admin_code: None, admission: None, client };
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            lines.read_line(&mut line).map(|_| line)
        });
        let line = tokio::time::timeout(PATIENCE, line).await;
        let line = line
            .unwrap_or_else(|_| panic!("the server does not get ready:\n{}", server.log()))
            .unwrap()
            .unwrap();
        if line.trim().is_empty() {
            let status = server.child.wait().unwrap();
            assert_eq!(status.code(), Some(4), "the server does not start ({status}):\n{}", server.log());
            return None;
        }
        let said: Value = serde_json::from_str(&line).unwrap();
        server.admin_code = said["adminCode"].as_str().map(str::to_owned);
        server.admission = said["admission"].as_str().map(str::to_owned);
        server.until_ready().await;
        Some(server)
    }

    fn program(&self) -> Command {
        let Some(commands) = &self.shell else { return Command::new(env!("CARGO_BIN_EXE_fairway")) };
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{commands}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_fairway")]);
        shell
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers; several of one name are joined by a line break.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The body as JSON, of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The message of an error.
    pub fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }
}

/// A Fairway that runs.
pub struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
    client: Client,
    /// The administrator's code that it printed.
    pub admin_code: Option<String>,
    /// Where clusters ask, when they may.
    pub admission: Option<String>,
}

impl Server {
    /// Where it listens.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    async fn until_ready(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(answer) = self.client.get(self.url("/readyz")).send().await
                && answer.status().is_success()
            {
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the server ended before it was ready ({status}):\n{}", self.log());
            }
            assert!(Instant::now() < deadline, "the server does not get ready:\n{}", self.log());
            pause().await;
        }
    }

    /// A request that is not sent yet.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path)).timeout(PATIENCE)
    }

    /// Sends a request.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        match try_send(request).await {
            Ok(answer) => answer,
            Err(error) => panic!("no answer ({error:?}):\n{}", self.log()),
        }
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Deletes.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Plans a golden path; the answer must be a plan.
    pub async fn plan(&self, template: &str, inputs: &Value) -> Value {
        self.post("/api/v1/plans", &json!({"template": template, "inputs": inputs})).await.expect(200)
    }

    /// Applies a plan and waits until its run settles.
    pub async fn apply(&self, plan: &Value) -> Value {
        let digest = plan["digest"].as_str().unwrap();
        let run = self.post(&format!("/api/v1/plans/{digest}/apply"), &json!({})).await.expect(202);
        self.settled(run["id"].as_str().unwrap()).await
    }

    /// Applies a plan whose run must complete.
    pub async fn complete(&self, plan: &Value) -> Value {
        let run = self.apply(plan).await;
        assert_eq!(run["status"], "completed", "{run:#}\n{}", self.log());
        run
    }

    /// Undoes a run and waits until that settles.
    pub async fn undo(&self, run: &str) -> Value {
        self.post(&format!("/api/v1/runs/{run}/undo"), &json!({})).await.expect(202);
        self.settled(run).await
    }

    /// A run once it has settled.
    pub async fn settled(&self, run: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let run = self.get(&format!("/api/v1/runs/{run}")).await.expect(200);
            if matches!(run["status"].as_str(), Some("completed" | "failed" | "undone")) {
                return run;
            }
            assert!(Instant::now() < deadline, "the run does not settle: {run:#}\n{}", self.log());
            pause().await;
        }
    }

    /// An entity, for example `component/default/shop`; null when there is none.
    pub async fn entity(&self, path: &str) -> Value {
        let answer = self.get(&format!("/api/v1/catalog/entities/{path}")).await;
        if answer.status == 404 { Value::Null } else { answer.expect(200) }
    }

    /// A token with these scopes.
    pub async fn token(&self, scopes: &[&str]) -> String {
        let answer =
            self.post("/api/v1/tokens", &json!({"name": "a story", "scopes": scopes})).await.expect(201);
        answer["token"].as_str().unwrap().to_owned()
    }

    /// Claims the platform with the code that it printed, and returns the administrator's cookie.
    pub async fn administrator(&self) -> String {
        let code = self.admin_code.as_deref().expect("a first start prints a code");
        let signed_in = self.sign_in("ada", code).await;
        assert_eq!(signed_in.status, 303, "{}", signed_in.text);
        signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    /// Sends the form of the sign-in page.
    pub async fn sign_in(&self, name: &str, secret: &str) -> Answer {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let form = form.append_pair("name", name).append_pair("secret", secret).finish();
        let request =
            client.post(self.url("/sign-in")).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(form)).await
    }

    /// Registers a file of this machine as a source, which administrators may.
    pub async fn register_file(&self, cookie: &str, file: &Path) -> Answer {
        let body = json!({"target": file.to_str().unwrap()});
        self.send(self.request(Method::POST, "/api/v1/sources").header("cookie", cookie).json(&body)).await
    }

    /// The address to clone from, with a token for pushing when there is one.
    pub fn clone_address(&self, repository: &str, token: Option<&str>) -> String {
        let token = token.map(|token| format!("story:{token}@")).unwrap_or_default();
        format!("http://{token}127.0.0.1:{}/git/{repository}.git", self.port)
    }

    /// Asks it to stop, as Ctrl-C does, and waits until it has.
    pub async fn stop(mut self) {
        command::signal("TERM", self.process());
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the server does not stop:\n{}", self.log());
            pause().await;
        }
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}

/// Sends a request to a server that may be gone.
pub async fn try_send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let headers = answer
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    Ok(Answer { status, headers, text: answer.text().await? })
}

/// A moment between two looks at something that is about to happen.
pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(15)).await;
}
