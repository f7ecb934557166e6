//! The command line.

use clap::{Parser, Subcommand};

use crate::{
    admission, apply, audit, bench, catalog, change, check, completion, delivery, environments, exit_code,
    findings, new, plan, policy, render, runs, search, secrets, supply, template, token, undo, up, version,
};

/// The internal developer platform in one binary
///
/// Golden paths, catalog, delivery and guardrails. `fairway up` starts everything on this machine; the other
/// commands talk to a running server, or work on files alone.
#[derive(Debug, Parser)]
#[command(name = "fairway", version, max_term_width = 100, after_help = exit_code::HELP, subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Up(up::UpArguments),
    Serve(up::ServeArguments),
    New(new::NewArguments),
    Plan(plan::PlanArguments),
    Apply(apply::ApplyArguments),
    Undo(undo::UndoArguments),
    Runs(runs::RunsArguments),
    Search(search::SearchArguments),
    Secrets(secrets::SecretsArguments),
    Supply(supply::SupplyArguments),
    Catalog(catalog::CatalogArguments),
    Check(check::CheckArguments),
    Admission(admission::AdmissionArguments),
    Policy(policy::PolicyArguments),
    Render(render::RenderArguments),
    Template(template::TemplateArguments),
    Deploy(delivery::DeployArguments),
    Promote(delivery::PromoteArguments),
    Rollback(delivery::RollbackArguments),
    Environments(environments::EnvironmentsArguments),
    Change(change::ChangeArguments),
    Findings(findings::FindingsArguments),
    Audit(audit::AuditArguments),
    Token(token::TokenArguments),
    Bench(bench::BenchArguments),
    Completion(completion::CompletionArguments),
    Version(version::VersionArguments),
    /// What the exit codes mean
    #[command(hide = true, after_help = "Examples:\n  fairway help exit-codes")]
    #[command(long_about = exit_code::HELP)]
    ExitCodes,
}
