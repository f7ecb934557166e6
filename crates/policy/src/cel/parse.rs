//! Reads an expression: names and functions are resolved on the way, macros are expanded.

use std::collections::BTreeMap;

use regex::Regex;

use super::regular;
use super::signature::{self, Form};
use super::syntax::{Comprehension, Entry, Expression, Kind, Literal, Macro, Operator};
use super::token::{Problem, Token, tokens};

/// The longest source, in bytes.
const MAX_SOURCE: usize = 64 * 1024;
/// How deep expressions may nest, so that reading and evaluating end within the stack.
const MAX_HEIGHT: u16 = 100;

/// What an expression may name.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'e> {
    /// What is given from outside, by position.
    pub(crate) roots: &'e [&'static str],
    /// The members of `variables`, by position.
    pub(crate) variables: &'e [String],
}

/// An expression with the patterns that are written out in it.
pub(crate) struct Parsed {
    pub(crate) expression: Expression,
    pub(crate) patterns: BTreeMap<String, Regex>,
}

/// Reads a whole source.
pub(crate) fn parse(source: &str, scope: Scope<'_>) -> Result<Parsed, Problem> {
    if source.len() > MAX_SOURCE {
        return Err(Problem::new(0, format!("the expression is longer than {MAX_SOURCE} bytes")));
    }
    let tokens = tokens(source)?;
    let mut parser = Parser { tokens, at: 0, scope, locals: Vec::new(), patterns: BTreeMap::new(), depth: 0 };
    let expression = parser.expression()?;
    if *parser.token() != Token::End {
        return Err(parser.unexpected("the end or an operator"));
    }
    Ok(Parsed { expression, patterns: parser.patterns })
}

struct Parser<'e> {
    tokens: Vec<(Token, usize)>,
    at: usize,
    scope: Scope<'e>,
    locals: Vec<String>,
    patterns: BTreeMap<String, Regex>,
    depth: u16,
}

type Parsing = Result<Expression, Problem>;

/// Operators by how strongly they bind.
fn operator(token: &Token) -> Option<(u8, Operator)> {
    Some(match token {
        Token::Sign("==") => (0, Operator::Equal),
        Token::Sign("!=") => (0, Operator::NotEqual),
        Token::Sign("<") => (0, Operator::Less),
        Token::Sign("<=") => (0, Operator::LessOrEqual),
        Token::Sign(">") => (0, Operator::Greater),
        Token::Sign(">=") => (0, Operator::GreaterOrEqual),
        Token::Name(name) if name == "in" => (0, Operator::In),
        Token::Sign("+") => (1, Operator::Add),
        Token::Sign("-") => (1, Operator::Subtract),
        Token::Sign("*") => (2, Operator::Multiply),
        Token::Sign("/") => (2, Operator::Divide),
        Token::Sign("%") => (2, Operator::Modulo),
        _ => return None,
    })
}

/// Words that cannot be names.
const RESERVED: [&str; 20] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "void",
    "while",
    "true",
    "false",
    "null",
];

const TYPES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

impl Parser<'_> {
    fn token(&self) -> &Token {
        self.ahead(0)
    }

    fn ahead(&self, distance: usize) -> &Token {
        self.tokens.get(self.at + distance).map_or(&Token::End, |(token, _)| token)
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0, |(_, offset)| *offset)
    }

    fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.token(), Token::Sign(next) if *next == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Problem> {
        if self.accept(sign) { Ok(()) } else { Err(self.unexpected(&format!("\"{sign}\""))) }
    }

    fn unexpected(&self, wanted: &str) -> Problem {
        let found = match self.token() {
            Token::Name(name) => format!("\"{name}\""),
            Token::Sign(sign) => format!("\"{sign}\""),
            Token::End => "the end".to_owned(),
            Token::String(_) | Token::Bytes(_) => "a text".to_owned(),
            _ => "a number".to_owned(),
        };
        Problem::new(self.offset(), format!("here is {found}, but {wanted} is expected"))
    }

    fn node(kind: Kind, offset: usize, below: &[&Expression]) -> Parsing {
        let height = 1 + below.iter().map(|child| child.height).max().unwrap_or(0);
        Self::of_height(kind, offset, height)
    }

    fn of_height(kind: Kind, offset: usize, height: u16) -> Parsing {
        if height > MAX_HEIGHT {
            return Err(Problem::new(
                offset,
                format!("the expression nests deeper than {MAX_HEIGHT} levels"),
            ));
        }
        Ok(Expression { kind, offset: u32::try_from(offset).unwrap_or(u32::MAX), height })
    }

    /// A node over a list of children.
    fn over(offset: usize, children: Vec<Expression>, kind: impl FnOnce(Vec<Expression>) -> Kind) -> Parsing {
        let height = 1 + children.iter().map(|child| child.height).max().unwrap_or(0);
        Self::of_height(kind(children), offset, height)
    }

    fn literal(literal: Literal, offset: usize) -> Parsing {
        Self::node(Kind::Literal(literal), offset, &[])
    }

    fn expression(&mut self) -> Parsing {
        self.depth += 1;
        if self.depth > MAX_HEIGHT {
            return Err(Problem::new(
                self.offset(),
                format!("the expression nests deeper than {MAX_HEIGHT} levels"),
            ));
        }
        let condition = self.disjunction()?;
        let offset = self.offset();
        let result = if self.accept("?") {
            let then = self.disjunction()?;
            self.expect(":")?;
            let otherwise = self.expression()?;
            let height = 1 + condition.height.max(then.height).max(otherwise.height);
            Self::of_height(Kind::Conditional(Box::new([condition, then, otherwise])), offset, height)
        } else {
            Ok(condition)
        };
        self.depth -= 1;
        result
    }

    fn disjunction(&mut self) -> Parsing {
        let first = self.conjunction()?;
        let offset = self.offset();
        let mut operands = vec![first];
        while self.accept("||") {
            operands.push(self.conjunction()?);
        }
        if operands.len() > 1 {
            return Self::over(offset, operands, Kind::Or);
        }
        operands.pop().ok_or_else(|| self.unexpected("an expression"))
    }

    fn conjunction(&mut self) -> Parsing {
        let first = self.binary(0)?;
        let offset = self.offset();
        let mut operands = vec![first];
        while self.accept("&&") {
            operands.push(self.binary(0)?);
        }
        if operands.len() > 1 {
            return Self::over(offset, operands, Kind::And);
        }
        operands.pop().ok_or_else(|| self.unexpected("an expression"))
    }

    fn binary(&mut self, least: u8) -> Parsing {
        let mut left = self.unary()?;
        while let Some((strength, operator)) =
            operator(self.token()).filter(|(strength, _)| *strength >= least)
        {
            let offset = self.offset();
            self.at += 1;
            let right = self.binary(strength + 1)?;
            let height = 1 + left.height.max(right.height);
            let kind = Kind::Binary { operator, left: Box::new(left), right: Box::new(right) };
            left = Self::of_height(kind, offset, height)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsing {
        let offset = self.offset();
        let mut nots = 0_usize;
        while self.accept("!") {
            nots += 1;
        }
        if nots > 0 {
            let operand = self.member()?;
            // Two of them are none, apart from asking for a boolean.
            let inner = Self::node_of(operand, offset, Kind::Not)?;
            return if nots % 2 == 1 { Ok(inner) } else { Self::node_of(inner, offset, Kind::Not) };
        }
        if matches!(self.token(), Token::Sign("-")) {
            match self.ahead(1).clone() {
                Token::Int(number) if number <= 1 << 63 => {
                    self.at += 2;
                    let number = i64::try_from(-i128::from(number)).unwrap_or(i64::MIN);
                    let literal = Self::literal(Literal::Int(number), offset)?;
                    return self.suffixes(literal);
                }
                Token::Double(number) => {
                    self.at += 2;
                    let literal = Self::literal(Literal::Double(-number), offset)?;
                    return self.suffixes(literal);
                }
                _ => {}
            }
            let mut minuses = 0_usize;
            while self.accept("-") {
                minuses += 1;
            }
            let operand = self.member()?;
            let inner = Self::node_of(operand, offset, Kind::Negate)?;
            return if minuses % 2 == 1 { Ok(inner) } else { Self::node_of(inner, offset, Kind::Negate) };
        }
        self.member()
    }

    fn node_of(operand: Expression, offset: usize, kind: impl FnOnce(Box<Expression>) -> Kind) -> Parsing {
        let height = operand.height + 1;
        Self::of_height(kind(Box::new(operand)), offset, height)
    }

    fn member(&mut self) -> Parsing {
        let operand = self.primary()?;
        self.suffixes(operand)
    }

    fn suffixes(&mut self, mut operand: Expression) -> Parsing {
        loop {
            let offset = self.offset();
            if self.accept(".") {
                let optional = self.accept("?");
                let Token::Name(field) = self.token().clone() else {
                    return Err(self.unexpected("the name of a field or function"));
                };
                self.at += 1;
                if !optional && self.accept("(") {
                    operand = self.method(operand, &field, offset)?;
                } else {
                    operand =
                        Self::node_of(operand, offset, |operand| Kind::Select { operand, field, optional })?;
                }
            } else if self.accept("[") {
                let optional = self.accept("?");
                let index = self.expression()?;
                self.expect("]")?;
                let height = 1 + operand.height.max(index.height);
                let kind = Kind::Index { operand: Box::new(operand), index: Box::new(index), optional };
                operand = Self::of_height(kind, offset, height)?;
            } else {
                return Ok(operand);
            }
        }
    }

    /// Arguments up to the closing bracket, which is taken too.
    fn arguments(&mut self, mut arguments: Vec<Expression>) -> Result<Vec<Expression>, Problem> {
        while !self.accept(")") {
            arguments.push(self.expression()?);
            if !self.accept(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(arguments)
    }

    fn method(&mut self, operand: Expression, name: &str, offset: usize) -> Parsing {
        if let Some(kind) = self.macro_ahead(name) {
            return self.comprehension(kind, operand, offset);
        }
        if matches!(name, "optMap" | "optFlatMap") {
            let [variable] = self.names::<1>()?;
            let body = self.with_locals(&[variable], Self::expression)?;
            self.expect(")")?;
            let height = 1 + operand.height.max(body.height);
            let kind = Kind::OptionalMap {
                operand: Box::new(operand),
                body: Box::new(body),
                flat: name == "optFlatMap",
            };
            return Self::of_height(kind, offset, height);
        }
        let arguments = self.arguments(vec![operand])?;
        self.call(name, Form::Member, arguments, offset)
    }

    fn call(&mut self, name: &str, form: Form, arguments: Vec<Expression>, offset: usize) -> Parsing {
        let Some(function) = signature::find(name, form) else {
            return Err(Problem::new(offset, format!("undeclared reference to the function \"{name}\"")));
        };
        if !(function.least..=function.most).contains(&arguments.len()) {
            let given = arguments.len() - usize::from(form == Form::Member);
            return Err(Problem::new(
                offset,
                format!("the function \"{name}\" does not take {given} arguments"),
            ));
        }
        if regular::takes_pattern(name)
            && let Some(Expression { kind: Kind::Literal(Literal::String(pattern)), offset: place, .. }) =
                arguments.get(1)
            && !self.patterns.contains_key(pattern)
        {
            let place = *place as usize;
            let regex = regular::compile(pattern).map_err(|message| Problem::new(place, message))?;
            self.patterns.insert(pattern.clone(), regex);
        }
        Self::over(offset, arguments, |arguments| Kind::Call { function, arguments })
    }

    /// Which macro begins here, judged by the number of names that come first.
    fn macro_ahead(&self, name: &str) -> Option<(Macro, bool)> {
        let is_name = |distance| matches!(self.ahead(distance), Token::Name(_));
        let is_comma = |distance| matches!(self.ahead(distance), Token::Sign(","));
        let one = is_name(0) && is_comma(1);
        let two = one && is_name(2) && is_comma(3);
        match name {
            "all" if one => Some((Macro::All, two)),
            "exists" if one => Some((Macro::Exists, two)),
            "exists_one" | "existsOne" if one => Some((Macro::ExistsOne, two)),
            "filter" if one => Some((Macro::Filter, false)),
            "map" if one => Some((Macro::Map, false)),
            "sortBy" if one => Some((Macro::SortBy, false)),
            "transformList" if two => Some((Macro::TransformList, true)),
            "transformMap" if two => Some((Macro::TransformMap, true)),
            "transformMapEntry" if two => Some((Macro::TransformMapEntry, true)),
            _ => None,
        }
    }

    fn names<const COUNT: usize>(&mut self) -> Result<[String; COUNT], Problem> {
        let mut names = std::array::from_fn(|_| String::new());
        for name in &mut names {
            let Token::Name(found) = self.token() else {
                return Err(self.unexpected("the name of a variable"));
            };
            if RESERVED.contains(&found.as_str()) {
                return Err(self.unexpected("the name of a variable"));
            }
            name.clone_from(found);
            self.at += 1;
            self.expect(",")?;
        }
        Ok(names)
    }

    fn with_locals<T>(
        &mut self,
        names: &[String],
        read: impl FnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let before = self.locals.len();
        self.locals.extend_from_slice(names);
        let result = read(self);
        self.locals.truncate(before);
        result
    }

    fn comprehension(&mut self, (kind, two): (Macro, bool), range: Expression, offset: usize) -> Parsing {
        let names = if two { self.names::<2>()?.to_vec() } else { self.names::<1>()?.to_vec() };
        let mut parts = self.with_locals(&names, |parser| parser.arguments(Vec::new()))?;
        let filtered = matches!(
            kind,
            Macro::Map | Macro::TransformList | Macro::TransformMap | Macro::TransformMapEntry
        ) && parts.len() == 2;
        if parts.len() != 1 + usize::from(filtered) {
            return Err(Problem::new(offset, "the macro has too many or too few arguments"));
        }
        let body = parts.pop().ok_or_else(|| Problem::new(offset, "the macro has no body"))?;
        let filter = parts.pop();
        let height = 1 + range.height.max(body.height).max(filter.as_ref().map_or(0, |filter| filter.height));
        let kind = Kind::Comprehension(Box::new(Comprehension { kind, range, two, filter, body }));
        Self::of_height(kind, offset, height)
    }

    fn primary(&mut self) -> Parsing {
        let offset = self.offset();
        let token = self.token().clone();
        self.at += 1;
        match token {
            Token::Int(number) => {
                let number =
                    i64::try_from(number).map_err(|_| Problem::new(offset, "the number is out of range"))?;
                Self::literal(Literal::Int(number), offset)
            }
            Token::Uint(number) => Self::literal(Literal::Uint(number), offset),
            Token::Double(number) => Self::literal(Literal::Double(number), offset),
            Token::String(text) => Self::literal(Literal::String(text), offset),
            Token::Bytes(bytes) => Self::literal(Literal::Bytes(bytes.into()), offset),
            Token::Sign("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => self.list(offset),
            Token::Sign("{") => self.map(offset),
            // A leading dot asks for the outermost meaning of a name, which here is the only one.
            Token::Sign(".") => self.primary(),
            Token::Name(name) => self.name(&name, offset),
            _ => {
                self.at -= 1;
                Err(self.unexpected("a value"))
            }
        }
    }

    fn list(&mut self, offset: usize) -> Parsing {
        let mut entries = Vec::new();
        while !self.accept("]") {
            let optional = self.accept("?");
            entries.push(Entry { optional, key: (), value: self.expression()? });
            if !self.accept(",") {
                self.expect("]")?;
                break;
            }
        }
        let height = 1 + entries.iter().map(|entry| entry.value.height).max().unwrap_or(0);
        Self::of_height(Kind::List(entries), offset, height)
    }

    fn map(&mut self, offset: usize) -> Parsing {
        let mut entries = Vec::new();
        while !self.accept("}") {
            let optional = self.accept("?");
            let key = self.expression()?;
            self.expect(":")?;
            entries.push(Entry { optional, key, value: self.expression()? });
            if !self.accept(",") {
                self.expect("}")?;
                break;
            }
        }
        let height = 1 + entries.iter().map(|it| it.value.height.max(it.key.height)).max().unwrap_or(0);
        Self::of_height(Kind::Map(entries), offset, height)
    }

    fn structure(&mut self, offset: usize) -> Parsing {
        let mut entries = Vec::new();
        while !self.accept("}") {
            let optional = self.accept("?");
            let (Token::Name(key) | Token::String(key)) = self.token().clone() else {
                return Err(self.unexpected("the name of a field"));
            };
            self.at += 1;
            self.expect(":")?;
            entries.push(Entry { optional, key, value: self.expression()? });
            if !self.accept(",") {
                self.expect("}")?;
                break;
            }
        }
        let height = 1 + entries.iter().map(|entry| entry.value.height).max().unwrap_or(0);
        Self::of_height(Kind::Struct(entries), offset, height)
    }

    fn name(&mut self, name: &str, offset: usize) -> Parsing {
        match name {
            "true" => return Self::literal(Literal::Bool(true), offset),
            "false" => return Self::literal(Literal::Bool(false), offset),
            "null" => return Self::literal(Literal::Null, offset),
            _ => {}
        }
        if let Some(position) = self.locals.iter().rposition(|local| local == name) {
            return Self::node(Kind::Local(position), offset, &[]);
        }
        if matches!(self.token(), Token::Sign("(")) {
            self.at += 1;
            return self.function(name, offset);
        }
        if let (Token::Sign("."), Token::Name(second), Token::Sign("(")) =
            (self.token(), self.ahead(1), self.ahead(2))
        {
            let path = format!("{name}.{second}");
            if path == "cel.bind" || signature::find(&path, Form::Free).is_some() {
                self.at += 3;
                return self.function(&path, offset);
            }
        }
        if name == "variables" {
            return self.variable(offset);
        }
        if let Some(result) = self.typed(name, offset) {
            return result;
        }
        if let Some(position) = self.scope.roots.iter().position(|root| *root == name) {
            return Self::node(Kind::Root(position), offset, &[]);
        }
        if let Some(name) = TYPES.iter().find(|known| **known == name) {
            return Self::literal(Literal::Type(name), offset);
        }
        let message = if RESERVED.contains(&name) {
            format!("\"{name}\" is a word of the language and not a name")
        } else {
            format!("undeclared reference to \"{name}\"")
        };
        Err(Problem::new(offset, message))
    }

    /// `Object.spec{…}`, `JSONPatch{…}` and `google.protobuf.Timestamp`.
    fn typed(&mut self, name: &str, offset: usize) -> Option<Parsing> {
        let mut path = name.to_owned();
        let mut distance = 0;
        while let (Token::Sign("."), Token::Name(part)) = (self.ahead(distance), self.ahead(distance + 1)) {
            path.push('.');
            path.push_str(part);
            distance += 2;
        }
        for known in ["google.protobuf.Timestamp", "google.protobuf.Duration"] {
            if path == known {
                self.at += distance;
                return Some(Self::literal(Literal::Type(known), offset));
            }
        }
        if !matches!(self.ahead(distance), Token::Sign("{")) {
            return None;
        }
        if !matches!(name, "Object" | "JSONPatch") {
            return Some(Err(Problem::new(offset, format!("undeclared reference to the type \"{path}\""))));
        }
        self.at += distance + 1;
        Some(self.structure(offset))
    }

    fn variable(&mut self, offset: usize) -> Parsing {
        let (name, optional, length) = match (self.token(), self.ahead(1), self.ahead(2)) {
            (Token::Sign("."), Token::Name(name), _) => (name.clone(), false, 2),
            (Token::Sign("."), Token::Sign("?"), Token::Name(name)) => (name.clone(), true, 3),
            (Token::Sign("["), Token::String(name), Token::Sign("]")) => (name.clone(), false, 3),
            _ => {
                return Err(Problem::new(offset, "\"variables\" is only of use with the name of a variable"));
            }
        };
        let Some(position) = self.scope.variables.iter().position(|known| *known == name) else {
            let message = format!("undefined field \"{name}\" of variables");
            return Err(Problem::new(offset, message));
        };
        self.at += length;
        let value = Self::node(Kind::Variable(position), offset, &[])?;
        if optional { self.call("optional.of", Form::Free, vec![value], offset) } else { Ok(value) }
    }

    /// A call without an operand; its opening bracket is taken already.
    fn function(&mut self, name: &str, offset: usize) -> Parsing {
        match name {
            "has" => {
                let argument = self.expression()?;
                self.expect(")")?;
                match argument.kind {
                    Kind::Select { operand, field, optional } => {
                        let height = operand.height + 1;
                        Self::of_height(Kind::Has { operand, field, optional }, offset, height)
                    }
                    Kind::Variable(_) => Self::literal(Literal::Bool(true), offset),
                    _ => Err(Problem::new(
                        offset,
                        "has() takes a field, for example has(object.spec.replicas)",
                    )),
                }
            }
            "cel.bind" => {
                let [variable] = self.names::<1>()?;
                let value = self.expression()?;
                self.expect(",")?;
                let body = self.with_locals(&[variable], Self::expression)?;
                self.expect(")")?;
                let height = 1 + value.height.max(body.height);
                Self::of_height(Kind::Bind { value: Box::new(value), body: Box::new(body) }, offset, height)
            }
            _ => {
                let arguments = self.arguments(Vec::new())?;
                self.call(name, Form::Free, arguments, offset)
            }
        }
    }
}
