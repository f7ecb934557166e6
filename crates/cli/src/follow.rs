//! A run as it moves.

use std::time::Duration;

use fairway_domain::plan::Plan;
use fairway_domain::run::{EffectStatus, Run};
use fairway_remote::{ApiClient, RemoteError};
use futures::StreamExt as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::client::segment;
use crate::failure::CliError;
use crate::output::{can_draw, harmless, talk};

/// How often a run is asked about when its events cannot be had.
const AGAIN: Duration = Duration::from_millis(300);
/// How often in a row asking may fail: a server that restarts goes on with its runs.
const FAILURES: u32 = 100;

/// Follows a run until it settles: its lines as they come, and a bar where there is a terminal.
pub async fn follow(client: &ApiClient, run: Run, plan: Option<&Plan>) -> Result<Run, CliError> {
    let path = format!("/api/v1/runs/{}", segment(&run.id));
    let mut progress = Progress::new(run.effects.len(), plan);
    progress.show(&run);
    let mut run = run;
    let mut failures = 0;
    while !run.status.is_settled() {
        match next(client, &path, &mut progress, &mut run).await {
            Ok(()) => failures = 0,
            Err(error) if failures < FAILURES && is_passing(&error) => {
                if failures == 0 {
                    progress.say("the server does not answer; its runs go on when it is back");
                }
                failures += 1;
            }
            Err(error) => {
                progress.end();
                return Err(error.into());
            }
        }
        if !run.status.is_settled() {
            tokio::time::sleep(AGAIN).await;
        }
    }
    progress.end();
    Ok(run)
}

/// Listens to the events as long as they come, then asks once.
async fn next(
    client: &ApiClient,
    path: &str,
    progress: &mut Progress<'_>,
    run: &mut Run,
) -> Result<(), RemoteError> {
    let mut events = client.events(&format!("{path}/events")).await?;
    while let Some(line) = events.next().await {
        let Ok(line) = line else { break };
        let Some(data) = line.strip_prefix("data:") else { continue };
        let Ok(moved) = serde_json::from_str::<Run>(data.trim_start()) else { continue };
        *run = moved;
        progress.show(run);
        if run.status.is_settled() {
            return Ok(());
        }
    }
    *run = client.get(path).await?;
    progress.show(run);
    Ok(())
}

const fn is_passing(error: &RemoteError) -> bool {
    matches!(
        error,
        RemoteError::Connection { .. }
            | RemoteError::Timeout { .. }
            | RemoteError::Api { status: 502..=504, .. }
    )
}

struct Progress<'a> {
    bar: Option<ProgressBar>,
    plan: Option<&'a Plan>,
    said: usize,
}

impl<'a> Progress<'a> {
    fn new(effects: usize, plan: Option<&'a Plan>) -> Self {
        let bar = can_draw().then(|| {
            let bar = ProgressBar::with_draw_target(Some(effects as u64), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:24} {pos}/{len}  {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, plan, said: 0 }
    }

    fn show(&mut self, run: &Run) {
        for line in run.log.iter().skip(self.said) {
            let step = line.step.as_deref().unwrap_or("run");
            self.say(&format!("{step:<12} {}", line.message));
        }
        self.said = run.log.len().max(self.said);
        let Some(bar) = &self.bar else { return };
        let done = run.effects.iter().filter(|it| matches!(it.status, EffectStatus::Done { .. })).count();
        bar.set_position(done as u64);
        let at = run.effects.iter().position(|it| matches!(it.status, EffectStatus::Began));
        let effect = at.and_then(|at| self.plan.and_then(|plan| plan.effects.get(at)));
        bar.set_message(effect.map(|effect| harmless(&effect.summary())).unwrap_or_default());
    }

    fn say(&self, text: &str) {
        let text = harmless(&format!("  {text}"));
        match &self.bar {
            Some(bar) => bar.println(text),
            None => talk(&text),
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
