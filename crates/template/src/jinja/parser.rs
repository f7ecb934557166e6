//! Tags and the text between them.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::error::{Fault, Outcome, TemplateErrorKind, near_names};
use crate::jinja::ast::{
    Block, Definition, Expression, ExpressionKind, FilterCall, For, Now, Operator, Sign, Statement,
    StatementKind as Kind, Target, Template,
};
use crate::jinja::lexer::{self, Token, tokenize};
use crate::jinja::render::Environment;
use crate::jinja::{filters, predicates};

const TAGS: [&str; 16] = [
    "for",
    "if",
    "set",
    "with",
    "macro",
    "call",
    "filter",
    "autoescape",
    "block",
    "extends",
    "include",
    "import",
    "from",
    "print",
    "raw",
    "now",
];
const RESERVED: [&str; 6] = ["true", "True", "false", "False", "none", "None"];
/// How many operators, members or calls one expression may chain; each makes the tree one level deeper.
const LONGEST_CHAIN: usize = 2_000;

/// A cursor over the tokens of one template.
pub struct Parser<'e> {
    environment: &'e Environment,
    tokens: Vec<Token>,
    index: usize,
    depth: usize,
    limit: usize,
    chain: usize,
    loops: usize,
    /// What macros being read make use of, the innermost last: varargs, kwargs, caller.
    uses: Vec<[bool; 3]>,
    blocks: BTreeMap<Rc<str>, Rc<Block>>,
    /// Names that nothing is known of. Inside of conditions they only count when they are reached.
    unknown: Vec<Fault>,
}

/// Reads a template whose line breaks are normalized. `limit` bounds nesting.
pub fn parse(environment: &Environment, source: &str, name: &str, limit: usize) -> Outcome<Template> {
    let tokens = tokenize(source, &environment.syntax)?;
    let mut parser = Parser {
        environment,
        tokens,
        index: 0,
        depth: 0,
        limit,
        chain: 0,
        loops: 0,
        uses: Vec::new(),
        blocks: BTreeMap::new(),
        unknown: Vec::new(),
    };
    let body = parser.statements(&[])?;
    if let Some(fault) = parser.unknown.into_iter().next() {
        return Err(Box::new(fault));
    }
    Ok(Template { name: name.into(), source: source.into(), body, blocks: parser.blocks })
}

impl Parser<'_> {
    pub fn kind(&self) -> &lexer::Kind {
        self.tokens.get(self.index).map_or(&lexer::Kind::End, |token| &token.kind)
    }

    fn next_kind(&self) -> &lexer::Kind {
        self.tokens.get(self.index + 1).map_or(&lexer::Kind::End, |token| &token.kind)
    }

    pub fn position(&self) -> usize {
        self.tokens.get(self.index).or(self.tokens.last()).map_or(0, |token| token.position)
    }

    /// Steps over a token and gives its place.
    pub fn advance(&mut self) -> usize {
        let position = self.position();
        if let lexer::Kind::Name(name) = self.kind() {
            let used = match &**name {
                "varargs" => Some(0),
                "kwargs" => Some(1),
                "caller" => Some(2),
                _ => None,
            };
            if let Some(flag) = used.and_then(|index| self.uses.last_mut()?.get_mut(index)) {
                *flag = true;
            }
        }
        self.index += 1;
        position
    }

    pub fn is(&self, operator: &str) -> bool {
        matches!(self.kind(), lexer::Kind::Operator(found) if *found == operator)
    }

    pub fn is_name(&self, name: &str) -> bool {
        matches!(self.kind(), lexer::Kind::Name(found) if &**found == name)
    }

    pub fn next_is(&self, operator: &str) -> bool {
        matches!(self.next_kind(), lexer::Kind::Operator(found) if *found == operator)
    }

    pub fn next_is_name(&self, name: &str) -> bool {
        matches!(self.next_kind(), lexer::Kind::Name(found) if &**found == name)
    }

    pub fn skip(&mut self, operator: &str) -> bool {
        let found = self.is(operator);
        if found {
            self.advance();
        }
        found
    }

    pub fn skip_name(&mut self, name: &str) -> bool {
        let found = self.is_name(name);
        if found {
            self.advance();
        }
        found
    }

    pub fn expect(&mut self, operator: &str) -> Outcome<()> {
        if self.skip(operator) { Ok(()) } else { Err(self.unexpected(&format!("\"{operator}\""))) }
    }

    pub fn expect_name(&mut self) -> Outcome<Rc<str>> {
        match self.kind().clone() {
            lexer::Kind::Name(name) => {
                self.advance();
                Ok(name)
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    fn expect_word(&mut self, word: &str) -> Outcome<()> {
        if self.skip_name(word) { Ok(()) } else { Err(self.unexpected(&format!("\"{word}\""))) }
    }

    pub fn unexpected(&self, expected: &str) -> Box<Fault> {
        let found = match self.kind() {
            lexer::Kind::Data(_) => "text".to_owned(),
            lexer::Kind::VariableBegin | lexer::Kind::BlockBegin => "the start of a tag".to_owned(),
            lexer::Kind::VariableEnd | lexer::Kind::BlockEnd => "the end of the tag".to_owned(),
            lexer::Kind::Name(name) => format!("\"{name}\""),
            lexer::Kind::Text(_) => "a text".to_owned(),
            lexer::Kind::Integer(_) | lexer::Kind::Float(_) => "a number".to_owned(),
            lexer::Kind::Operator(operator) => format!("\"{operator}\""),
            lexer::Kind::End => "the end of the template".to_owned(),
        };
        Fault::syntax(format!("expected {expected}, found {found}"), self.position())
    }

    pub fn enter(&mut self) -> Outcome<()> {
        self.depth += 1;
        if self.depth > self.limit { Err(Fault::too_deep().at(self.position())) } else { Ok(()) }
    }

    pub const fn leave(&mut self) {
        self.depth -= 1;
    }

    /// A chain of operators is a deep tree without nesting.
    pub fn count_chain(&mut self) -> Outcome<()> {
        self.chain += 1;
        if self.chain > self.limit.min(LONGEST_CHAIN) {
            return Err(Fault::too_deep().at(self.position()));
        }
        Ok(())
    }

    pub fn check_filter(&mut self, name: &str, position: usize) {
        if filters::find(name).is_none() {
            self.unknown.push(*filters::unknown(name).at(position));
        }
    }

    pub fn check_test(&mut self, name: &str, position: usize) {
        if predicates::find(name).is_none() {
            self.unknown.push(*predicates::unknown(name).at(position));
        }
    }

    pub const fn unknown_names(&self) -> usize {
        self.unknown.len()
    }

    pub fn forget_unknown_names(&mut self, mark: usize) {
        self.unknown.truncate(mark);
    }

    /// Statements up to a tag whose name is in `ends`, which stays; up to the end of the template for none.
    fn statements(&mut self, ends: &[&str]) -> Outcome<Vec<Statement>> {
        self.enter()?;
        let mut body = Vec::new();
        loop {
            let position = self.position();
            match self.kind().clone() {
                lexer::Kind::Data(text) => {
                    self.advance();
                    body.push(Statement { kind: Kind::Data(text), position });
                }
                lexer::Kind::VariableBegin => {
                    self.advance();
                    self.chain = 0;
                    let expression = self.tuple(true, &[], false)?;
                    if *self.kind() != lexer::Kind::VariableEnd {
                        return Err(self.unexpected("the end of the output"));
                    }
                    self.advance();
                    body.push(Statement { kind: Kind::Output(expression), position });
                }
                lexer::Kind::BlockBegin => {
                    if let lexer::Kind::Name(name) = self.next_kind()
                        && ends.contains(&&**name)
                    {
                        break;
                    }
                    self.advance();
                    self.chain = 0;
                    if let Some(kind) = self.statement(position, ends)? {
                        body.push(Statement { kind, position });
                    }
                }
                lexer::Kind::End if ends.is_empty() => break,
                lexer::Kind::End => {
                    let wanted: Vec<String> = ends.iter().map(|end| format!("{{% {end} %}}")).collect();
                    return Err(Fault::syntax("the template ends in the middle of a block", position)
                        .hint(format!("Add {}.", wanted.join(" or "))));
                }
                _ => return Err(self.unexpected("text or a tag")),
            }
        }
        self.leave();
        Ok(body)
    }

    /// The body of a tag: its end, statements, and the tag that ends them, whose name is given.
    fn body(&mut self, ends: &[&str]) -> Outcome<(Vec<Statement>, Rc<str>)> {
        self.skip(":");
        self.block_end()?;
        let body = self.statements(ends)?;
        self.advance();
        let end = self.expect_name()?;
        Ok((body, end))
    }

    /// A body with one end, whose tag is read to its end.
    fn closed_body(&mut self, end: &str) -> Outcome<Vec<Statement>> {
        let (body, _) = self.body(&[end])?;
        self.block_end()?;
        Ok(body)
    }

    fn block_end(&mut self) -> Outcome<()> {
        if *self.kind() != lexer::Kind::BlockEnd {
            return Err(self.unexpected("the end of the tag"));
        }
        self.advance();
        Ok(())
    }

    fn statement(&mut self, start: usize, ends: &[&str]) -> Outcome<Option<Kind>> {
        let name = self.expect_name()?;
        let kind = match &*name {
            "for" => self.for_loop(start)?,
            "if" => self.condition()?,
            "set" => self.set()?,
            "with" => self.with()?,
            "macro" => {
                let name = self.expect_name()?;
                Kind::Macro(Rc::new(self.definition(name, true, "endmacro")?.0))
            }
            "call" => {
                let (definition, call) = self.definition("caller".into(), false, "endcall")?;
                let call = call.ok_or_else(|| self.unexpected("a call"))?;
                Kind::Call { definition: Rc::new(definition), call }
            }
            "filter" => {
                let filters = self.filter_chain(true)?;
                Kind::Filter { filters, body: self.closed_body("endfilter")? }
            }
            "autoescape" => {
                let on = self.expression()?;
                Kind::Autoescape { on, body: self.closed_body("endautoescape")? }
            }
            "block" => self.block()?,
            "print" => Kind::Output(self.tuple(true, &[], false)?),
            "extends" => Kind::Extends(self.expression()?),
            "include" => {
                let template = self.expression()?;
                let ignore_missing = self.is_name("ignore") && self.next_is_name("missing");
                if ignore_missing {
                    self.advance();
                    self.advance();
                }
                Kind::Include { template, ignore_missing, with_context: self.with_context(true) }
            }
            "import" => {
                let template = self.expression()?;
                self.expect_word("as")?;
                let target = self.assigned_name()?;
                Kind::Import { template, target, with_context: self.with_context(false) }
            }
            "from" => self.imported_names()?,
            "do" if self.environment.do_tag => Kind::Do(self.tuple(true, &[], false)?),
            "break" | "continue" if self.environment.loop_controls => {
                if self.loops == 0 {
                    return Err(Fault::syntax(format!("\"{name}\" stands outside of a loop"), start));
                }
                if &*name == "break" { Kind::Break } else { Kind::Continue }
            }
            "now" => self.now()?,
            _ => return Err(unknown_tag(&name, start, ends)),
        };
        let closed = matches!(self.kind(), lexer::Kind::BlockEnd) && !matches!(kind, Kind::Data(_));
        let ends_itself = matches!(
            kind,
            Kind::Output(_)
                | Kind::Set { .. }
                | Kind::Extends(_)
                | Kind::Include { .. }
                | Kind::Import { .. }
                | Kind::From { .. }
                | Kind::Do(_)
                | Kind::Break
                | Kind::Continue
                | Kind::Now(_)
        );
        if ends_itself {
            if !closed {
                return Err(self.unexpected("the end of the tag"));
            }
            self.block_end()?;
        }
        Ok(Some(kind))
    }

    fn for_loop(&mut self, position: usize) -> Outcome<Kind> {
        let target = self.target(&["in"], false)?;
        self.expect_word("in")?;
        let iterable = self.tuple(false, &["recursive"], false)?;
        let condition = if self.skip_name("if") { Some(self.expression()?) } else { None };
        let recursive = self.skip_name("recursive");
        self.loops += 1;
        let (body, end) = self.body(&["endfor", "else"])?;
        self.loops -= 1;
        let otherwise = if &*end == "else" {
            self.closed_body("endfor")?
        } else {
            self.block_end()?;
            Vec::new()
        };
        Ok(Kind::For(Rc::new(For { target, iterable, condition, recursive, body, otherwise, position })))
    }

    fn condition(&mut self) -> Outcome<Kind> {
        let mut branches = Vec::new();
        loop {
            let test = self.tuple(false, &[], false)?;
            let mark = self.unknown_names();
            let (body, end) = self.body(&["elif", "else", "endif"])?;
            self.forget_unknown_names(mark);
            branches.push((test, body));
            match &*end {
                "elif" => {}
                "else" => {
                    let otherwise = self.closed_body("endif")?;
                    self.forget_unknown_names(mark);
                    return Ok(Kind::If { branches, otherwise });
                }
                _ => {
                    self.block_end()?;
                    return Ok(Kind::If { branches, otherwise: Vec::new() });
                }
            }
        }
    }

    fn set(&mut self) -> Outcome<Kind> {
        let target = self.target(&[], true)?;
        if self.skip("=") {
            return Ok(Kind::Set { target, value: self.tuple(true, &[], false)? });
        }
        let filters = self.filter_chain(false)?;
        Ok(Kind::SetBlock { target, filters, body: self.closed_body("endset")? })
    }

    fn filter_chain(&mut self, inline: bool) -> Outcome<Vec<FilterCall>> {
        let mut filters = Vec::new();
        if inline {
            filters.push(self.filter_call()?);
        }
        while self.skip("|") {
            filters.push(self.filter_call()?);
        }
        Ok(filters)
    }

    fn with(&mut self) -> Outcome<Kind> {
        let mut targets = Vec::new();
        while *self.kind() != lexer::Kind::BlockEnd {
            if !targets.is_empty() {
                self.expect(",")?;
            }
            let target = self.single_target(false)?;
            self.expect("=")?;
            targets.push((target, self.expression()?));
        }
        Ok(Kind::With { targets, body: self.closed_body("endwith")? })
    }

    /// A macro with its parameters, or a call block with what it calls.
    fn definition(
        &mut self,
        name: Rc<str>,
        is_macro: bool,
        end: &str,
    ) -> Outcome<(Definition, Option<Expression>)> {
        let mut parameters: Vec<(Rc<str>, Option<Expression>)> = Vec::new();
        if is_macro || self.is("(") {
            self.expect("(")?;
            while !self.is(")") {
                if !parameters.is_empty() {
                    self.expect(",")?;
                }
                let position = self.position();
                let parameter = self.assigned_name()?;
                let default = if self.skip("=") { Some(self.expression()?) } else { None };
                if default.is_none() && parameters.last().is_some_and(|(_, default)| default.is_some()) {
                    return Err(Fault::syntax("a parameter without a default follows one with", position));
                }
                parameters.push((parameter, default));
            }
            self.expect(")")?;
        }
        let call = if is_macro {
            None
        } else {
            let call = self.expression()?;
            if !matches!(call.kind, ExpressionKind::Call(..)) {
                return Err(Fault::syntax("a call block calls a macro", call.position)
                    .hint("Write {% call name(…) %}."));
            }
            Some(call)
        };
        self.uses.push([false; 3]);
        let loops = std::mem::take(&mut self.loops);
        let body = self.closed_body(end)?;
        self.loops = loops;
        let [uses_varargs, uses_kwargs, uses_caller] = self.uses.pop().unwrap_or_default();
        Ok((Definition { name, parameters, body, uses_varargs, uses_kwargs, uses_caller }, call))
    }

    fn block(&mut self) -> Outcome<Kind> {
        let position = self.position();
        let name = self.expect_name()?;
        if self.is("-") {
            return Err(
                Fault::syntax("names of blocks have no hyphens", self.position()).hint("Use an underscore.")
            );
        }
        let scoped = self.skip_name("scoped");
        let required = self.skip_name("required");
        let (body, _) = self.body(&["endblock"])?;
        self.skip_name(&name);
        self.block_end()?;
        let block = Rc::new(Block { name: Rc::clone(&name), scoped, required, body });
        if self.blocks.insert(Rc::clone(&name), Rc::clone(&block)).is_some() {
            return Err(Fault::syntax(format!("the block \"{name}\" is there twice"), position));
        }
        Ok(Kind::Block(block))
    }

    fn with_context(&mut self, default: bool) -> bool {
        for (word, answer) in [("with", true), ("without", false)] {
            if self.is_name(word) && self.next_is_name("context") {
                self.advance();
                self.advance();
                return answer;
            }
        }
        default
    }

    fn imported_names(&mut self) -> Outcome<Kind> {
        let template = self.expression()?;
        self.expect_word("import")?;
        let mut names: Vec<(Rc<str>, Rc<str>)> = Vec::new();
        while *self.kind() != lexer::Kind::BlockEnd {
            let ends =
                ["with", "without"].iter().any(|word| self.is_name(word)) && self.next_is_name("context");
            if ends {
                break;
            }
            if !names.is_empty() {
                self.expect(",")?;
                if *self.kind() == lexer::Kind::BlockEnd {
                    break;
                }
            }
            let position = self.position();
            let name = self.assigned_name()?;
            if name.starts_with('_') {
                return Err(Fault::syntax("names with a leading underscore are not imported", position));
            }
            let alias = if self.skip_name("as") { self.assigned_name()? } else { Rc::clone(&name) };
            names.push((name, alias));
            let ends =
                ["with", "without"].iter().any(|word| self.is_name(word)) && self.next_is_name("context");
            if !ends && !self.is(",") {
                break;
            }
        }
        Ok(Kind::From { template, names, with_context: self.with_context(false) })
    }

    /// `{% now 'utc' + 'days=1', '%Y' %}`
    fn now(&mut self) -> Outcome<Kind> {
        let zone = self.expression()?;
        let format = if self.skip(",") { Some(self.expression()?) } else { None };
        let (zone, shift) = match zone.kind {
            ExpressionKind::Binary(Operator::Add, left, right) => (*left, Some((Sign::Plus, *right))),
            ExpressionKind::Binary(Operator::Subtract, left, right) => (*left, Some((Sign::Minus, *right))),
            kind => (Expression { kind, position: zone.position }, None),
        };
        Ok(Kind::Now(Box::new(Now { zone, shift, format })))
    }

    fn assigned_name(&mut self) -> Outcome<Rc<str>> {
        let position = self.position();
        let name = self.expect_name()?;
        if RESERVED.contains(&&*name) {
            return Err(Fault::syntax(format!("\"{name}\" is a value and cannot be set"), position));
        }
        Ok(name)
    }

    fn single_target(&mut self, with_namespace: bool) -> Outcome<Target> {
        if self.skip("(") {
            self.enter()?;
            let target = self.target(&[], with_namespace)?;
            self.leave();
            self.expect(")")?;
            return Ok(target);
        }
        let name = self.assigned_name()?;
        if with_namespace && self.skip(".") {
            return Ok(Target::Namespace(name, self.expect_name()?));
        }
        Ok(Target::Name(name))
    }

    fn target(&mut self, ends: &[&str], with_namespace: bool) -> Outcome<Target> {
        let mut targets = vec![self.single_target(with_namespace)?];
        let mut is_tuple = false;
        while self.skip(",") {
            is_tuple = true;
            if self.is(")") || self.is("=") || ends.iter().any(|end| self.is_name(end)) {
                break;
            }
            targets.push(self.single_target(with_namespace)?);
        }
        match targets.pop() {
            Some(only) if !is_tuple => Ok(only),
            last => {
                targets.extend(last);
                Ok(Target::Tuple(targets))
            }
        }
    }
}

/// The fault of a filter or a test that is not there.
pub fn unknown<'n>(kind: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Box<Fault> {
    let fault = Fault::new(TemplateErrorKind::Unknown, format!("there is no {kind} \"{name}\""));
    match near_names(name, known).first() {
        Some(near) => fault.hint(format!("Did you mean \"{near}\"?")),
        None => fault.hint(format!(
            "Jinja's own {kind}s and those of Cookiecutter are there; Python code that adds others is not run."
        )),
    }
}

fn unknown_tag(name: &str, start: usize, ends: &[&str]) -> Box<Fault> {
    let fault = Fault::new(TemplateErrorKind::Unknown, format!("there is no tag \"{name}\" here")).at(start);
    match name {
        "do" => fault.hint("Add \"jinja2.ext.do\" to \"_extensions\", or write {% set _ = … %}."),
        "break" | "continue" => fault.hint("Add \"jinja2.ext.loopcontrols\" to \"_extensions\"."),
        _ => {
            let known = TAGS.iter().chain(ends).copied();
            let near = near_names(name, known);
            if let Some(near) = near.first() {
                fault.hint(format!("Did you mean \"{near}\"?"))
            } else if ends.is_empty() {
                fault.hint("To print it as it is, wrap it into {% raw %}…{% endraw %}.")
            } else {
                fault.hint(format!("The open block ends with \"{}\".", ends.join("\" or \"")))
            }
        }
    }
}
