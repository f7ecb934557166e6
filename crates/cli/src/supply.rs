//! `fairway supply`: evidence of the supply chain: signatures that hold, documents that are read, sent and asked about.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use fairway_supply::{
    Artefact, Evidence, ExpectedText, PublicKey, Refusal, TrustRoot, VerifiedSignature, Verifying, read,
    verify,
};
use serde_json::{Value, json};

use crate::client::{ConnectionArguments, query};
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::{OutputArguments, counted, harmless, table};

/// Verify signatures, and read, send and ask about evidence of the supply chain
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway supply verify app.tar --bundle app.sigstore.json --trust-root trusted_root.json --identity ci@acme.dev --issuer https://accounts.google.com\n  fairway supply show sbom.cdx.json"
)]
pub struct SupplyArguments {
    #[command(subcommand)]
    command: SupplyCommand,
}

/// What to do about the supply chain.
#[derive(Debug, Subcommand)]
enum SupplyCommand {
    /// Verify a signature or an attestation with a trust root, without a network
    ///
    /// Checks the certificate's chain and time, its entry in the certificate log, the signature's entry in the
    /// transparency log, the signature, that it is about the artefact, and who signed. Ends with 1 when one of these
    /// does not hold.
    #[command(
        after_help = "Examples:\n  fairway supply verify app.tar --bundle app.sigstore.json --trust-root trusted_root.json --identity-pattern 'https://github.com/acme/.+' --issuer https://token.actions.githubusercontent.com\n  fairway supply verify sha256:4fd2… --bundle provenance.sigstore.json --trust-root trusted_root.json --any-identity\n  fairway supply verify app.tar --bundle app.sigstore.json --trust-root trusted_root.json --key cosign.pub"
    )]
    Verify(VerifyArguments),
    /// Show what a document of evidence says: an SBOM, a scan, provenance or a bundle
    #[command(
        after_help = "Examples:\n  fairway supply show sbom.cdx.json\n  fairway supply show trivy.json --output json"
    )]
    Show(ShowArguments),
    /// Send a document to the server: an SBOM, a scan, provenance or a signature
    ///
    /// Made for CI: needs a token with the scope deliver. The format is told by what is in the document.
    #[command(
        after_help = "Examples:\n  fairway supply upload sbom.cdx.json --entity component:default/shop --version 1.4.0\n  fairway supply upload image.sigstore.json --entity component:default/shop --image registry.acme.dev/shop@sha256:4fd2…"
    )]
    Upload(UploadArguments),
    /// Where is a library, at which version, in which environment?
    #[command(
        after_help = "Examples:\n  fairway supply where log4j-core\n  fairway supply where 'log4j-core@<2.17.1' --environment production\n  fairway supply where pkg:npm/lodash --output json"
    )]
    Where(WhereArguments),
    /// What is known to be weak, the worst and oldest first
    #[command(
        after_help = "Examples:\n  fairway supply vulnerabilities --severity high\n  fairway supply vulnerabilities --owner group:default/payments --older-than 30"
    )]
    Vulnerabilities(VulnerabilitiesArguments),
}

/// `fairway supply verify`
#[derive(Debug, clap::Args)]
struct VerifyArguments {
    /// The file that was signed, or its digest as sha256:…; for an attestation the digest is enough
    #[arg(value_name = "ARTEFACT")]
    artefact: String,
    /// The Sigstore bundle
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// Whom to trust: a trusted_root.json
    #[arg(long, value_name = "FILE", env = "FAIRWAY_TRUST_ROOT")]
    trust_root: PathBuf,
    /// Who has to have signed; * stands for any text
    #[arg(long, value_name = "IDENTITY", required_unless_present_any = ["identity_pattern", "any_identity", "key"])]
    identity: Option<String>,
    /// The same as a regular expression for the whole identity
    #[arg(long, value_name = "REGEX", conflicts_with = "identity")]
    identity_pattern: Option<String>,
    /// Whoever signed will do
    #[arg(long, conflicts_with_all = ["identity", "identity_pattern"])]
    any_identity: bool,
    /// Who has to have vouched for the identity
    #[arg(long, value_name = "URL", required_unless_present_any = ["any_identity", "key"])]
    issuer: Option<String>,
    /// A public key in PEM, in place of an identity
    #[arg(long, value_name = "FILE", conflicts_with_all = ["identity", "identity_pattern", "any_identity", "issuer"])]
    key: Option<PathBuf>,
    /// With --key: the signature need not be in a transparency log
    #[arg(long, requires = "key")]
    ignore_log: bool,
    #[command(flatten)]
    output: OutputArguments,
}

/// `fairway supply show`
#[derive(Debug, clap::Args)]
struct ShowArguments {
    /// The document
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

/// `fairway supply upload`
#[derive(Debug, clap::Args)]
struct UploadArguments {
    /// The document
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is about, for example component:default/shop
    #[arg(long, value_name = "ENTITY")]
    entity: Option<String>,
    /// The image's digest, or a reference that ends with it
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// The environment, when it holds for one only
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// The version that was built
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// `fairway supply where`
#[derive(Debug, clap::Args)]
struct WhereArguments {
    /// The name, or package URL without version; a range of versions may follow an @
    #[arg(value_name = "NAME[@RANGE]")]
    component: String,
    /// Only in this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// `fairway supply vulnerabilities`
#[derive(Debug, clap::Args)]
struct VulnerabilitiesArguments {
    /// Of this severity or worse: low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", value_parser = ["low", "medium", "high", "critical"])]
    severity: Option<String>,
    /// Only what this group or person owns
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Only of this entity
    #[arg(long, value_name = "ENTITY")]
    entity: Option<String>,
    /// Only this one, for example CVE-2021-44228
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Only what has been known for so many days
    #[arg(long, value_name = "DAYS")]
    older_than: Option<u32>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway supply`.
pub async fn supply(arguments: SupplyArguments) -> Result<(), CliError> {
    match arguments.command {
        SupplyCommand::Upload(arguments) => upload(&arguments).await,
        SupplyCommand::Where(arguments) => where_is(&arguments).await,
        SupplyCommand::Vulnerabilities(arguments) => vulnerabilities(&arguments).await,
        SupplyCommand::Verify(arguments) => run_verify(&arguments),
        SupplyCommand::Show(arguments) => show(&arguments),
    }
}

fn run_verify(arguments: &VerifyArguments) -> Result<(), CliError> {
    let verifying = verifying(arguments)?;
    let root = TrustRoot::read(&file_text(&arguments.trust_root)?).map_err(usage)?;
    let bundle = file_text(&arguments.bundle)?;
    let is_digest = ["sha256:", "sha512:"].iter().any(|start| arguments.artefact.starts_with(start));
    let result = if is_digest {
        verify(Artefact::Digest(&arguments.artefact), &bundle, &root, &verifying)
    } else {
        let bytes = file_bytes(Path::new(&arguments.artefact))?;
        verify(Artefact::Bytes(&bytes), &bundle, &root, &verifying)
    };
    let answer = match &result {
        Ok(verified) => json!({"verified": true, "artefact": arguments.artefact, "signature": verified}),
        Err(refusal) => json!({
            "verified": false,
            "artefact": arguments.artefact,
            "refusal": {"code": refusal.code(), "message": refusal.to_string()},
        }),
    };
    arguments.output.print(&answer, || match &result {
        Ok(verified) => verified_text(&arguments.artefact, verified),
        Err(refusal) => harmless(&format!("{}: refused ({}): {refusal}", arguments.artefact, refusal.code())),
    })?;
    if result.is_ok() { Ok(()) } else { Err(CliError::Said(Exit::Failed)) }
}

fn verifying(arguments: &VerifyArguments) -> Result<Verifying, CliError> {
    if let Some(file) = &arguments.key {
        let key = PublicKey::from_pem(&file_text(file)?).map_err(usage)?;
        return Ok(Verifying::Key { key, ignore_log: arguments.ignore_log });
    }
    let text = |text: &String| {
        if text.contains('*') {
            ExpectedText::Wildcard(text.clone())
        } else {
            ExpectedText::Exact(text.clone())
        }
    };
    let pattern = arguments.identity_pattern.as_deref().map(ExpectedText::pattern).transpose();
    let pattern = pattern.map_err(|error| CliError::usage(error, None))?;
    Ok(Verifying::Keyless {
        identity: arguments.identity.as_ref().map(text).or(pattern),
        issuer: arguments.issuer.as_ref().map(text),
    })
}

fn verified_text(artefact: &str, verified: &VerifiedSignature) -> String {
    let mut lines = vec![format!("{artefact}: verified")];
    let mut say = |name: &str, value: Option<&str>| {
        lines.extend(value.map(|value| format!("  {name:<10} {value}")));
    };
    say("signed by", verified.identity.as_deref());
    say("issuer", verified.issuer.as_deref());
    say("signed at", verified.signed_at.map(|at| at.to_string()).as_deref());
    say("source", verified.source.as_deref());
    say("commit", verified.commit.as_deref());
    say("says", verified.predicate.as_deref());
    lines.extend(verified.checked.iter().map(|it| format!("  ✓ {it}")));
    harmless(&lines.join("\n"))
}

fn show(arguments: &ShowArguments) -> Result<(), CliError> {
    let evidence = read(&file_bytes(&arguments.file)?)
        .map_err(|error| CliError::failed(format!("{}: {error}", arguments.file.display()), None))?;
    let answer = serde_json::to_value(&evidence).unwrap_or(Value::Null);
    arguments.output.print(&answer, || harmless(&evidence_text(&evidence)))
}

fn evidence_text(evidence: &Evidence) -> String {
    let mut lines = vec![format!("{} ({})", evidence.kind.word(), evidence.format.name())];
    lines.extend(evidence.tool.iter().map(|it| format!("  by {it}")));
    lines.extend(evidence.created_at.iter().map(|it| format!("  at {it}")));
    for subject in &evidence.subjects {
        lines.push(format!("  about {} {}", subject.name, subject.digest.as_deref().unwrap_or_default()));
    }
    for build in &evidence.builds {
        let commit = build.commit.as_deref().unwrap_or("an unnamed commit");
        let source = build.source.as_deref().unwrap_or("an unnamed source");
        lines.push(format!("  built by {} from {source} at {commit}", build.builder));
    }
    for signature in &evidence.signatures {
        let who = signature.identity.as_deref().unwrap_or("a key");
        lines.push(format!("  claims to be signed by {who}; `fairway supply verify` says whether it holds"));
    }
    let counts = evidence.severities();
    if counts.total() > 0 {
        lines.push(format!(
            "  {}: {} critical, {} high, {} medium, {} low, {} unknown",
            counted(counts.total(), "known vulnerability"),
            counts.critical,
            counts.high,
            counts.medium,
            counts.low,
            counts.unknown
        ));
    }
    for it in &evidence.vulnerabilities {
        let fixed = it.fixed.as_ref().map(|fixed| format!(", fixed in {fixed}")).unwrap_or_default();
        lines.push(format!("    {} in {} {}{fixed}", it.id, it.package, it.version));
    }
    for it in &evidence.results {
        let place = it.file.as_deref().unwrap_or_default();
        let line = it.line.map(|line| format!(":{line}")).unwrap_or_default();
        lines.push(format!("    {} {place}{line}: {}", it.rule, it.message));
    }
    if !evidence.components.is_empty() {
        lines.push(format!("  {}", counted(evidence.components.len(), "component")));
    }
    for it in &evidence.components {
        lines.push(format!("    {} {} {}", it.name, it.version, it.licences.join(", ")));
    }
    lines.join("\n")
}

/// What cannot be used, as an error of the command line.
#[expect(clippy::needless_pass_by_value, reason = "it is what a result is mapped with")]
fn usage(refusal: Refusal) -> CliError {
    CliError::usage(refusal.to_string(), None)
}

fn file_bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|error| {
        CliError::usage(
            format!("{} cannot be read: {error}", path.display()),
            Some("name a file that exists"),
        )
    })
}

fn file_text(path: &Path) -> Result<String, CliError> {
    String::from_utf8(file_bytes(path)?)
        .map_err(|_| CliError::usage(format!("{} is no text", path.display()), None))
}

async fn upload(arguments: &UploadArguments) -> Result<(), CliError> {
    let bytes = file_bytes(&arguments.file)?;
    let path = query(
        "/api/v1/evidence",
        &[
            ("entity", arguments.entity.as_deref()),
            ("image", arguments.image.as_deref()),
            ("environment", arguments.environment.as_deref()),
            ("version", arguments.version.as_deref()),
        ],
    );
    let stored: Value = arguments.connection.client()?.post_bytes(&path, bytes).await?;
    arguments.output.print(&stored, || {
        let text = |pointer: &str| stored.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let number =
            |pointer: &str| stored.pointer(pointer).and_then(Value::as_u64).unwrap_or_default() as usize;
        let about = if text("/entity").is_empty() { text("/image") } else { text("/entity") };
        let mut lines = vec![format!("{} of {about} is kept ({})", text("/kind"), text("/format"))];
        if number("/components") > 0 {
            lines.push(format!("  {}", counted(number("/components"), "component")));
        }
        if let Some(counts) = stored.get("vulnerabilities").and_then(Value::as_object) {
            let some = counts.iter().filter(|(_, count)| count.as_u64() != Some(0));
            let parts: Vec<String> = some.map(|(severity, count)| format!("{count} {severity}")).collect();
            if !parts.is_empty() {
                lines.push(format!("  known vulnerabilities: {}", parts.join(", ")));
            }
        }
        match text("/signature/state") {
            "verified" => lines.push(format!("  the signature of {} holds", text("/signature/identity"))),
            "refused" => lines.push(format!("  the signature does not hold: {}", text("/signature/reason"))),
            "not-verified" => {
                lines.push(format!("  the signature was not verified: {}", text("/signature/reason")));
            }
            _ => {}
        }
        harmless(&lines.join("\n"))
    })
}

/// `name@range`, where a name may begin with an @ and a package URL may hold one.
fn component_and_range(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('@') {
        Some((name, range)) if !name.is_empty() && !name.ends_with('/') => (name, Some(range)),
        _ => (text, None),
    }
}

async fn where_is(arguments: &WhereArguments) -> Result<(), CliError> {
    let (name, range) = component_and_range(&arguments.component);
    let path = query(
        "/api/v1/components",
        &[("name", Some(name)), ("version", range), ("environment", arguments.environment.as_deref())],
    );
    let answer: Value = arguments.connection.client()?.get(&path).await?;
    arguments.output.print(&answer, || {
        let items = answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let rows = items
            .iter()
            .map(|item| {
                let text = |pointer: &str| {
                    item.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                let about = [text("/entity"), text("/image")].into_iter().find(|it| !it.is_empty());
                [
                    text("/component/name"),
                    text("/component/version"),
                    about.unwrap_or_default(),
                    text("/owner"),
                    words(item.get("environments")),
                    day(&text("/receivedAt")),
                ]
            })
            .collect();
        let found = counted(items.len(), "place");
        let shown = table(["COMPONENT", "VERSION", "IN", "OWNER", "ENVIRONMENTS", "AS OF"], rows, "");
        harmless(&format!("{shown}\n{found}"))
    })
}

async fn vulnerabilities(arguments: &VulnerabilitiesArguments) -> Result<(), CliError> {
    let days = arguments.older_than.map(|days| days.to_string());
    let path = query(
        "/api/v1/vulnerabilities",
        &[
            ("severity", arguments.severity.as_deref()),
            ("owner", arguments.owner.as_deref()),
            ("entity", arguments.entity.as_deref()),
            ("id", arguments.id.as_deref()),
            ("olderThanDays", days.as_deref()),
        ],
    );
    let answer: Value = arguments.connection.client()?.get(&path).await?;
    arguments.output.print(&answer, || {
        let items = answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let rows = items
            .iter()
            .map(|item| {
                let text = |pointer: &str| {
                    item.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                let about = [text("/entity"), text("/image")].into_iter().find(|it| !it.is_empty());
                let age = item.get("ageDays").and_then(Value::as_i64).unwrap_or_default();
                [
                    text("/severity"),
                    text("/id"),
                    format!("{} {}", text("/package"), text("/version")),
                    text("/fixed"),
                    about.unwrap_or_default(),
                    text("/owner"),
                    words(item.get("environments")),
                    age.to_string(),
                ]
            })
            .collect();
        let heads = ["SEVERITY", "ID", "PACKAGE", "FIXED IN", "IN", "OWNER", "ENVIRONMENTS", "DAYS"];
        let total = answer.get("total").and_then(Value::as_u64).unwrap_or_default() as usize;
        let found = match total {
            1 => "1 known vulnerability".to_owned(),
            _ => format!("{total} known vulnerabilities"),
        };
        harmless(&format!("{}\n{found}", table(heads, rows, "")))
    })
}

fn words(list: Option<&Value>) -> String {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn day(time: &str) -> String {
    time.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::component_and_range;

    #[test]
    fn a_range_follows_the_last_at_that_is_no_scope() {
        for (text, expected) in [
            ("log4j-core", ("log4j-core", None)),
            ("log4j-core@<2.17.1", ("log4j-core", Some("<2.17.1"))),
            ("@angular/core", ("@angular/core", None)),
            ("@angular/core@17.*", ("@angular/core", Some("17.*"))),
            ("pkg:npm/@angular/core", ("pkg:npm/@angular/core", None)),
        ] {
            assert_eq!(component_and_range(text), expected);
        }
    }
}
