//! `fairway policy waive`: asks for waivers, and decides on them.

use fairway_domain::waiver::{Waiver, WaiverStanding};
use serde_json::{Map, Value, json};

use crate::client::{ConnectionArguments, query, segment};
use crate::failure::CliError;
use crate::findings::read;
use crate::output::{OutputArguments, harmless, table};

/// Ask for waivers of policies, and decide on them
///
/// A waiver lets findings pass until a day. Owners of the service ask, the policy's approvers decide, time ends it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway policy waive request 8d1f0c6e2b7a9345 --reason \"the vendor mends it in May\" --days 30\n  fairway policy waive list --standing requested\n  fairway policy waive approve w-k3j9x2ab"
)]
pub struct WaiveArguments {
    #[command(subcommand)]
    command: WaiveCommand,
}

#[derive(Debug, clap::Subcommand)]
enum WaiveCommand {
    /// Ask for a waiver, of a finding or of what is said
    #[command(
        after_help = "Examples:\n  fairway policy waive request 8d1f0c6e2b7a9345 --reason \"the vendor mends it in May\" --days 30\n  fairway policy waive request 8d1f0c6e2b7a9345 --plan sha256:… --breadth service --reason \"…\" --until 2027-05-01T00:00:00Z\n  fairway policy waive request --policy FairwayRequiredProbes/probes --service orders --reason \"…\" --days 14"
    )]
    Request(Box<RequestArguments>),
    /// Approve a waiver, as an approver of its policy
    #[command(
        after_help = "Examples:\n  fairway policy waive approve w-k3j9x2ab --reason \"until the migration\""
    )]
    Approve(DecisionArguments),
    /// Reject a waiver, with a reason
    #[command(
        after_help = "Examples:\n  fairway policy waive reject w-k3j9x2ab --reason \"a probe is two lines\""
    )]
    Reject(DecisionArguments),
    /// Take a waiver back before its end
    #[command(after_help = "Examples:\n  fairway policy waive revoke w-k3j9x2ab --reason \"it is mended\"")]
    Revoke(DecisionArguments),
    /// List waivers: what waits first, then what ends first
    #[command(
        after_help = "Examples:\n  fairway policy waive list\n  fairway policy waive list --standing expiring --output json"
    )]
    List(ListArguments),
}

#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

#[derive(Debug, clap::Args)]
struct RequestArguments {
    /// The finding, as plans and `fairway findings` name it
    #[arg(value_name = "FINDING", required_unless_present = "policy", conflicts_with = "policy")]
    finding: Option<String>,
    /// The digest of the plan that shows the finding; what is delivered when absent
    #[arg(long, value_name = "DIGEST", requires = "finding")]
    plan: Option<String>,
    /// How much beside the finding: its path, the object, or every object of the service
    #[arg(long, value_parser = ["path", "object", "service"], default_value = "object")]
    breadth: String,
    /// Without a finding: the policy
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Without a finding: the service
    #[arg(long, value_name = "NAME", requires = "policy")]
    service: Option<String>,
    /// Without a finding: the kind of the object
    #[arg(long, value_name = "KIND", requires = "name")]
    kind: Option<String>,
    /// Without a finding: the namespace of the object
    #[arg(long, value_name = "NAME", requires = "name")]
    namespace: Option<String>,
    /// Without a finding: the name of the object
    #[arg(long, value_name = "NAME", requires = "policy")]
    name: Option<String>,
    /// An environment, instead of that of the finding; can be repeated
    #[arg(long = "environment", value_name = "NAME")]
    environments: Vec<String>,
    /// Every environment
    #[arg(long, conflicts_with = "environments")]
    everywhere: bool,
    /// How many days it is to last
    #[arg(long, required_unless_present = "until", conflicts_with = "until")]
    days: Option<i64>,
    /// When it is to end, for example 2027-05-01T00:00:00Z
    #[arg(long, value_name = "MOMENT")]
    until: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct DecisionArguments {
    /// The waiver
    #[arg(value_name = "WAIVER")]
    id: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct ListArguments {
    /// Only those that stand like this
    #[arg(long, value_parser = ["requested", "active", "expiring", "expired", "rejected", "revoked"])]
    standing: Option<String>,
    /// Only of this policy
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Only about this entity, for example component:default/orders
    #[arg(long, value_name = "ENTITY")]
    entity: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl RequestArguments {
    fn body(&self) -> Result<Value, CliError> {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| {
            if !value.is_null() {
                body.insert(key.to_owned(), value);
            }
        };
        put("reason", json!(self.common.connection.needed_reason()?));
        put("days", json!(self.days));
        put("until", json!(self.until));
        let environments = (self.everywhere || !self.environments.is_empty()).then_some(&self.environments);
        if let Some(finding) = &self.finding {
            put("finding", json!(finding));
            put("plan", json!(self.plan));
            put("breadth", json!(self.breadth));
            put("environments", json!(environments));
        } else {
            put(
                "scope",
                json!({"policy": self.policy, "service": self.service, "kind": self.kind,
                "namespace": self.namespace, "name": self.name, "environments": self.environments}),
            );
        }
        Ok(Value::Object(body))
    }
}

/// Runs `fairway policy waive`.
pub async fn waive(arguments: WaiveArguments) -> Result<(), CliError> {
    match arguments.command {
        WaiveCommand::Request(arguments) => {
            let body = arguments.body()?;
            send(&arguments.common, "/api/v1/waivers", &body).await
        }
        WaiveCommand::Approve(arguments) => decide(&arguments, "approve").await,
        WaiveCommand::Reject(arguments) => {
            arguments.common.connection.needed_reason()?;
            decide(&arguments, "reject").await
        }
        WaiveCommand::Revoke(arguments) => decide(&arguments, "revoke").await,
        WaiveCommand::List(ListArguments { standing, policy, entity, common }) => {
            let pairs = [
                ("standing", standing.as_deref()),
                ("policy", policy.as_deref()),
                ("entity", entity.as_deref()),
            ];
            let client = common.connection.client()?;
            let answer: Value = client.get(&query("/api/v1/waivers", &pairs)).await?;
            let waivers: Vec<Seen> = read(&answer, "items")?;
            common.output.print(&answer, || list(&waivers))
        }
    }
}

/// A waiver as the server tells of it.
#[derive(serde::Deserialize)]
struct Seen {
    #[serde(flatten)]
    waiver: Waiver,
    standing: WaiverStanding,
}

async fn decide(arguments: &DecisionArguments, word: &str) -> Result<(), CliError> {
    let common = &arguments.common;
    let path = format!("/api/v1/waivers/{}/{word}", segment(&arguments.id));
    send(common, &path, &json!({"reason": common.connection.reason()})).await
}

async fn send(common: &Common, path: &str, body: &Value) -> Result<(), CliError> {
    let client = common.connection.client()?;
    let answer: Value = client.post(path, body).await?;
    common.output.print(&answer, || match serde_json::from_value::<Seen>(answer.clone()) {
        Ok(seen) => harmless(&format!(
            "{} {} until {}: {} on {}",
            seen.waiver.id,
            seen.standing.word(),
            day(&seen.waiver),
            seen.waiver.title,
            subject(&seen.waiver)
        )),
        Err(_) => String::new(),
    })
}

fn day(waiver: &Waiver) -> String {
    waiver.until.strftime("%Y-%m-%d").to_string()
}

/// What it lets pass, in a few words: `Deployment orders in staging`.
fn subject(waiver: &Waiver) -> String {
    let scope = &waiver.scope;
    let mut text = match (&scope.kind, &scope.name, &scope.service) {
        (Some(kind), Some(name), _) => format!("{kind} {name}"),
        (_, _, Some(service)) => format!("everything of {service}"),
        _ => scope.policy.clone(),
    };
    if let Some(path) = &scope.path {
        text = format!("{text} at {path}");
    }
    if !scope.environments.is_empty() {
        text = format!("{text} in {}", scope.environments.join(", "));
    }
    text
}

fn list(waivers: &[Seen]) -> String {
    let row = |seen: &Seen| {
        [
            seen.waiver.id.clone(),
            seen.standing.word().to_owned(),
            day(&seen.waiver),
            harmless(&seen.waiver.title),
            harmless(&subject(&seen.waiver)),
            seen.waiver.requested_by.name().to_owned(),
        ]
    };
    let header = ["WAIVER", "STANDING", "UNTIL", "POLICY", "FOR", "ASKED BY"];
    table(header, waivers.iter().map(row).collect(), "No waivers.")
}
