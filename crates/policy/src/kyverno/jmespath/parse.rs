//! From text to tree, by the binding powers of the language's grammar.

use serde_json::Value;

use super::QueryError;
use super::function::Function;
use super::token::{Token, tokens};
use super::tree::{Arithmetic, Comparison, Node};

/// How deep an expression may nest while it is read.
const MAX_NESTING: usize = 40;
/// How deep the tree may be.
const MAX_DEPTH: usize = 160;

const PROJECTION_STOP: u8 = 10;

/// Reads an expression.
pub(crate) fn parse(source: &str) -> Result<Node, QueryError> {
    let mut parser = Parser { source, tokens: tokens(source)?, position: 0, nesting: 0 };
    let node = parser.expression(0)?;
    if *parser.peek() != Token::End {
        return Err(parser.unexpected("the end"));
    }
    if depth(&node) > MAX_DEPTH {
        return Err(parser.failed("the expression is nested or chained too deeply"));
    }
    Ok(node)
}

/// Without recursion, since it decides whether recursion is safe.
fn depth(node: &Node) -> usize {
    let (mut deepest, mut open) = (0, vec![(node, 1)]);
    while let Some((node, depth)) = open.pop() {
        deepest = deepest.max(depth);
        if deepest > MAX_DEPTH {
            break;
        }
        let mut push = |child| open.push((child, depth + 1));
        match node {
            Node::Current
            | Node::Root
            | Node::Field(_)
            | Node::Index(_)
            | Node::Slice(_)
            | Node::Literal(_)
            | Node::Variable(_) => {}
            Node::Then(left, right)
            | Node::Projection(left, right)
            | Node::Values(left, right)
            | Node::Or(left, right)
            | Node::And(left, right)
            | Node::Pipe(left, right)
            | Node::Compare(_, left, right)
            | Node::Calculate(_, left, right) => {
                push(left);
                push(right);
            }
            Node::Filter { left, condition, right } => {
                push(left);
                push(condition);
                push(right);
            }
            Node::Flatten(inner) | Node::Not(inner) | Node::Negate(inner) | Node::Expression(inner) => {
                push(inner);
            }
            Node::List(items) | Node::Call(_, items) => items.iter().for_each(push),
            Node::Object(members) => members.iter().for_each(|(_, child)| push(child)),
            Node::Let(bindings, body) => {
                for (_, child) in bindings {
                    push(child);
                }
                push(body);
            }
        }
    }
    deepest
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<(usize, Token)>,
    position: usize,
    nesting: usize,
}

fn power(token: &Token) -> u8 {
    let Token::Sign(sign) = token else { return 0 };
    match *sign {
        "|" => 1,
        "||" => 2,
        "&&" => 3,
        "==" | "!=" | "<" | "<=" | ">" | ">=" => 5,
        "+" | "-" | "−" => 6,
        "*" | "×" | "÷" | "/" | "//" | "%" => 7,
        "[]" => 9,
        "[?" => 21,
        "." => 40,
        "{" => 50,
        "[" => 55,
        "(" => 60,
        _ => 0,
    }
}

fn boxed(node: Node) -> Box<Node> {
    Box::new(node)
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.ahead(0)
    }

    fn ahead(&self, count: usize) -> &Token {
        self.tokens.get(self.position + count).map_or(&Token::End, |(_, token)| token)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.position += 1;
        token
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(found) if *found == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), QueryError> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected(&format!("\"{sign}\""))) }
    }

    fn failed(&self, message: &str) -> QueryError {
        let column = self.tokens.get(self.position).map_or(self.source.len(), |(at, _)| *at) + 1;
        QueryError::Syntax { expression: self.source.to_owned(), column, message: message.to_owned() }
    }

    fn unexpected(&self, expected: &str) -> QueryError {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            Token::Sign(sign) => format!("\"{sign}\""),
            Token::Identifier { name, .. } => format!("\"{name}\""),
            Token::Number(number) => number.to_string(),
            Token::Literal(value) => value.to_string(),
            Token::Variable(name) => format!("${name}"),
        };
        self.failed(&format!("expected {expected}, found {found}"))
    }

    fn expression(&mut self, binding: u8) -> Result<Node, QueryError> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(self.failed("the expression is nested too deeply"));
        }
        let mut left = self.prefix()?;
        while binding < power(self.peek()) {
            left = self.infix(left)?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Node, QueryError> {
        match self.next() {
            Token::Literal(value) => Ok(Node::Literal(value)),
            Token::Variable(name) if name.is_empty() => Ok(Node::Root),
            Token::Variable(name) => Ok(Node::Variable(name)),
            Token::Identifier { name, quoted: false }
                if name == "let" && matches!(self.peek(), Token::Variable(_)) =>
            {
                self.bindings()
            }
            Token::Identifier { name, quoted } => {
                if !quoted && self.take("(") {
                    return self.call(&name);
                }
                Ok(Node::Field(name))
            }
            Token::Sign("@") => Ok(Node::Current),
            Token::Sign("&") => Ok(Node::Expression(boxed(self.expression(0)?))),
            Token::Sign("!") => Ok(Node::Not(boxed(self.expression(45)?))),
            Token::Sign("-" | "−") => Ok(Node::Negate(boxed(self.expression(45)?))),
            Token::Sign("+") => self.expression(45),
            Token::Sign("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("*") => {
                let right = if self.is("]") { Node::Current } else { self.projected(20)? };
                Ok(Node::Values(boxed(Node::Current), boxed(right)))
            }
            Token::Sign("[?") => self.filter(Node::Current),
            Token::Sign("[]") => {
                let right = self.projected(9)?;
                Ok(Node::Projection(boxed(Node::Flatten(boxed(Node::Current))), boxed(right)))
            }
            Token::Sign("{") => self.object(),
            Token::Sign("[") => {
                if matches!(self.peek(), Token::Number(_)) || self.is(":") {
                    self.index(Node::Current)
                } else if self.is("*") && matches!(self.ahead(1), Token::Sign("]")) {
                    self.position += 2;
                    let right = self.projected(20)?;
                    Ok(Node::Projection(boxed(Node::Current), boxed(right)))
                } else {
                    self.list()
                }
            }
            _ => {
                self.position -= 1;
                Err(self.unexpected("an expression"))
            }
        }
    }

    fn infix(&mut self, left: Node) -> Result<Node, QueryError> {
        let binding = power(self.peek());
        let Token::Sign(sign) = self.next() else { return Err(self.unexpected("an operator")) };
        let comparison = match sign {
            "==" => Some(Comparison::Equal),
            "!=" => Some(Comparison::NotEqual),
            "<" => Some(Comparison::Less),
            "<=" => Some(Comparison::LessOrEqual),
            ">" => Some(Comparison::Greater),
            ">=" => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        let arithmetic = match sign {
            "+" => Some(Arithmetic::Add),
            "-" | "−" => Some(Arithmetic::Subtract),
            "*" | "×" => Some(Arithmetic::Multiply),
            "/" | "÷" => Some(Arithmetic::Divide),
            "//" => Some(Arithmetic::IntegerDivide),
            "%" => Some(Arithmetic::Modulo),
            _ => None,
        };
        if let Some(comparison) = comparison {
            return Ok(Node::Compare(comparison, boxed(left), boxed(self.expression(binding)?)));
        }
        if let Some(arithmetic) = arithmetic {
            return Ok(Node::Calculate(arithmetic, boxed(left), boxed(self.expression(binding)?)));
        }
        match sign {
            "." if self.take("*") => {
                let right = self.projected(40)?;
                Ok(Node::Values(boxed(left), boxed(right)))
            }
            "." => Ok(Node::Then(boxed(left), boxed(self.after_dot(40)?))),
            "|" => Ok(Node::Pipe(boxed(left), boxed(self.expression(binding)?))),
            "||" => Ok(Node::Or(boxed(left), boxed(self.expression(binding)?))),
            "&&" => Ok(Node::And(boxed(left), boxed(self.expression(binding)?))),
            "[?" => self.filter(left),
            "[]" => {
                let right = self.projected(9)?;
                Ok(Node::Projection(boxed(Node::Flatten(boxed(left))), boxed(right)))
            }
            "[" if matches!(self.peek(), Token::Number(_)) || self.is(":") => self.index(left),
            "[" => {
                self.expect("*")?;
                self.expect("]")?;
                let right = self.projected(20)?;
                Ok(Node::Projection(boxed(left), boxed(right)))
            }
            _ => {
                self.position -= 1;
                Err(self.unexpected("an operator"))
            }
        }
    }

    fn after_dot(&mut self, binding: u8) -> Result<Node, QueryError> {
        match self.peek() {
            Token::Identifier { .. } | Token::Sign("*") => self.expression(binding),
            Token::Sign("[") => {
                self.position += 1;
                self.list()
            }
            Token::Sign("{") => {
                self.position += 1;
                self.object()
            }
            _ => Err(self.unexpected("a field, \"[\" or \"{\" after the dot")),
        }
    }

    /// What is done with each item of a projection.
    fn projected(&mut self, binding: u8) -> Result<Node, QueryError> {
        // Arithmetic binds weaker than any projection; its star must not be taken for one.
        if power(self.peek()) < PROJECTION_STOP {
            return Ok(Node::Current);
        }
        match self.peek() {
            Token::Sign("[" | "[?") => self.expression(binding),
            Token::Sign(".") => {
                self.position += 1;
                self.after_dot(binding)
            }
            _ => Err(self.unexpected("\".\" or \"[\"")),
        }
    }

    fn filter(&mut self, left: Node) -> Result<Node, QueryError> {
        let condition = self.expression(0)?;
        self.expect("]")?;
        let right = if self.is("[]") { Node::Current } else { self.projected(21)? };
        Ok(Node::Filter { left: boxed(left), condition: boxed(condition), right: boxed(right) })
    }

    /// `1]` or `1:2:3]`, after the opening bracket.
    fn index(&mut self, left: Node) -> Result<Node, QueryError> {
        if let (Token::Number(index), Token::Sign("]")) = (self.peek().clone(), self.ahead(1)) {
            self.position += 2;
            return Ok(Node::Then(boxed(left), boxed(Node::Index(index))));
        }
        let mut parts = [None; 3];
        let mut part = 0;
        loop {
            match self.next() {
                Token::Sign("]") => break,
                Token::Sign(":") if part < 2 => part += 1,
                Token::Number(number) => match parts.get_mut(part) {
                    Some(place @ None) => *place = Some(number),
                    _ => return Err(self.failed("a slice has at most three numbers")),
                },
                _ => {
                    self.position -= 1;
                    return Err(self.unexpected("a number, \":\" or \"]\""));
                }
            }
        }
        let slice = Node::Then(boxed(left), boxed(Node::Slice(parts)));
        let right = self.projected(20)?;
        Ok(Node::Projection(boxed(slice), boxed(right)))
    }

    fn list(&mut self) -> Result<Node, QueryError> {
        let mut items = Vec::new();
        loop {
            items.push(self.expression(0)?);
            if self.take("]") {
                return Ok(Node::List(items));
            }
            self.expect(",")?;
        }
    }

    fn object(&mut self) -> Result<Node, QueryError> {
        let mut members = Vec::new();
        loop {
            let Token::Identifier { name, .. } = self.next() else {
                self.position -= 1;
                return Err(self.unexpected("a key"));
            };
            self.expect(":")?;
            members.push((name, self.expression(0)?));
            if self.take("}") {
                return Ok(Node::Object(members));
            }
            self.expect(",")?;
        }
    }

    fn bindings(&mut self) -> Result<Node, QueryError> {
        let mut bindings = Vec::new();
        loop {
            let Token::Variable(name) = self.next() else {
                self.position -= 1;
                return Err(self.unexpected("a variable"));
            };
            self.expect("=")?;
            bindings.push((name, self.expression(0)?));
            if !self.take(",") {
                break;
            }
        }
        match self.next() {
            Token::Identifier { name, quoted: false } if name == "in" => {}
            _ => {
                self.position -= 1;
                return Err(self.unexpected("\"in\""));
            }
        }
        Ok(Node::Let(bindings, boxed(self.expression(0)?)))
    }

    fn call(&mut self, name: &str) -> Result<Node, QueryError> {
        let at = self.position;
        let mut arguments = Vec::new();
        while !self.take(")") {
            arguments.push(self.expression(0)?);
            if !self.is(")") {
                self.expect(",")?;
            }
        }
        let first = match arguments.first() {
            Some(Node::Literal(Value::String(text))) => Some(text.as_str()),
            _ => None,
        };
        let function = Function::find(name, arguments.len(), first).map_err(|message| {
            self.position = at.saturating_sub(2);
            self.failed(&message)
        })?;
        Ok(Node::Call(function, arguments))
    }
}
