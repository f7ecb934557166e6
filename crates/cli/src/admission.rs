//! Admission: what the server is started with to answer clusters, and what clusters are told about it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use fairway_policy::{AdmissionMode, AdmissionSettings, FailurePolicy};
use fairway_server::CertificateFiles;

use crate::admission_manifest::{self, ManifestArguments};
use crate::failure::CliError;

/// Names that a certificate of Fairway's own is made for: this machine, and the service of an installation in the
/// namespace `fairway`.
const NAMES: [&str; 5] = ["localhost", "127.0.0.1", "::1", "fairway", "fairway.fairway.svc"];

/// What a denial comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// The request is refused
    Enforce,
    /// Nothing is refused; what would be is said and recorded
    Audit,
}

/// What becomes of a request that a denying policy could not be evaluated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Failure {
    /// It is refused
    Fail,
    /// It is let in with a warning
    Ignore,
}

/// What the server takes.
#[derive(Clone, Debug, clap::Args)]
pub struct AdmissionServerArguments {
    /// Answer the admission requests of clusters, over TLS, at this address, for example 0.0.0.0:8443
    #[arg(long = "admission-listen", env = "FAIRWAY_ADMISSION_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The certificate for that in PEM; read again when the file changes. Without one Fairway makes an authority and a
    /// certificate of its own in the data folder
    #[arg(
        long = "admission-certificate",
        env = "FAIRWAY_ADMISSION_CERTIFICATE",
        value_name = "FILE",
        requires = "certificate_key"
    )]
    certificate: Option<PathBuf>,
    /// The private key of the certificate in PEM
    #[arg(
        long = "admission-key",
        env = "FAIRWAY_ADMISSION_KEY",
        value_name = "FILE",
        requires = "certificate"
    )]
    certificate_key: Option<PathBuf>,
    /// A name or address that clusters reach it by, for a certificate of Fairway's own; can be repeated
    #[arg(
        long = "admission-name",
        env = "FAIRWAY_ADMISSION_NAME",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    names: Vec<String>,
    /// What a denial comes to
    #[arg(long = "admission-mode", env = "FAIRWAY_ADMISSION_MODE", value_enum, default_value = "enforce")]
    mode: Mode,
    /// What becomes of a request that a denying policy could not be evaluated for
    #[arg(
        long = "admission-failure-policy",
        env = "FAIRWAY_ADMISSION_FAILURE_POLICY",
        value_enum,
        default_value = "fail"
    )]
    failure_policy: Failure,
}

/// How clusters are served.
#[derive(Clone, Debug)]
pub struct AdmissionLaunch {
    /// Where.
    pub listen: SocketAddr,
    /// The certificate; none for one of Fairway's own.
    pub certificate: Option<CertificateFiles>,
    /// The names of one of Fairway's own.
    pub names: Vec<String>,
    /// How requests are decided.
    pub settings: AdmissionSettings,
}

impl AdmissionServerArguments {
    /// How clusters are served, if they are.
    pub fn launch(&self) -> Option<AdmissionLaunch> {
        let listen = self.listen?;
        let certificate = self.certificate.clone().zip(self.certificate_key.clone());
        let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        names.extend(self.names.iter().cloned());
        if !listen.ip().is_unspecified() {
            names.push(listen.ip().to_string());
        }
        let settings = AdmissionSettings {
            mode: match self.mode {
                Mode::Enforce => AdmissionMode::Enforce,
                Mode::Audit => AdmissionMode::Audit,
            },
            failure: match self.failure_policy {
                Failure::Fail => FailurePolicy::Fail,
                Failure::Ignore => FailurePolicy::Ignore,
            },
        };
        let certificate = certificate.map(|(certificate, key)| CertificateFiles { certificate, key });
        Some(AdmissionLaunch { listen, certificate, names, settings })
    }
}

/// Let clusters ask the policies before they store an object
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway up --admission-listen 0.0.0.0:8443\n  fairway admission manifest --service fairway/fairway | kubectl apply -f -"
)]
pub struct AdmissionArguments {
    #[command(subcommand)]
    command: AdmissionCommand,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum AdmissionCommand {
    Manifest(ManifestArguments),
}

/// Runs `fairway admission`.
pub fn admission(arguments: &AdmissionArguments) -> Result<(), CliError> {
    match &arguments.command {
        AdmissionCommand::Manifest(arguments) => admission_manifest::manifest(arguments),
    }
}
