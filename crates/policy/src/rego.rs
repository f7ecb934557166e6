//! Rego, compiled once and evaluated within a budget.

use std::num::NonZeroU32;
use std::time::Duration;

use fairway_domain::{Diagnostic, SourceLocation};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use crate::unit::OtherObjects;
use crate::unit_reach::others_of;
use crate::{builtins, dialect, guard};

/// The longest that one policy may think about one object.
const TIME_LIMIT: Duration = Duration::from_secs(1);
/// The stable word of everything that is wrong with a source.
const CODE: &str = "policy-rego";
/// How many steps pass between two looks at the clock. Each look costs, and a dozen multiplications of ever longer numbers
/// take minutes.
const CHECK_INTERVAL: u32 = 8;

/// A module's source with the words that errors name it by.
pub(crate) struct Source<'a> {
    pub(crate) place: String,
    pub(crate) text: &'a str,
    /// Rego 1 (`if` and `contains` are keywords), else Rego 0.
    pub(crate) version_one: bool,
}

/// Whether a source is written in Rego 1: what can be read as such is, and what cannot and can be read as Rego 0 is not.
pub(crate) fn is_version_one(text: &str) -> bool {
    let reads = |version_one: bool| {
        let mut engine = Engine::new();
        engine.set_rego_v0(!version_one);
        engine.add_policy("source".to_owned(), dialect::adapt(text).text).is_ok()
    };
    // Depth is judged before anything is read.
    guard::check_depth(text).is_err() || reads(true) || !reads(false)
}

/// Modules that give one rule `violation`.
#[derive(Clone)]
pub(crate) struct Program {
    engine: Engine,
    rule: String,
    /// Whether `data.inventory` is read.
    pub(crate) needs_inventory: bool,
    /// What is read of it.
    pub(crate) looks_at: OtherObjects,
}

/// What one evaluation came to.
pub(crate) enum Verdict {
    /// Each violation as JSON; empty for a pass.
    Violations(Vec<serde_json::Value>),
    /// It failed.
    Failed(String),
    /// It did not end in time.
    TimedOut,
}

/// An engine that holds modules, guarded against what would exhaust it, and the packages of the modules.
pub(crate) fn engine(sources: &[Source<'_>]) -> Result<(Engine, Vec<String>), Box<Diagnostic>> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(false);
    builtins::register(&mut engine).map_err(|message| Box::new(Diagnostic::error(CODE, message)))?;
    let mut packages = Vec::new();
    let mut calls = guard::Calls::default();
    for source in sources {
        guard::check_depth(source.text).map_err(|refusal| {
            let location =
                SourceLocation { file: source.place.clone(), line: refusal.line, column: refusal.column };
            Box::new(Diagnostic::error(CODE, refusal.message).at(location, None))
        })?;
        let adapted = dialect::adapt(source.text).text;
        calls.add(&adapted);
        engine.set_rego_v0(!source.version_one);
        let package = engine
            .add_policy(source.place.clone(), adapted)
            .map_err(|error| Box::new(diagnostic(&error.to_string(), sources)))?;
        packages.push(package);
    }
    let circle = calls.circle();
    if !circle.is_empty() {
        let message =
            format!("these call themselves without an end, which Rego forbids: {}", circle.join(", "));
        return Err(Box::new(Diagnostic::error(CODE, message)));
    }
    if let Some(interval) = NonZeroU32::new(CHECK_INTERVAL) {
        engine
            .set_execution_timer_config(ExecutionTimerConfig { limit: TIME_LIMIT, check_interval: interval });
    }
    Ok((engine, packages))
}

/// Analysis finds unsafe variables, recursion and a missing rule; without it they would show up only when the first
/// object comes along. The answer is an engine that is ready to run the rule.
pub(crate) fn analyse(
    engine: &Engine,
    rule: &str,
    sources: &[Source<'_>],
) -> Result<Engine, Box<Diagnostic>> {
    let mut analysed = engine.clone();
    analysed.set_input(Value::new_object());
    analysed
        .compile_with_entrypoint(&rule.into())
        .map_err(|error| Box::new(diagnostic(&error.to_string(), sources)))?;
    Ok(analysed)
}

/// What a rule came to: its value, or why it has none.
pub(crate) enum Answer {
    Value(Value),
    Failed(String),
    TimedOut,
}

/// Evaluates a rule by its whole path.
pub(crate) fn evaluate(engine: &mut Engine, rule: &str) -> Answer {
    match engine.eval_rule(rule.to_owned()) {
        Ok(value) => Answer::Value(value),
        Err(error) => {
            let text = error.to_string();
            if text.contains("execution exceeded time limit") {
                return Answer::TimedOut;
            }
            Answer::Failed(summary(&text))
        }
    }
}

impl Program {
    /// Compiles the main module, which comes first, and its libraries.
    pub(crate) fn compile(sources: &[Source<'_>]) -> Result<Self, Box<Diagnostic>> {
        let (engine, packages) = engine(sources)?;
        let rule = packages.first().map(|package| format!("{package}.violation")).unwrap_or_default();
        let analysed = analyse(&engine, &rule, sources)?;
        let needs_inventory = sources.iter().any(|source| source.text.contains("inventory"));
        let texts: Vec<serde_json::Value> =
            sources.iter().map(|source| serde_json::Value::from(source.text)).collect();
        let looks_at = others_of(&texts.iter().collect::<Vec<_>>());
        // What was analysed is ready to run, and so are its copies. Data would undo that, so a program that gets some
        // begins with what is not analysed yet.
        let engine = if needs_inventory { engine } else { analysed };
        Ok(Self { engine, rule, needs_inventory, looks_at })
    }

    /// Gives the program `data.inventory`.
    pub(crate) fn set_inventory(&mut self, inventory: Value) -> Result<(), String> {
        let mut data = Value::new_object();
        if let Ok(map) = data.as_object_mut() {
            map.insert(Value::from("inventory"), inventory);
        }
        self.engine.add_data(data).map_err(|error| error.to_string())
    }

    /// Evaluates `violation` on an input.
    pub(crate) fn evaluate(&mut self, input: Value) -> Verdict {
        self.engine.set_input(input);
        match evaluate(&mut self.engine, &self.rule) {
            Answer::Value(Value::Undefined) => Verdict::Violations(Vec::new()),
            Answer::Value(Value::Set(items)) => Verdict::Violations(items.iter().map(json).collect()),
            Answer::Value(Value::Array(items)) => Verdict::Violations(items.iter().map(json).collect()),
            Answer::Value(other) => Verdict::Failed(format!("violation is {other}, but it has to be a set")),
            Answer::Failed(reason) => Verdict::Failed(reason),
            Answer::TimedOut => Verdict::TimedOut,
        }
    }
}

pub(crate) fn json(value: &Value) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The interpreter's message without its drawing of the source.
fn summary(text: &str) -> String {
    let message = text.lines().find_map(|line| line.trim().strip_prefix("error: "));
    message.unwrap_or_else(|| text.trim()).chars().take(500).collect()
}

/// The interpreter writes `--> place:line:column`, the line, and `error: message`.
fn diagnostic(text: &str, sources: &[Source<'_>]) -> Diagnostic {
    let error = Diagnostic::error(CODE, summary(text));
    let Some(place) = text.lines().find_map(|line| line.trim().strip_prefix("--> ")) else { return error };
    let mut parts = place.rsplitn(3, ':');
    let mut number = || parts.next().and_then(|part| part.trim().parse::<usize>().ok());
    let (Some(column), Some(line)) = (number(), number()) else { return error };
    let file = parts.next().unwrap_or_default();
    let source = sources.iter().find(|source| source.place == file);
    let column = source.map_or(column, |source| dialect::adapt(source.text).written_column(line, column));
    let quoted = source.and_then(|source| source.text.lines().nth(line.saturating_sub(1))).map(str::to_owned);
    error.at(SourceLocation { file: file.to_owned(), line, column }, quoted)
}
