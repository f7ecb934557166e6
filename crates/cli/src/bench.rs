//! `fairway bench`: measures this binary on this machine, with the example organisation in a temporary folder.

mod catalog;
mod child;
mod load;
mod page;
mod policy;
mod policy_library;
mod policy_manifest;
mod push;
mod report;
mod statistic;
mod walk;
mod what_if;

use serde_json::json;

use crate::failure::CliError;
use crate::output::{OutputArguments, can_draw, talk};
use child::Child;
use report::{Figure, Report};

/// Measure this binary on this machine
///
/// Starts a server of its own in a temporary folder with the example organisation, and measures it over HTTP:
/// start, memory, plans, the way from apply to the catalog, pages. Touches no other data. The bars are those of
/// the README.
#[derive(Clone, Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  fairway bench\n  fairway bench --runs 500 --output json\n  fairway bench catalog\n  fairway bench policy"
)]
pub struct BenchArguments {
    #[command(subcommand)]
    what: Option<BenchCommand>,
    /// How often each page is asked for; plans and starts are made fewer times
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(5..=100_000), value_name = "COUNT")]
    runs: u32,
    #[command(flatten)]
    output: OutputArguments,
}

/// What to measure instead.
#[derive(Clone, Debug, clap::Subcommand)]
enum BenchCommand {
    Catalog(catalog::CatalogArguments),
    Policy(policy::PolicyArguments),
    WhatIf(what_if::WhatIfArguments),
}

/// Runs `fairway bench`. A bar that is missed is shown, and is no failure: machines differ.
pub async fn bench(arguments: BenchArguments) -> Result<(), CliError> {
    match arguments.what {
        Some(BenchCommand::Catalog(arguments)) => return catalog::catalog(arguments).await,
        Some(BenchCommand::Policy(arguments)) => return policy::policy(&arguments),
        Some(BenchCommand::WhatIf(arguments)) => return what_if::what_if(arguments).await,
        None => {}
    }
    if cfg!(debug_assertions) {
        talk("warning: this is a debug build; its figures say nothing about a release");
    }
    let progress = |what: &str| {
        if can_draw() {
            talk(&format!("  {what} …"));
        }
    };
    let mut report = Report::default();
    progress("starting");
    let starts = (arguments.runs / 10).clamp(3, 20);
    let mut fresh = Vec::new();
    let mut again = Vec::new();
    for _ in 0..starts {
        let folder = child::folder()?;
        let first = Child::start(folder.path()).await?;
        fresh.push(first.ready_after);
        first.stop().await;
        let second = Child::start(folder.path()).await?;
        again.push(second.ready_after);
        second.stop().await;
    }
    report.add(Figure::time("start to ready, installing the example", &fresh, 0.3));
    report.add(Figure::time("start to ready, again", &again, 0.3));

    let folder = child::folder()?;
    let server = Child::start(folder.path()).await?;
    report.add_memory("resident memory, ready", server.resident());
    progress("pages");
    let client = server.client()?;
    let pages = page::pages(&client).await?;
    for (name, path) in &pages {
        report.add(page::time(&client, name, path, arguments.runs).await?);
    }
    for (name, path) in &pages {
        report.add(page::weight(&client, name, path).await?);
    }
    progress("plans");
    let templates = walk::templates(&client).await?;
    let plans = (arguments.runs / 5).max(5);
    for template in &templates {
        report.add(walk::plans(&client, template, plans).await?);
    }
    progress("applies");
    for template in &templates {
        report.add(walk::applies(&client, template, (arguments.runs / 20).clamp(2, 20)).await?);
    }
    report.add_memory("resident memory, after all this", server.resident());
    server.stop().await;

    if let Some(bytes) = std::env::current_exe().ok().and_then(|path| path.metadata().ok()) {
        report.add(Figure::megabytes("binary", bytes.len(), 60.0));
    }
    let value = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "debug": cfg!(debug_assertions),
        "runs": arguments.runs,
        "figures": report.figures,
    });
    arguments.output.print(&value, || report.text())
}
