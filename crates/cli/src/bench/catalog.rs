//! `fairway bench catalog`: reading, starting, memory and questions over a large catalog.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fairway_remote::ApiClient;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::bench::child::{self, Child};
use crate::bench::load::load;
use crate::bench::push;
use crate::bench::report::{Figure, Report};
use crate::failure::CliError;
use crate::output::{OutputArguments, can_draw, talk};

/// How long a catalog may take to be read before the measurement is given up.
const PATIENCE: Duration = Duration::from_mins(5);
/// How often the server is asked whether it has read everything.
const PAUSE: Duration = Duration::from_millis(20);
/// How many pushes are measured.
const PUSHES: usize = 5;

/// Measure a large catalog: reading, starting anew, memory, and questions at once
///
/// Starts a server of its own, with the example organisation, in a temporary folder for each size, registers generated
/// files and measures it over HTTP. The files are made by gen-catalog.py, which needs python3 and the folder of cases in FAIRWAY_CASES, or are
/// those in --data.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway bench catalog\n  fairway bench catalog --entities 100000 --output json\n  fairway bench catalog --data ./generated"
)]
pub struct CatalogArguments {
    /// How many entities; several sizes are measured one after another
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000], value_name = "COUNT")]
    entities: Vec<usize>,
    /// A folder with all.yaml and the files that it names, instead of generated ones
    #[arg(long, value_name = "DIR", conflicts_with = "entities")]
    data: Option<PathBuf>,
    /// The folder of cases with catalog/gen-catalog.py
    #[arg(long, env = "FAIRWAY_CASES", value_name = "DIR")]
    cases: Option<PathBuf>,
    /// How long each question is asked
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600), value_name = "SECONDS")]
    seconds: u64,
    /// Over how many connections at once
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1_024), value_name = "COUNT")]
    connections: u16,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `fairway bench catalog`. A bar that is missed is shown, and is no failure: machines differ.
pub async fn catalog(arguments: CatalogArguments) -> Result<(), CliError> {
    if cfg!(debug_assertions) {
        talk("warning: this is a debug build; its figures say nothing about a release");
    }
    let mut report = Report::default();
    if let Some(folder) = &arguments.data {
        let folder = std::fs::canonicalize(folder)
            .map_err(|error| CliError::failed(format!("{}: {error}", folder.display()), None))?;
        measure(&arguments, &folder, None, &mut report).await?;
    } else {
        for count in &arguments.entities {
            let folder = child::folder()?;
            generate(&arguments, *count, folder.path()).await?;
            measure(&arguments, folder.path(), Some(*count), &mut report).await?;
        }
    }
    let value = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "debug": cfg!(debug_assertions),
        "connections": arguments.connections,
        "figures": report.figures,
    });
    arguments.output.print(&value, || report.text())
}

async fn generate(arguments: &CatalogArguments, count: usize, folder: &Path) -> Result<(), CliError> {
    let hint = Some("install python3 and set FAIRWAY_CASES, or give a folder with --data");
    let cases = arguments
        .cases
        .as_ref()
        .ok_or_else(|| CliError::failed("there is nothing to generate the catalog with", hint))?;
    let script = cases.join("catalog/gen-catalog.py");
    progress(&format!("generating {count} entities"));
    let made = Command::new("python3").arg(&script).arg(count.to_string()).arg(folder).output().await;
    match made {
        Ok(made) if made.status.success() => Ok(()),
        Ok(made) => {
            let said = String::from_utf8_lossy(&made.stderr).trim().to_owned();
            Err(CliError::failed(format!("{} failed: {said}", script.display()), hint))
        }
        Err(error) => Err(CliError::failed(format!("python3 cannot be started: {error}"), hint)),
    }
}

fn progress(what: &str) {
    if can_draw() {
        talk(&format!("  {what} …"));
    }
}

/// What a size is held against.
struct Bars {
    ingest: f64,
    restart: f64,
    resident: f64,
    /// What a rate is divided by.
    factor: f64,
}

fn bars(count: usize) -> Bars {
    if count <= 20_000 {
        Bars { ingest: 1.5, restart: 2.0, resident: 120.0, factor: 1.0 }
    } else {
        Bars { ingest: 15.0, restart: 2.0, resident: 600.0, factor: 2.0 }
    }
}

async fn measure(
    arguments: &CatalogArguments,
    files: &Path,
    count: Option<usize>,
    report: &mut Report,
) -> Result<(), CliError> {
    let data = child::folder()?;
    let server = Child::start(data.path()).await?;
    let client = server.administrator().await?;
    progress("reading");
    let before = total(&client).await?;
    let began = Instant::now();
    let target = files.join("all.yaml").display().to_string();
    let _: Value = client.post("/api/v1/sources", &json!({ "target": target })).await?;
    // The Location that names the files is an entity, too.
    let expected = count.map_or(before + 1, |count| before + count + 1);
    let found = visible(&client, expected).await?;
    let ingest = began.elapsed();
    let name = |what: &str| format!("{found} entities: {what}");
    let bars = bars(found);
    report.add(Figure::time(&name("from files to searchable"), &[ingest], bars.ingest));
    // What reading needed on the way goes back to the system within a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    report.add_memory_within(&name("resident, a second after reading"), server.resident(), bars.resident);
    progress("questions");
    let questions = [
        ("by-query, kind and type", BY_QUERY, 10_000.0),
        ("by-query, ordered full text", FULL_TEXT, 4_000.0),
        ("entity-facets", FACETS, 10_000.0),
    ];
    let length = Duration::from_secs(arguments.seconds);
    for (what, path, bar) in questions {
        let warm = Duration::from_millis(300);
        load(server.authority(), path, usize::from(arguments.connections), warm).await?;
        let found = load(server.authority(), path, usize::from(arguments.connections), length).await?;
        let size = found.bytes as f64 / 1e3 / found.answers.max(1) as f64;
        report.add(Figure::rate(&name(&format!("{what}, {size:.1} kB each")), found.rate, bar / bars.factor));
        report.add(Figure::quantiles(&name(what), found.answers, found.p50, found.p99, 5.0 * bars.factor));
    }
    report.add_memory_within(&name("resident, after questions"), server.resident(), bars.resident);
    progress("one change");
    report.add(Figure::time(
        &name("a push, from git's end to searchable"),
        &push::pushes(&server, PUSHES).await?,
        1.0,
    ));
    server.stop().await;
    progress("starting again");
    let began = Instant::now();
    let server = Child::start(data.path()).await?;
    visible(&server.client()?, found).await?;
    report.add(Figure::time(&name("start to searchable, again"), &[began.elapsed()], bars.restart));
    report.add_memory_within(&name("resident, started again"), server.resident(), bars.resident);
    server.stop().await;
    Ok(())
}

const BY_QUERY: &str = "/api/catalog/entities/by-query?limit=20&filter=kind=component,spec.type=service";
const FULL_TEXT: &str = "/api/catalog/entities/by-query?limit=20&filter=kind=component&orderField=metadata.name,asc\
                         &fullTextFilterTerm=order&fullTextFilterFields=metadata.name,metadata.title";
const FACETS: &str = "/api/catalog/entity-facets?facet=spec.type&facet=spec.lifecycle&filter=kind=component";

/// How many entities there are.
async fn total(client: &ApiClient) -> Result<usize, CliError> {
    let answer: Value = client.get("/api/catalog/entities/by-query?limit=0").await?;
    Ok(answer.get("totalItems").and_then(Value::as_u64).unwrap_or_default() as usize)
}

/// Waits until as many entities answer a search.
async fn visible(client: &ApiClient, expected: usize) -> Result<usize, CliError> {
    let began = Instant::now();
    loop {
        let total = total(client).await?;
        if total >= expected {
            return Ok(total);
        }
        if began.elapsed() > PATIENCE {
            let hint = Some("look at the source's page for what is wrong with the files");
            return Err(CliError::failed(format!("only {total} of {expected} entities were read"), hint));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
