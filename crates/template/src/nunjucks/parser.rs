//! Reads the tags of a template into statements.

use std::rc::Rc;

use crate::error::{Fault, Outcome, TemplateErrorKind, near_names};
use crate::nunjucks::ast::{
    Block, Body, Expression, For, Kind, Macro, Set, Statement, Switch, Symbol, Template,
};
use crate::nunjucks::frame::Slot;
use crate::nunjucks::lexer::{Lexer, Syntax, Token};
use crate::nunjucks::scope::resolve;
use crate::nunjucks::text::is_space;

const TAGS: [&str; 10] =
    ["block", "call", "filter", "for", "if", "macro", "raw", "set", "switch", "verbatim"];
const CLOSING_TAGS: [&str; 16] = [
    "elif",
    "else",
    "elseif",
    "case",
    "default",
    "endblock",
    "endcall",
    "endfilter",
    "endfor",
    "endif",
    "endmacro",
    "endraw",
    "endset",
    "endswitch",
    "endverbatim",
    "endeach",
];

/// What the nesting of a body weighs.
const BODY: usize = 2;

/// Parses `source`; nesting beyond `limit` is a fault that says so.
pub fn parse(source: &str, syntax: &Syntax, limit: usize) -> Outcome<Template> {
    let mut parser = Parser::new(source, syntax.clone(), limit);
    let body = parser.body(&[])?;
    let mut template = Template { body, blocks: Vec::new(), slots: 0, uses_loop: parser.uses_loop };
    let blocks = std::mem::take(&mut parser.blocks);
    for (index, block) in blocks.iter().enumerate() {
        if blocks.iter().take(index).any(|other| other.0.name == block.0.name) {
            return Err(Fault::syntax(format!("the block \"{}\" is there twice", block.0.name), block.1));
        }
    }
    template.blocks = blocks.into_iter().map(|(block, _)| Rc::new(block)).collect();
    if parser.has_scopes {
        resolve(&mut template, source.len())?;
    }
    Ok(template)
}

/// The token ahead, once it was looked at.
enum Peeked<'s> {
    Nothing,
    End,
    Token((Token<'s>, usize)),
}

pub struct Parser<'s> {
    lexer: Lexer<'s>,
    peeked: Peeked<'s>,
    /// The last tag asked to drop the white space that follows.
    trims_next: bool,
    blocks: Vec<(Block, usize)>,
    /// Whether anything defines names that have to be resolved.
    has_scopes: bool,
    pub(crate) uses_loop: bool,
    pub(crate) depth: usize,
    pub(crate) limit: usize,
}

impl<'s> Parser<'s> {
    const fn new(source: &'s str, syntax: Syntax, limit: usize) -> Self {
        Self {
            lexer: Lexer::new(source, syntax),
            peeked: Peeked::Nothing,
            trims_next: false,
            blocks: Vec::new(),
            has_scopes: false,
            uses_loop: false,
            depth: 0,
            limit,
        }
    }

    pub(crate) fn peek(&mut self) -> Outcome<Option<&Token<'s>>> {
        if matches!(self.peeked, Peeked::Nothing) {
            self.peeked = self.lexer.next()?.map_or(Peeked::End, Peeked::Token);
        }
        Ok(match &self.peeked {
            Peeked::Token((token, _)) => Some(token),
            _ => None,
        })
    }

    pub(crate) fn next(&mut self) -> Outcome<Option<(Token<'s>, usize)>> {
        match std::mem::replace(&mut self.peeked, Peeked::Nothing) {
            Peeked::Token(token) => Ok(Some(token)),
            Peeked::End => Ok(None),
            Peeked::Nothing => self.lexer.next(),
        }
    }

    /// Where the next token begins.
    pub(crate) fn position(&mut self) -> Outcome<usize> {
        self.peek()?;
        Ok(match &self.peeked {
            Peeked::Token((_, at)) => *at,
            _ => self.lexer.source.len(),
        })
    }

    pub(crate) fn skip_mark(&mut self, mark: &str) -> Outcome<bool> {
        let found = matches!(self.peek()?, Some(Token::Mark(found)) if *found == mark);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    pub(crate) fn skip_symbol(&mut self, name: &str) -> Outcome<bool> {
        let found = matches!(self.peek()?, Some(Token::Symbol(found)) if *found == name);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    /// A fault at the next token.
    pub(crate) fn unexpected<T>(&mut self, expected: &str) -> Outcome<T> {
        let position = self.position()?;
        let found = self.peek()?.map_or_else(|| "the end of the template".to_owned(), Token::describe);
        Err(Fault::syntax(format!("expected {expected}, found {found}"), position))
    }

    /// One level deeper, which weighs as much as the stack that the level takes.
    pub(crate) fn enter(&mut self, weight: usize) -> Outcome<()> {
        self.depth += weight;
        if self.depth > self.limit {
            let position = self.position()?;
            return Err(Fault::too_deep().at(position));
        }
        Ok(())
    }

    pub(crate) const fn leave(&mut self, weight: usize) {
        self.depth -= weight;
    }

    /// The end of the tag `name`.
    fn end_tag(&mut self, name: &str) -> Outcome<()> {
        if let Some(Token::BlockEnd { trims }) = self.peek()? {
            if *trims {
                self.trims_next = true;
            }
            self.next()?;
            return Ok(());
        }
        self.unexpected(&format!("\"%}}\" at the end of \"{name}\""))
    }

    /// The closing tag that stopped a body.
    fn closing(&mut self, name: &str, opened: usize) -> Outcome<()> {
        if !self.skip_symbol(name)? {
            return Err(Fault::syntax(format!("the tag is never closed with {{% {name} %}}"), opened));
        }
        self.end_tag(name)
    }

    /// Statements up to one of the tags `until`, whose name is the next token then, or the end.
    fn body(&mut self, until: &[&str]) -> Outcome<Body> {
        self.enter(BODY)?;
        let mut body = Vec::new();
        while let Some((token, position)) = self.next()? {
            match token {
                Token::Data(start, end) => self.data(start, end, &mut body)?,
                Token::Comment { trims_after, .. } => self.trims_next = trims_after,
                Token::BlockStart { .. } => {
                    self.trims_next = false;
                    match self.statement(until, position)? {
                        Some(statement) => body.push(statement),
                        None => break,
                    }
                }
                Token::VariableStart { .. } => {
                    let expression = self.expression()?;
                    let Some(Token::VariableEnd { trims }) = self.peek()? else {
                        let end = self.lexer.syntax.variable_end;
                        return self.unexpected(&format!("\"{end}\" at the end of the expression"));
                    };
                    self.trims_next = *trims;
                    self.next()?;
                    body.push(Statement::Output(expression));
                }
                other => {
                    return Err(Fault::syntax(format!("unexpected {}", other.describe()), position));
                }
            }
        }
        self.leave(BODY);
        Ok(body)
    }

    fn data(&mut self, start: usize, end: usize, body: &mut Body) -> Outcome<()> {
        let (mut start, mut end) = (start, end);
        let source = self.lexer.source;
        if std::mem::take(&mut self.trims_next) {
            let data = source.get(start..end).unwrap_or_default();
            start = end - data.trim_start_matches(is_space).len();
        }
        let trims = matches!(
            self.peek()?,
            Some(
                Token::BlockStart { trims: true }
                    | Token::VariableStart { trims: true }
                    | Token::Comment { trims_before: true, .. }
            )
        );
        if trims {
            end = start + source.get(start..end).unwrap_or_default().trim_end_matches(is_space).len();
        }
        body.push(Statement::Text(start, end));
        Ok(())
    }

    fn statement(&mut self, until: &[&str], tag: usize) -> Outcome<Option<Statement>> {
        let Some(Token::Symbol(name)) = self.peek()? else { return self.unexpected("the name of a tag") };
        let name = *name;
        if until.contains(&name) {
            return Ok(None);
        }
        let position = self.position()?;
        self.next()?;
        Ok(Some(match name {
            "raw" | "verbatim" => self.raw(name, tag)?,
            "if" | "ifAsync" => self.conditional(tag)?,
            "for" | "asyncEach" | "asyncAll" => self.repetition(name, tag)?,
            "block" => self.block(tag)?,
            "set" => self.set(tag)?,
            "macro" => self.definition(tag)?,
            "call" => self.call(tag)?,
            "filter" => self.filter(tag)?,
            "switch" => self.switch(tag)?,
            "include" | "extends" | "import" | "from" => {
                return Err(Fault::new(
                    TemplateErrorKind::Unknown,
                    format!("the tag \"{name}\" is not available: a template cannot load other templates"),
                )
                .at(position)
                .hint("Put the content into this file, or use a macro."));
            }
            _ => return Err(unknown_tag(name, position)),
        }))
    }

    fn raw(&mut self, name: &str, tag: usize) -> Outcome<Statement> {
        self.end_tag(name)?;
        match self.lexer.raw(name) {
            Some((start, end)) => Ok(Statement::Text(start, end)),
            None => Err(Fault::syntax(format!("the tag is never closed with {{% end{name} %}}"), tag)
                .hint("The closing tag of raw text takes no \"-\".")),
        }
    }

    fn conditional(&mut self, tag: usize) -> Outcome<Statement> {
        let condition = self.expression()?;
        self.end_tag("if")?;
        let then = self.body(&["elif", "elseif", "else", "endif"])?;
        let otherwise = if self.skip_symbol("elif")? || self.skip_symbol("elseif")? {
            self.enter(BODY)?;
            let otherwise = vec![self.conditional(tag)?];
            self.leave(BODY);
            Some(otherwise)
        } else if self.skip_symbol("else")? {
            self.end_tag("else")?;
            let otherwise = self.body(&["endif"])?;
            self.closing("endif", tag)?;
            Some(otherwise)
        } else {
            self.closing("endif", tag)?;
            None
        };
        Ok(Statement::If { condition, then, otherwise })
    }

    fn target(&mut self) -> Outcome<Symbol> {
        if let Some(Token::Symbol(name)) = self.peek()? {
            let name: Rc<str> = (*name).into();
            self.uses_loop |= &*name == "loop";
            self.next()?;
            return Ok(Symbol::new(name));
        }
        self.unexpected("the name of a variable")
    }

    fn repetition(&mut self, name: &str, tag: usize) -> Outcome<Statement> {
        self.has_scopes = true;
        let closing = match name {
            "asyncEach" => "endeach",
            "asyncAll" => "endall",
            _ => "endfor",
        };
        let mut targets = vec![self.target()?];
        while self.skip_mark(",")? {
            targets.push(self.target()?);
        }
        if !self.skip_symbol("in")? {
            return self.unexpected("\"in\" behind the variables of the loop");
        }
        let iterable = self.expression()?;
        self.end_tag("for")?;
        let body = self.body(&[closing, "else"])?;
        let mut otherwise = None;
        if self.skip_symbol("else")? {
            self.end_tag("else")?;
            otherwise = Some(self.body(&[closing])?);
        }
        self.closing(closing, tag)?;
        let length = Slot { hops: 0, index: 0 };
        Ok(Statement::For(Box::new(For {
            position: tag,
            targets,
            iterable,
            body,
            pairs: None,
            otherwise,
            length,
        })))
    }

    fn block(&mut self, tag: usize) -> Outcome<Statement> {
        self.has_scopes = true;
        let name = self.target()?.name;
        self.end_tag("block")?;
        let body = self.body(&["endblock"])?;
        if !self.skip_symbol("endblock")? {
            return Err(Fault::syntax("the tag is never closed with {% endblock %}", tag));
        }
        self.skip_symbol(&name)?;
        self.end_tag("endblock")?;
        self.blocks.push((Block { name, body, slots: 0 }, tag));
        Ok(Statement::Block(self.blocks.len() - 1, tag))
    }

    fn set(&mut self, tag: usize) -> Outcome<Statement> {
        let mut targets = vec![self.target()?];
        while self.skip_mark(",")? {
            targets.push(self.target()?);
        }
        let value = if self.skip_mark("=")? {
            let value = self.expression()?;
            self.end_tag("set")?;
            value
        } else {
            let position = self.position()?;
            if !matches!(self.peek()?, Some(Token::BlockEnd { .. })) {
                return self.unexpected("\"=\" or \"%}\" behind the names of \"set\"");
            }
            self.next()?;
            let body = self.body(&["endset"])?;
            self.closing("endset", tag)?;
            self.node(Kind::Capture(body), position)?
        };
        Ok(Statement::Set(Box::new(Set { position: tag, targets, value })))
    }

    fn definition(&mut self, tag: usize) -> Outcome<Statement> {
        self.has_scopes = true;
        let name = self.target()?.name;
        let arguments = self.signature()?;
        self.end_tag("macro")?;
        let body = self.body(&["endmacro"])?;
        self.closing("endmacro", tag)?;
        let definition = build_macro(name, arguments, body, false)?;
        Ok(Statement::Macro(Rc::new(definition), None))
    }

    fn call(&mut self, tag: usize) -> Outcome<Statement> {
        self.has_scopes = true;
        let parameters =
            if matches!(self.peek()?, Some(Token::Mark("("))) { self.signature()? } else { Vec::new() };
        let position = self.position()?;
        let mut called = self.primary(true)?;
        self.end_tag("call")?;
        let body = self.body(&["endcall"])?;
        self.closing("endcall", tag)?;
        let caller = build_macro("caller".into(), parameters, body, true)?;
        let caller = self.node(Kind::Caller(Rc::new(caller)), tag)?;
        let Kind::Call(_, arguments) = &mut called.kind else {
            return Err(Fault::syntax("expected the call of a macro", position)
                .hint("Write {% call name(arguments) %}…{% endcall %}."));
        };
        let keyword = ("caller".into(), caller);
        match arguments.last_mut().map(|last| &mut last.kind) {
            Some(Kind::Keywords(keywords)) => keywords.push(keyword),
            _ => arguments.push(Expression { kind: Kind::Keywords(vec![keyword]), position, depth: 1 }),
        }
        called.depth += 2;
        Ok(Statement::Output(called))
    }

    fn filter(&mut self, tag: usize) -> Outcome<Statement> {
        let (name, position) = self.filter_name()?;
        let mut arguments =
            if matches!(self.peek()?, Some(Token::Mark("("))) { self.signature()? } else { Vec::new() };
        self.end_tag("filter")?;
        let body = self.body(&["endfilter"])?;
        self.closing("endfilter", tag)?;
        let capture = self.node(Kind::Capture(body), position)?;
        arguments.insert(0, capture);
        Ok(Statement::Output(self.node(Kind::Filter(name, arguments), position)?))
    }

    /// What stands before the first case is dropped, as in the engine that this follows.
    fn switch(&mut self, tag: usize) -> Outcome<Statement> {
        const STOPS: [&str; 3] = ["case", "default", "endswitch"];
        let value = self.expression()?;
        self.end_tag("switch")?;
        self.body(&STOPS)?;
        let mut cases = Vec::new();
        loop {
            if !self.skip_symbol("case")? {
                break;
            }
            let condition = self.expression()?;
            self.end_tag("case")?;
            cases.push((condition, self.body(&STOPS)?));
        }
        let mut otherwise = None;
        if self.skip_symbol("default")? {
            self.end_tag("default")?;
            otherwise = Some(self.body(&["endswitch"])?);
        }
        self.closing("endswitch", tag)?;
        Ok(Statement::Switch(Box::new(Switch { value, cases, otherwise })))
    }
}

fn build_macro(name: Rc<str>, arguments: Vec<Expression>, body: Body, caller: bool) -> Outcome<Macro> {
    let mut parameters = Vec::new();
    let mut keywords = Vec::new();
    for argument in arguments {
        match argument.kind {
            Kind::Symbol(symbol) => parameters.push(symbol.name),
            Kind::Keywords(defaults) => keywords = defaults,
            _ => {
                return Err(Fault::syntax(
                    "a parameter is a name or a name with a default",
                    argument.position,
                )
                .hint("Write {% macro name(first, second=\"default\") %}."));
            }
        }
    }
    Ok(Macro { name, parameters, keywords, body, slots: 0, exported: false, caller })
}

fn unknown_tag(name: &str, position: usize) -> Box<Fault> {
    let shown: String = name.chars().take(60).collect();
    if CLOSING_TAGS.contains(&name) {
        return Fault::syntax(format!("{{% {shown} %}} closes or divides no open tag"), position)
            .hint("Check that every tag is closed, innermost first.");
    }
    let fault = Fault::new(TemplateErrorKind::Unknown, format!("there is no tag \"{shown}\"")).at(position);
    match near_names(name, TAGS.into_iter()).first() {
        Some(near) => fault.hint(format!("Did you mean \"{near}\"?")),
        None => fault.hint(format!("The tags are {}.", TAGS.join(", "))),
    }
}
