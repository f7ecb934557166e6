//! The public entry: an environment and its renders.

use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::budget::{Budget, DEEP_STACK, Meter};
use crate::error::{Fault, Outcome, TemplateError};
use crate::jinja::evaluate::Interpreter;
use crate::jinja::lexer::{Syntax, normalize_newlines};
use crate::jinja::parser::parse;
use crate::jinja::scope::Scope;

/// Gives the source of a template by its name.
pub type Loader = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// How deep a render may go on the stack of its caller; what goes deeper runs on a larger stack of its own. A level here
/// takes more of it than one of Nunjucks, as tags are parsed and run by one function each.
const SHALLOW: usize = 50;

/// How templates are rendered. Built once, then only read.
#[derive(Clone)]
pub struct Environment {
    pub(crate) syntax: Syntax,
    pub(crate) do_tag: bool,
    pub(crate) loop_controls: bool,
    pub(crate) now: Option<Timestamp>,
    random: Option<Arc<dyn Fn() -> u64 + Send + Sync>>,
    loader: Option<Loader>,
    budget: Budget,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Environment").field("syntax", &self.syntax).finish_non_exhaustive()
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::cookiecutter()
    }
}

impl Environment {
    /// As Cookiecutter sets Jinja up: what is undefined is an error, and a line break at the end stays.
    pub fn cookiecutter() -> Self {
        Self {
            syntax: Syntax { keep_trailing_newline: true, ..Syntax::default() },
            do_tag: false,
            loop_controls: false,
            now: None,
            random: None,
            loader: None,
            budget: Budget::default(),
        }
    }

    /// Replaces delimiters and the rules for white space.
    #[must_use]
    pub fn with_syntax(mut self, syntax: Syntax) -> Self {
        self.syntax = syntax;
        self
    }

    /// The delimiters and the rules for white space.
    pub const fn syntax(&self) -> &Syntax {
        &self.syntax
    }

    /// Whether there is the tag `do` (`jinja2.ext.do`).
    #[must_use]
    pub const fn with_do_tag(mut self, on: bool) -> Self {
        self.do_tag = on;
        self
    }

    /// Whether there are the tags `break` and `continue` (`jinja2.ext.loopcontrols`).
    #[must_use]
    pub const fn with_loop_controls(mut self, on: bool) -> Self {
        self.loop_controls = on;
        self
    }

    /// The time that the tag `now` shows. Without it the tag fails.
    #[must_use]
    pub const fn with_now(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// Gives `random`, `random_ascii_string` and `uuid4` their source: 64 random bits at each call. Without it they
    /// fail.
    #[must_use]
    pub fn with_random(mut self, draw: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.random = Some(Arc::new(draw));
        self
    }

    /// Where `include`, `import` and `extends` find templates. Without it they find none.
    #[must_use]
    pub fn with_loader(mut self, loader: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.loader = Some(Arc::new(loader));
        self
    }

    /// Replaces the limits of each render.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Renders `source`; `context` is an object whose members are the variables. `name` is what errors call it,
    /// usually its path.
    pub fn render(&self, source: &str, name: &str, context: &Json) -> Result<String, TemplateError> {
        let text = normalize_newlines(source);
        if self.is_plain(&text) {
            return Ok(text.into_owned());
        }
        let attempt = |depth: usize| self.attempt(&text, name, context, depth);
        let shallow = SHALLOW.min(self.budget.depth);
        let result = match attempt(shallow) {
            Err(fault) if fault.too_deep && self.budget.depth > shallow => thread::scope(|threads| {
                thread::Builder::new()
                    .stack_size(DEEP_STACK)
                    .spawn_scoped(threads, || attempt(self.budget.depth))
                    .ok()
                    .and_then(|thread| thread.join().ok())
                    .unwrap_or(Err(fault))
            }),
            result => result,
        };
        result.map_err(|mut fault| {
            fault.position = fault.position.map(|position| place_in(source, &text, position));
            TemplateError::locate(*fault, source, name)
        })
    }

    /// Parses and runs on the stack at hand.
    fn attempt(&self, source: &str, name: &str, context: &Json, depth: usize) -> Outcome<String> {
        let template = Rc::new(parse(self, source, name, depth)?);
        let meter = Meter::new(&self.budget, depth);
        let mut interpreter = Interpreter::new(self, meter, depth, template);
        let root = Rc::clone(&interpreter.root);
        interpreter.heap.keep_scope(&root);
        for (name, value) in context.as_object().into_iter().flatten() {
            let value = interpreter.heap.json(value)?;
            root.set(&name.as_str().into(), value);
        }
        let scope = Scope::child(&root);
        interpreter.heap.keep_scope(&scope);
        interpreter.root = Rc::clone(&scope);
        let mut out = String::with_capacity(source.len());
        interpreter.run(&scope, &mut out)?;
        if out.len() > self.budget.output {
            return Err(Fault::budget("the template prints too much"));
        }
        Ok(out)
    }

    /// Whether nothing in `source` is markup, so that it renders to itself.
    fn is_plain(&self, source: &str) -> bool {
        let syntax = &self.syntax;
        let starts = [&syntax.block_start, &syntax.variable_start, &syntax.comment_start];
        syntax.keep_trailing_newline
            && syntax.newline_sequence == "\n"
            && !starts.iter().any(|start| source.contains(start.as_str()))
    }

    pub(crate) fn load(&self, name: &str) -> Option<String> {
        self.loader.as_ref().and_then(|loader| loader(name))
    }

    /// A number below `limit`, each as likely as the others.
    pub(crate) fn draw(&self, limit: usize) -> Outcome<usize> {
        let random = self.random.as_ref().ok_or_else(|| {
            Fault::value("there are no random numbers here").hint("Ask for the value instead.")
        })?;
        let limit = limit as u64;
        let fair = u64::MAX - u64::MAX % limit.max(1);
        for _ in 0..128 {
            let number = random();
            if number < fair {
                return Ok((number % limit) as usize);
            }
        }
        Err(Fault::value("the source of random numbers repeats itself"))
    }
}

/// The place in the source of a place in the same with normalized line breaks.
fn place_in(source: &str, normalized: &str, position: usize) -> usize {
    if source.len() == normalized.len() {
        return position;
    }
    let mut left = position;
    let mut bytes = source.bytes().enumerate().peekable();
    while let Some((index, byte)) = bytes.next() {
        if left == 0 {
            return index;
        }
        if byte == b'\r' && bytes.peek().is_some_and(|(_, next)| *next == b'\n') {
            continue;
        }
        left -= 1;
    }
    source.len()
}
