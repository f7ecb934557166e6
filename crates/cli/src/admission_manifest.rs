//! `fairway admission manifest`: the objects that make a cluster ask.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::failure::CliError;
use crate::output;

/// Namespaces that a cluster needs to mend itself, whoever answers.
const EXEMPT: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];
/// What is asked about beside objects as a whole.
const SUBRESOURCES: [&str; 8] = [
    "pods/attach",
    "pods/ephemeralcontainers",
    "pods/exec",
    "pods/portforward",
    "deployments/scale",
    "replicasets/scale",
    "replicationcontrollers/scale",
    "statefulsets/scale",
];
/// What changes all the time and no policy is about.
const NOISE: &str = "!(request.resource.group == 'coordination.k8s.io' && request.resource.resource == 'leases') && \
                     request.resource.resource != 'events'";

/// What a cluster does when nobody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Unanswered {
    /// The request goes on
    Ignore,
    /// The request is refused
    Fail,
}

/// Print the ValidatingWebhookConfiguration and the MutatingWebhookConfiguration for a cluster
///
/// They hold the authority that clusters are to trust: that of the data folder, which is made when there is none, or
/// that of a file. Namespaces that a cluster needs to mend itself are left out.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway admission manifest --service fairway/fairway | kubectl apply -f -\n  fairway admission manifest --url https://fairway.example.com:8443 --failure-policy fail"
)]
pub struct ManifestArguments {
    /// The service inside the cluster: NAMESPACE/NAME or NAMESPACE/NAME:PORT
    #[arg(long, value_name = "SERVICE", default_value = "fairway/fairway", conflicts_with = "url")]
    service: String,
    /// The address, when Fairway is outside the cluster
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The data folder that the server is started with
    #[arg(long, env = "FAIRWAY_DATA", default_value = "./data", value_name = "DIR")]
    data: PathBuf,
    /// The authority of a certificate of your own, in PEM
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    authority: Option<PathBuf>,
    /// The environment that is delivered to this cluster; policies then look up what is delivered there
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    /// What the cluster does when nobody answers
    #[arg(long, value_enum, default_value = "ignore")]
    failure_policy: Unanswered,
    /// How long the cluster waits
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=30), value_name = "SECONDS")]
    timeout: u8,
    /// A further namespace that is not asked about; can be repeated
    #[arg(long = "exempt-namespace", value_delimiter = ',', value_name = "NAMESPACE")]
    exempt: Vec<String>,
}

/// Runs `fairway admission manifest`.
pub fn manifest(arguments: &ManifestArguments) -> Result<(), CliError> {
    let authority = authority(arguments)?;
    let webhook = |question: &str, operations: &[&str], resources: &[&str]| -> Result<Value, CliError> {
        let mut namespaces: Vec<&str> = EXEMPT.to_vec();
        namespaces.extend(arguments.exempt.iter().map(String::as_str));
        let mut client = client(arguments, question)?;
        if let Value::Object(members) = &mut client {
            members.insert("caBundle".to_owned(), STANDARD.encode(&authority).into());
        }
        // What Fairway itself runs in has to be mendable without it.
        if arguments.url.is_none()
            && let Some((own, _)) = arguments.service.split_once('/')
        {
            namespaces.push(own);
        }
        namespaces.sort_unstable();
        namespaces.dedup();
        Ok(json!({
            "name": format!("{question}.fairway.dev"),
            "admissionReviewVersions": ["v1"],
            "clientConfig": client,
            "failurePolicy": match arguments.failure_policy {
                Unanswered::Ignore => "Ignore",
                Unanswered::Fail => "Fail",
            },
            "matchPolicy": "Equivalent",
            "timeoutSeconds": arguments.timeout,
            "sideEffects": "NoneOnDryRun",
            "namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": namespaces},
            ]},
            "matchConditions": [{"name": "no-heartbeats", "expression": NOISE}],
            "rules": [{
                "apiGroups": ["*"], "apiVersions": ["*"], "operations": operations,
                "resources": resources, "scope": "*",
            }],
        }))
    };
    let mut resources = vec!["*"];
    resources.extend(SUBRESOURCES);
    let validating = webhook("validate", &["CREATE", "UPDATE", "DELETE", "CONNECT"], &resources)?;
    let mut mutating = webhook("mutate", &["CREATE", "UPDATE"], &["*", "pods/ephemeralcontainers"])?;
    if let Value::Object(members) = &mut mutating {
        members.insert("reinvocationPolicy".to_owned(), "IfNeeded".into());
    }
    let configuration = |kind: &str, webhook: Value| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
            "metadata": {"name": "fairway", "labels": {"app.kubernetes.io/managed-by": "fairway"}},
            "webhooks": [webhook],
        })
    };
    let documents = [
        configuration("MutatingWebhookConfiguration", mutating),
        configuration("ValidatingWebhookConfiguration", validating),
    ];
    output::data(fairway_yaml::write_documents(&documents).trim_end())
}

fn authority(arguments: &ManifestArguments) -> Result<String, CliError> {
    let Some(file) = &arguments.authority else {
        std::fs::create_dir_all(&arguments.data).map_err(|error| {
            CliError::failed(format!("the data folder {}: {error}", arguments.data.display()), None)
        })?;
        let made = fairway_server::authority(&arguments.data, jiff::Timestamp::now());
        return made
            .map(|authority| authority.certificate)
            .map_err(|error| CliError::failed(error.to_string(), None));
    };
    let text = std::fs::read_to_string(file)
        .map_err(|error| CliError::failed(format!("{}: {error}", file.display()), None))?;
    if text.contains("PRIVATE KEY") || !text.contains("BEGIN CERTIFICATE") {
        let message = format!("{} does not hold certificates alone", file.display());
        return Err(CliError::usage(message, Some("give the certificate of the authority in PEM")));
    }
    Ok(text)
}

/// Where the cluster asks.
fn client(arguments: &ManifestArguments, question: &str) -> Result<Value, CliError> {
    let path = match &arguments.environment {
        Some(environment) => format!("/admission/{question}/{environment}"),
        None => format!("/admission/{question}"),
    };
    if let Some(address) = &arguments.url {
        let url = url::Url::parse(address).ok().filter(|url| url.scheme() == "https" && url.has_host());
        let Some(url) = url.filter(|url| url.path() == "/" && url.query().is_none()) else {
            return Err(CliError::usage(
                format!("\"{address}\" is no address that a cluster could ask"),
                Some("write for example --url https://fairway.example.com:8443, without a path"),
            ));
        };
        return Ok(json!({"url": format!("{}{path}", url.as_str().trim_end_matches('/'))}));
    }
    let wrong = || {
        CliError::usage(
            format!("\"{}\" is no service", arguments.service),
            Some("write NAMESPACE/NAME or NAMESPACE/NAME:PORT"),
        )
    };
    let (namespace, rest) = arguments.service.split_once('/').ok_or_else(wrong)?;
    let (name, port) = match rest.split_once(':') {
        Some((name, port)) => (name, port.parse::<u16>().map_err(|_| wrong())?),
        None => (rest, 443),
    };
    if namespace.is_empty() || name.is_empty() || port == 0 {
        return Err(wrong());
    }
    Ok(json!({"service": {"namespace": namespace, "name": name, "port": port, "path": path}}))
}
