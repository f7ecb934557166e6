//! Builds the tree of a template from its tokens, with the checks that Go makes at this point.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::lexer::{Keyword, Token, TokenKind, tokenize};
use super::node::{Command, Control, Node, Operand, OperandKind, Pipeline, Program};
use super::number::parse_constant;
use super::quote::{quote, unquote};
use super::registry::Function;
use crate::error::{Fault, Outcome, near_names};

/// The functions that a template may name.
pub trait Functions {
    fn find(&self, name: &str) -> Option<&'static Function>;
    fn names(&self) -> Vec<&'static str>;
}

/// Parses `source`, the template `name`. Nesting deeper than `depth` is an error.
pub fn parse(source: &str, name: &str, functions: &dyn Functions, depth: usize) -> Outcome<Program> {
    let mut parser = Parser {
        source,
        functions,
        tokens: tokenize(source),
        position: 0,
        variables: Variables::root(),
        solid: BTreeSet::new(),
        ranges: 0,
        depth,
        program: Program::default(),
    };
    parser.parse(name)?;
    Ok(parser.program)
}

/// How a list of nodes ended.
#[derive(PartialEq, Eq)]
enum Ending {
    End,
    Else,
}

/// The variables that can be named at some place; inner ones may hide outer ones.
struct Variables {
    stack: Vec<Rc<str>>,
    /// How many there are of each name.
    visible: BTreeMap<Rc<str>, usize>,
}

impl Variables {
    fn root() -> Self {
        let mut variables = Self { stack: Vec::new(), visible: BTreeMap::new() };
        variables.push(Rc::from("$"));
        variables
    }

    fn push(&mut self, name: Rc<str>) {
        *self.visible.entry(Rc::clone(&name)).or_default() += 1;
        self.stack.push(name);
    }

    fn truncate(&mut self, length: usize) {
        for name in self.stack.drain(length.min(self.stack.len())..) {
            if let Some(count) = self.visible.get_mut(&name) {
                *count -= 1;
                if *count == 0 {
                    self.visible.remove(&name);
                }
            }
        }
    }
}

struct Parser<'a> {
    source: &'a str,
    functions: &'a dyn Functions,
    tokens: Vec<Token>,
    position: usize,
    /// The variables that can be named here.
    variables: Variables,
    /// The templates that consist of more than white space.
    solid: BTreeSet<Rc<str>>,
    /// The loops around.
    ranges: usize,
    /// How much deeper nesting may go.
    depth: usize,
    program: Program,
}

impl<'a> Parser<'a> {
    fn parse(&mut self, name: &str) -> Outcome<()> {
        let mut nodes = Vec::new();
        loop {
            match self.peek().kind {
                TokenKind::End => break,
                TokenKind::LeftDelimiter if self.keyword_after_delimiter() == Some(Keyword::Define) => {
                    self.next();
                    self.next_word();
                    self.parse_definition()?;
                }
                _ => match self.parse_node()? {
                    Parsed::Node(node) => nodes.push(node),
                    Parsed::Ending(Ending::End, at) => {
                        return Err(Fault::syntax("unexpected {{end}}", at).hint(
                            "Nothing is open here: take it away, or look for an {{end}} too many before it.",
                        ));
                    }
                    Parsed::Ending(Ending::Else, at) => return Err(Fault::syntax("unexpected {{else}}", at)),
                },
            }
        }
        self.define(Rc::from(name), nodes, 0)
    }

    // Tokens.

    fn peek(&self) -> Token {
        // The last token is an end or an error, and nothing goes past it.
        self.tokens.get(self.position).or(self.tokens.last()).cloned().unwrap_or(Token {
            kind: TokenKind::End,
            start: self.source.len(),
            end: self.source.len(),
            error: None,
        })
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.position += 1;
        token
    }

    fn skip_space(&mut self) {
        while self.peek().kind == TokenKind::Space {
            self.position += 1;
        }
    }

    fn peek_word(&mut self) -> Token {
        self.skip_space();
        self.peek()
    }

    fn next_word(&mut self) -> Token {
        self.skip_space();
        self.next()
    }

    fn text(&self, token: &Token) -> &'a str {
        self.source.get(token.start..token.end).unwrap_or_default()
    }

    fn keyword_after_delimiter(&self) -> Option<Keyword> {
        let mut rest = self.tokens.iter().skip(self.position + 1);
        match rest.find(|token| token.kind != TokenKind::Space)?.kind {
            TokenKind::Keyword(keyword) => Some(keyword),
            _ => None,
        }
    }

    fn unexpected<T>(&self, token: &Token, context: &str) -> Outcome<T> {
        let message = match (&token.error, token.kind) {
            (Some(message), _) => message.clone(),
            (None, TokenKind::End) => "unexpected EOF".to_owned(),
            (None, TokenKind::Keyword(_)) => format!("unexpected <{}> in {context}", self.text(token)),
            (None, _) => {
                let text: String = self.text(token).chars().take(40).collect();
                format!("unexpected {} in {context}", quote(&text))
            }
        };
        Err(Fault::syntax(message, token.start))
    }

    fn expect(&mut self, kind: TokenKind, context: &str) -> Outcome<Token> {
        let token = self.next_word();
        if token.kind == kind { Ok(token) } else { self.unexpected(&token, context) }
    }

    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        let position = self.peek().start;
        self.depth = self.depth.checked_sub(1).ok_or_else(|| Fault::too_deep().at(position))?;
        let result = work(self);
        self.depth += 1;
        result
    }

    // Nodes.

    fn define(&mut self, name: Rc<str>, nodes: Vec<Node>, position: usize) -> Outcome<()> {
        let blank = self.is_blank(&nodes);
        if self.solid.contains(&name) {
            if blank {
                return Ok(());
            }
            let message = format!("template: multiple definition of template {}", quote(&name));
            return Err(Fault::syntax(message, position));
        }
        if !blank {
            self.solid.insert(Rc::clone(&name));
        }
        self.program.templates.insert(name, Rc::new(nodes));
        Ok(())
    }

    fn is_blank(&self, nodes: &[Node]) -> bool {
        nodes.iter().all(|node| {
            matches!(node, Node::Text(start, end)
                if self.source.get(*start..*end).is_some_and(|text| text.trim().is_empty()))
        })
    }

    fn parse_definition(&mut self) -> Outcome<()> {
        const CONTEXT: &str = "define clause";
        let token = self.next_word();
        let name = self.template_name(&token, CONTEXT)?;
        self.expect(TokenKind::RightDelimiter, CONTEXT)?;
        let nodes = self.parse_own_body(CONTEXT)?;
        self.define(name, nodes, token.start)
    }

    /// The body of a template within this one: it sees no variables and no loops of the outside.
    fn parse_own_body(&mut self, context: &str) -> Outcome<Vec<Node>> {
        let variables = std::mem::replace(&mut self.variables, Variables::root());
        let ranges = std::mem::take(&mut self.ranges);
        let (nodes, ending, at) = self.deeper(Self::parse_list)?;
        self.variables = variables;
        self.ranges = ranges;
        if ending == Ending::Else {
            return Err(Fault::syntax(format!("unexpected {{{{else}}}} in {context}"), at));
        }
        Ok(nodes)
    }

    fn parse_list(&mut self) -> Outcome<(Vec<Node>, Ending, usize)> {
        let mut nodes = Vec::new();
        while self.peek_word().kind != TokenKind::End {
            match self.parse_node()? {
                Parsed::Node(node) => nodes.push(node),
                Parsed::Ending(ending, at) => return Ok((nodes, ending, at)),
            }
        }
        Err(Fault::syntax("unexpected EOF", self.peek().start)
            .hint("An {{if}}, {{range}}, {{with}}, {{define}} or {{block}} has no {{end}}."))
    }

    fn parse_node(&mut self) -> Outcome<Parsed> {
        let token = self.next_word();
        match token.kind {
            TokenKind::Text => Ok(Parsed::Node(Node::Text(token.start, token.end))),
            TokenKind::LeftDelimiter => self.parse_action(),
            _ => self.unexpected(&token, "input"),
        }
    }

    fn parse_action(&mut self) -> Outcome<Parsed> {
        let token = self.peek_word();
        let TokenKind::Keyword(keyword) = token.kind else {
            let pipeline = self.parse_pipeline("command", TokenKind::RightDelimiter)?;
            return Ok(Parsed::Node(Node::Action(pipeline)));
        };
        if keyword != Keyword::Nil && keyword != Keyword::Define {
            self.next();
        }
        Ok(Parsed::Node(match keyword {
            Keyword::Block => self.parse_block()?,
            Keyword::Break => {
                self.parse_jump("{{break}}", &token)?;
                Node::Break
            }
            Keyword::Continue => {
                self.parse_jump("{{continue}}", &token)?;
                Node::Continue
            }
            Keyword::Else => {
                let next = self.peek_word();
                if !matches!(next.kind, TokenKind::Keyword(Keyword::If | Keyword::With)) {
                    self.expect(TokenKind::RightDelimiter, "else")?;
                }
                return Ok(Parsed::Ending(Ending::Else, token.start));
            }
            Keyword::End => {
                self.expect(TokenKind::RightDelimiter, "end")?;
                return Ok(Parsed::Ending(Ending::End, token.start));
            }
            Keyword::If => self.deeper(|parser| Ok(Node::If(parser.parse_control("if")?)))?,
            Keyword::Range => self.deeper(|parser| Ok(Node::Range(parser.parse_control("range")?)))?,
            Keyword::With => self.deeper(|parser| Ok(Node::With(parser.parse_control("with")?)))?,
            Keyword::Template => self.parse_template()?,
            Keyword::Nil => Node::Action(self.parse_pipeline("command", TokenKind::RightDelimiter)?),
            Keyword::Define => return self.unexpected(&token, "command"),
        }))
    }

    fn parse_jump(&mut self, context: &str, token: &Token) -> Outcome<()> {
        self.expect(TokenKind::RightDelimiter, context)?;
        if self.ranges == 0 {
            return Err(Fault::syntax(format!("{context} outside {{{{range}}}}"), token.start));
        }
        Ok(())
    }

    fn parse_control(&mut self, context: &str) -> Outcome<Control> {
        let visible = self.variables.stack.len();
        let pipeline = self.parse_pipeline(context, TokenKind::RightDelimiter)?;
        self.ranges += usize::from(context == "range");
        let (body, ending, _) = self.parse_list()?;
        self.ranges -= usize::from(context == "range");
        let otherwise = if ending == Ending::Else { Some(self.parse_else(context)?) } else { None };
        self.variables.truncate(visible);
        Ok(Control { pipeline, body, otherwise })
    }

    /// What follows an `{{else}}`; `{{else if}}` and `{{else with}}` share the end of the outer one.
    fn parse_else(&mut self, context: &str) -> Outcome<Vec<Node>> {
        if let TokenKind::Keyword(keyword @ (Keyword::If | Keyword::With)) = self.peek_word().kind {
            let token = self.next_word();
            return match (context, keyword) {
                ("if", Keyword::If) => self.deeper(|parser| Ok(vec![Node::If(parser.parse_control("if")?)])),
                ("with", Keyword::With) => {
                    self.deeper(|parser| Ok(vec![Node::With(parser.parse_control("with")?)]))
                }
                _ => self.unexpected(&token, "else"),
            };
        }
        let (nodes, ending, at) = self.parse_list()?;
        if ending == Ending::Else {
            return Err(Fault::syntax("expected end; found {{else}}", at));
        }
        Ok(nodes)
    }

    fn template_name(&mut self, token: &Token, context: &str) -> Outcome<Rc<str>> {
        match token.kind {
            TokenKind::String | TokenKind::RawString => self.unquoted(token),
            _ => self.unexpected(token, context),
        }
    }

    fn unquoted(&self, token: &Token) -> Outcome<Rc<str>> {
        let text = unquote(self.text(token)).ok_or_else(|| {
            Fault::syntax("invalid syntax", token.start)
                .hint("The text has an escape that Go does not know; write it in backquotes.")
        })?;
        Ok(Rc::from(text))
    }

    fn parse_block(&mut self) -> Outcome<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.next_word();
        let name = self.template_name(&token, CONTEXT)?;
        let pipeline = self.parse_pipeline(CONTEXT, TokenKind::RightDelimiter)?;
        let nodes = self.parse_own_body(CONTEXT)?;
        self.define(Rc::clone(&name), nodes, token.start)?;
        Ok(Node::Template { position: token.start, name, pipeline: Some(pipeline) })
    }

    fn parse_template(&mut self) -> Outcome<Node> {
        const CONTEXT: &str = "template clause";
        let token = self.next_word();
        let name = self.template_name(&token, CONTEXT)?;
        let pipeline = if self.peek_word().kind == TokenKind::RightDelimiter {
            self.next();
            None
        } else {
            Some(self.parse_pipeline(CONTEXT, TokenKind::RightDelimiter)?)
        };
        Ok(Node::Template { position: token.start, name, pipeline })
    }

    // Pipelines.

    fn parse_pipeline(&mut self, context: &str, end: TokenKind) -> Outcome<Pipeline> {
        let position = self.peek_word().start;
        let (variables, assigns) = self.parse_declarations(context)?;
        let mut commands: Vec<Command> = Vec::new();
        loop {
            let token = self.peek_word();
            match token.kind {
                kind if kind == end => {
                    self.next();
                    break;
                }
                TokenKind::Bool
                | TokenKind::Character
                | TokenKind::Complex
                | TokenKind::Dot
                | TokenKind::Field
                | TokenKind::Identifier
                | TokenKind::Number
                | TokenKind::Keyword(Keyword::Nil)
                | TokenKind::RawString
                | TokenKind::String
                | TokenKind::Variable
                | TokenKind::LeftParenthesis => commands.push(self.parse_command()?),
                _ => return self.unexpected(&token, context),
            }
        }
        if commands.is_empty() {
            return Err(Fault::syntax(format!("missing value for {context}"), position));
        }
        for (stage, command) in commands.iter().enumerate().skip(1) {
            if matches!(
                command.first.kind,
                OperandKind::Bool(_)
                    | OperandKind::Dot
                    | OperandKind::Nil
                    | OperandKind::Number(_)
                    | OperandKind::Text(_)
            ) {
                let message = format!("non executable command in pipeline stage {}", stage + 1);
                return Err(Fault::syntax(message, command.position));
            }
        }
        Ok(Pipeline { assigns, variables, commands, position })
    }

    /// `$x :=`, `$x =` and, for loops, `$i, $x :=`.
    fn parse_declarations(&mut self, context: &str) -> Outcome<(Vec<Rc<str>>, bool)> {
        let mut variables: Vec<Rc<str>> = Vec::new();
        loop {
            let token = self.peek_word();
            if token.kind != TokenKind::Variable {
                return Ok((variables, false));
            }
            let before = self.position;
            self.next();
            let next = self.peek_word();
            let comma = next.kind == TokenKind::Other && self.text(&next) == ",";
            if !comma && !matches!(next.kind, TokenKind::Assign | TokenKind::Declare) {
                self.position = before;
                return Ok((variables, false));
            }
            self.next();
            let name: Rc<str> = Rc::from(self.text(&token));
            variables.push(Rc::clone(&name));
            self.variables.push(name);
            if !comma {
                return Ok((variables, next.kind == TokenKind::Assign));
            }
            if context != "range" || variables.len() >= 2 {
                return Err(Fault::syntax(format!("too many declarations in {context}"), next.start));
            }
            let after = self.peek_word();
            if !matches!(
                after.kind,
                TokenKind::Variable | TokenKind::RightDelimiter | TokenKind::RightParenthesis
            ) {
                return Err(Fault::syntax("range can only initialize variables", after.start));
            }
        }
    }

    fn parse_command(&mut self) -> Outcome<Command> {
        let position = self.peek_word().start;
        let mut operands = Vec::new();
        loop {
            self.skip_space();
            if let Some(operand) = self.parse_operand()? {
                operands.push(operand);
            }
            let token = self.next();
            match token.kind {
                TokenKind::Space => {}
                TokenKind::RightDelimiter | TokenKind::RightParenthesis => {
                    self.position -= 1;
                    break;
                }
                TokenKind::Pipe => {
                    // A pipe with nothing behind it is caught by the pipeline, which then misses a command.
                    let after = self.peek_word();
                    if matches!(after.kind, TokenKind::RightDelimiter | TokenKind::RightParenthesis) {
                        return Err(Fault::syntax("missing value for command", token.start));
                    }
                    break;
                }
                _ => return self.unexpected(&token, "operand"),
            }
        }
        let mut operands = operands.into_iter();
        let Some(first) = operands.next() else { return Err(Fault::syntax("empty command", position)) };
        Ok(Command { first, arguments: operands.collect(), position })
    }

    fn parse_operand(&mut self) -> Outcome<Option<Operand>> {
        let Some(mut term) = self.parse_term()? else { return Ok(None) };
        if self.peek().kind != TokenKind::Field {
            return Ok(Some(term));
        }
        let position = self.peek().start;
        let mut end = term.end;
        let mut fields = Vec::new();
        while self.peek().kind == TokenKind::Field {
            let token = self.next();
            end = token.end;
            fields.push(Rc::from(self.text(&token).trim_start_matches('.')));
        }
        let kind = match term.kind {
            OperandKind::Field(mut path) => {
                path.append(&mut fields);
                OperandKind::Field(path)
            }
            OperandKind::Variable(name, mut path) => {
                path.append(&mut fields);
                OperandKind::Variable(name, path)
            }
            OperandKind::Bool(_)
            | OperandKind::Text(_)
            | OperandKind::Number(_)
            | OperandKind::Nil
            | OperandKind::Dot => {
                let text = self.source.get(term.position..term.end).unwrap_or_default();
                let message = format!("unexpected . after term {}", quote(text));
                return Err(Fault::syntax(message, position));
            }
            kind => {
                let inner = Operand { kind, position: term.position, end: term.end };
                OperandKind::Chain(Box::new(inner), fields)
            }
        };
        term = Operand { kind, position, end };
        Ok(Some(term))
    }

    fn parse_term(&mut self) -> Outcome<Option<Operand>> {
        let token = self.next_word();
        let text = self.text(&token);
        let kind = match token.kind {
            TokenKind::Identifier => OperandKind::Function(self.function(text, token.start)?),
            TokenKind::Dot => OperandKind::Dot,
            TokenKind::Keyword(Keyword::Nil) => OperandKind::Nil,
            TokenKind::Variable => {
                if !self.variables.visible.contains_key(text) {
                    let message = format!("undefined variable {}", quote(text));
                    return Err(Fault::syntax(message, token.start)
                        .hint("A variable lives until the {{end}} of the block that declares it."));
                }
                OperandKind::Variable(Rc::from(text), Vec::new())
            }
            TokenKind::Field => OperandKind::Field(vec![Rc::from(text.trim_start_matches('.'))]),
            TokenKind::Bool => OperandKind::Bool(text == "true"),
            TokenKind::Character | TokenKind::Complex | TokenKind::Number => OperandKind::Number(
                parse_constant(text).map_err(|message| Fault::syntax(message, token.start))?,
            ),
            TokenKind::LeftParenthesis => {
                let pipeline = self.deeper(|parser| {
                    parser.parse_pipeline("parenthesized pipeline", TokenKind::RightParenthesis)
                })?;
                OperandKind::Pipeline(Box::new(pipeline))
            }
            TokenKind::String | TokenKind::RawString => OperandKind::Text(self.unquoted(&token)?),
            _ => {
                self.position -= 1;
                return Ok(None);
            }
        };
        let end = self.tokens.get(self.position - 1).map_or(token.end, |last| last.end);
        let position = match &kind {
            OperandKind::Pipeline(pipeline) => pipeline.position,
            _ => token.start,
        };
        Ok(Some(Operand { kind, position, end }))
    }

    fn function(&self, name: &str, position: usize) -> Outcome<&'static Function> {
        self.functions.find(name).ok_or_else(|| {
            let message = format!("function {} not defined", quote(name));
            let fault = Fault::syntax(message, position);
            let names = self.functions.names();
            match near_names(name, names.into_iter()).as_slice() {
                [] => fault.hint(format!("A value of the data is written with a dot: .{name}")),
                near => fault.hint(format!("Did you mean {}?", near.join(" or "))),
            }
        })
    }
}

/// A node, or the end of a list of them with its position.
enum Parsed {
    Node(Node),
    Ending(Ending, usize),
}
