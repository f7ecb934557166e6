//! A workload as `score.yaml` (`score.dev/v1b1`) describes it, after every rule of its schema held.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use fairway_domain::Diagnostic;
use fairway_yaml::Document;
use serde_json::{Map, Value};

/// The transport protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The default.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Protocol {
    /// As Kubernetes writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// A port that the service publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// The public port.
    pub port: u16,
    /// The transport.
    pub protocol: Protocol,
    /// The port inside the containers.
    pub target_port: u16,
}

/// Where the content of a file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileContent {
    /// Text in the score, whose placeholders are expanded unless it says otherwise.
    Inline {
        /// The text.
        text: String,
        /// Whether `${…}` is expanded.
        expand: bool,
    },
    /// Base64 in the score, already decoded.
    Binary(Vec<u8>),
    /// A file beside the score.
    Source(String),
}

/// A file to be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerFile {
    /// The absolute path in the container.
    pub target: String,
    /// The access mode, for example `0o600`.
    pub mode: Option<u32>,
    /// The content.
    pub content: FileContent,
    /// Where the score says so, as a JSON pointer.
    pub pointer: String,
}

/// A volume to be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerVolume {
    /// The absolute path in the container.
    pub target: String,
    /// The volume; placeholders are expanded.
    pub source: String,
    /// A path inside the volume.
    pub path: Option<String>,
    /// Whether writing is refused.
    pub read_only: bool,
    /// Where the score says so, as a JSON pointer.
    pub pointer: String,
}

/// What has to be true of a container before another one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Readiness {
    /// It runs.
    Started,
    /// Its readiness probe passes.
    Healthy,
    /// It ended well.
    Complete,
}

/// How a container is asked whether it is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// By a command in the container.
    Exec(Vec<String>),
    /// By a request.
    HttpGet {
        /// The `Host` header.
        host: Option<String>,
        /// `HTTP` or `HTTPS`.
        scheme: Option<String>,
        /// The path.
        path: String,
        /// The port in the container.
        port: u16,
        /// More headers, in the order of the score.
        headers: Vec<(String, String)>,
    },
}

/// Processor and memory, in the score's spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComputeResources {
    /// What the container needs: `cpu`, `memory`.
    pub requests: BTreeMap<String, String>,
    /// What it may not exceed: `cpu`, `memory`.
    pub limits: BTreeMap<String, String>,
}

/// One container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The image; `.` stands for the one that the service's own repository builds.
    pub image: String,
    /// Replaces the image's entry point.
    pub command: Vec<String>,
    /// Replaces the image's arguments.
    pub args: Vec<String>,
    /// Environment variables; placeholders are expanded.
    pub variables: BTreeMap<String, String>,
    /// Files to be mounted, by target.
    pub files: Vec<ContainerFile>,
    /// Volumes to be mounted, by target.
    pub volumes: Vec<ContainerVolume>,
    /// The containers that come first, and what they have to reach.
    pub before: BTreeMap<String, Readiness>,
    /// Processor and memory.
    pub resources: ComputeResources,
    /// Restarts the container when it fails.
    pub liveness: Option<Probe>,
    /// Takes the container out of the service while it fails.
    pub readiness: Option<Probe>,
}

/// Something that the workload depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// For example `postgres`.
    pub resource_type: String,
    /// A specialisation, `default` when the score names none.
    pub class: String,
    /// The identifier that makes it shared.
    pub id: Option<String>,
    /// Annotations and free keys.
    pub metadata: Map<String, Value>,
    /// Parameters; placeholders are expanded.
    pub params: Map<String, Value>,
}

/// A workload. Its only source is [`crate::parse_score`], so that what it holds keeps the schema's rules.
#[derive(Clone)]
pub struct Score {
    /// The workload's name.
    pub name: String,
    /// Everything under `metadata`, which placeholders may refer to.
    pub metadata: Map<String, Value>,
    /// The annotations of `metadata`.
    pub annotations: BTreeMap<String, String>,
    /// What it publishes, by name.
    pub ports: BTreeMap<String, ServicePort>,
    /// At least one, by name.
    pub containers: BTreeMap<String, Container>,
    /// What it depends on, by name.
    pub resources: BTreeMap<String, Resource>,
    pub(crate) source: Arc<Document>,
}

impl Score {
    /// An error at a place of the score.
    pub fn diagnostic(&self, pointer: &str, code: &str, message: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(pointer, code, message)
    }
}

/// Without the source text.
impl fmt::Debug for Score {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Score")
            .field("name", &self.name)
            .field("containers", &self.containers)
            .field("ports", &self.ports)
            .field("resources", &self.resources)
            .finish_non_exhaustive()
    }
}
