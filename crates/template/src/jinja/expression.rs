//! Expressions, with Jinja's precedence.

use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::jinja::ast::{
    CallArguments, Comparison, Expression, ExpressionKind as Kind, FilterCall, Operator,
};
use crate::jinja::lexer;
use crate::jinja::parser::Parser;

fn at(position: usize, kind: Kind) -> Expression {
    Expression { kind, position }
}

impl Parser<'_> {
    /// One expression, with `a if b else c`.
    pub fn expression(&mut self) -> Outcome<Expression> {
        self.enter()?;
        let position = self.position();
        let mark = self.unknown_names();
        let mut expression = self.or()?;
        while self.skip_name("if") {
            let test = self.or()?;
            let otherwise = if self.skip_name("else") { Some(Box::new(self.expression()?)) } else { None };
            expression =
                at(position, Kind::Condition { test: Box::new(test), then: Box::new(expression), otherwise });
            self.forget_unknown_names(mark);
        }
        self.leave();
        Ok(expression)
    }

    /// Several expressions with commas are a tuple. `ends` are names that end it.
    pub fn tuple(
        &mut self,
        with_condition: bool,
        ends: &[&str],
        in_parentheses: bool,
    ) -> Outcome<Expression> {
        let position = self.position();
        let mut items = Vec::new();
        let mut is_tuple = false;
        loop {
            let ended = matches!(self.kind(), lexer::Kind::VariableEnd | lexer::Kind::BlockEnd)
                || self.is(")")
                || ends.iter().any(|name| self.is_name(name));
            if ended {
                break;
            }
            items.push(if with_condition { self.expression()? } else { self.or()? });
            if !self.skip(",") {
                break;
            }
            is_tuple = true;
        }
        if is_tuple || (items.is_empty() && in_parentheses) {
            return Ok(at(position, Kind::Tuple(items)));
        }
        items.pop().ok_or_else(|| self.unexpected("an expression"))
    }

    fn or(&mut self) -> Outcome<Expression> {
        let mut left = self.and()?;
        while self.is_name("or") {
            let position = self.advance();
            left = at(position, Kind::Or(Box::new(left), Box::new(self.and()?)));
        }
        Ok(left)
    }

    fn and(&mut self) -> Outcome<Expression> {
        let mut left = self.not()?;
        while self.is_name("and") {
            let position = self.advance();
            left = at(position, Kind::And(Box::new(left), Box::new(self.not()?)));
        }
        Ok(left)
    }

    fn not(&mut self) -> Outcome<Expression> {
        if !self.is_name("not") {
            return self.compare();
        }
        let position = self.advance();
        self.enter()?;
        let inner = self.not()?;
        self.leave();
        Ok(at(position, Kind::Not(Box::new(inner))))
    }

    fn compare(&mut self) -> Outcome<Expression> {
        let position = self.position();
        let first = self.sum()?;
        let mut rest = Vec::new();
        loop {
            let comparison = match self.kind() {
                lexer::Kind::Operator("==") => Comparison::Equal,
                lexer::Kind::Operator("!=") => Comparison::NotEqual,
                lexer::Kind::Operator("<") => Comparison::Less,
                lexer::Kind::Operator("<=") => Comparison::LessEqual,
                lexer::Kind::Operator(">") => Comparison::Greater,
                lexer::Kind::Operator(">=") => Comparison::GreaterEqual,
                lexer::Kind::Name(name) if &**name == "in" => Comparison::In,
                lexer::Kind::Name(name) if &**name == "not" && self.next_is_name("in") => {
                    self.advance();
                    Comparison::NotIn
                }
                _ => break,
            };
            self.advance();
            rest.push((comparison, self.sum()?));
        }
        Ok(if rest.is_empty() { first } else { at(position, Kind::Compare(Box::new(first), rest)) })
    }

    fn sum(&mut self) -> Outcome<Expression> {
        let mut left = self.concatenation()?;
        loop {
            let operator = match self.kind() {
                lexer::Kind::Operator("+") => Operator::Add,
                lexer::Kind::Operator("-") => Operator::Subtract,
                _ => return Ok(left),
            };
            let position = self.advance();
            left = at(position, Kind::Binary(operator, Box::new(left), Box::new(self.concatenation()?)));
            self.count_chain()?;
        }
    }

    fn concatenation(&mut self) -> Outcome<Expression> {
        let position = self.position();
        let first = self.product()?;
        if !self.is("~") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.skip("~") {
            parts.push(self.product()?);
        }
        Ok(at(position, Kind::Concatenate(parts)))
    }

    fn product(&mut self) -> Outcome<Expression> {
        let mut left = self.power()?;
        loop {
            let operator = match self.kind() {
                lexer::Kind::Operator("*") => Operator::Multiply,
                lexer::Kind::Operator("/") => Operator::Divide,
                lexer::Kind::Operator("//") => Operator::FloorDivide,
                lexer::Kind::Operator("%") => Operator::Remainder,
                _ => return Ok(left),
            };
            let position = self.advance();
            left = at(position, Kind::Binary(operator, Box::new(left), Box::new(self.power()?)));
            self.count_chain()?;
        }
    }

    /// `a ** b ** c` is `(a ** b) ** c` here, unlike in Python.
    fn power(&mut self) -> Outcome<Expression> {
        let mut left = self.unary(true)?;
        while self.is("**") {
            let position = self.advance();
            left = at(position, Kind::Binary(Operator::Power, Box::new(left), Box::new(self.unary(true)?)));
            self.count_chain()?;
        }
        Ok(left)
    }

    fn unary(&mut self, with_filter: bool) -> Outcome<Expression> {
        let position = self.position();
        self.enter()?;
        let mut expression = if self.skip("-") {
            at(position, Kind::Negative(Box::new(self.unary(false)?)))
        } else if self.skip("+") {
            at(position, Kind::Positive(Box::new(self.unary(false)?)))
        } else {
            self.primary()?
        };
        expression = self.postfix(expression)?;
        if with_filter {
            expression = self.filters_and_tests(expression)?;
        }
        self.leave();
        Ok(expression)
    }

    fn primary(&mut self) -> Outcome<Expression> {
        let position = self.position();
        let kind = match self.kind().clone() {
            lexer::Kind::Name(name) => {
                self.advance();
                match &*name {
                    "true" | "True" => Kind::Bool(true),
                    "false" | "False" => Kind::Bool(false),
                    "none" | "None" => Kind::None,
                    _ => Kind::Name(name),
                }
            }
            lexer::Kind::Text(mut text) => {
                self.advance();
                while let lexer::Kind::Text(more) = self.kind() {
                    text.push_str(more);
                    self.advance();
                }
                Kind::Text(text.into())
            }
            lexer::Kind::Integer(number) => {
                self.advance();
                Kind::Integer(number)
            }
            lexer::Kind::Float(number) => {
                self.advance();
                Kind::Float(number)
            }
            lexer::Kind::Operator("(") => {
                self.advance();
                self.enter()?;
                let inner = self.tuple(true, &[], true)?;
                self.leave();
                self.expect(")")?;
                return Ok(inner);
            }
            lexer::Kind::Operator("[") => {
                self.advance();
                let mut items = Vec::new();
                while !self.is("]") {
                    items.push(self.expression()?);
                    if !self.skip(",") {
                        break;
                    }
                }
                self.expect("]")?;
                Kind::List(items)
            }
            lexer::Kind::Operator("{") => {
                self.advance();
                let mut items = Vec::new();
                while !self.is("}") {
                    let key = self.expression()?;
                    self.expect(":")?;
                    items.push((key, self.expression()?));
                    if !self.skip(",") {
                        break;
                    }
                }
                self.expect("}")?;
                Kind::Map(items)
            }
            _ => return Err(self.unexpected("an expression")),
        };
        Ok(at(position, kind))
    }

    fn postfix(&mut self, mut expression: Expression) -> Outcome<Expression> {
        loop {
            let position = self.position();
            if self.skip(".") {
                let kind = match self.kind().clone() {
                    lexer::Kind::Name(name) => Kind::Attribute(Box::new(expression), name),
                    lexer::Kind::Integer(number) => {
                        let index = at(self.position(), Kind::Integer(number));
                        Kind::Item(Box::new(expression), Box::new(index))
                    }
                    _ => return Err(self.unexpected("a name or a number")),
                };
                self.advance();
                expression = at(position, kind);
            } else if self.skip("[") {
                expression = self.subscript(expression, position)?;
            } else if self.is("(") {
                let arguments = self.arguments()?;
                expression = at(position, Kind::Call(Box::new(expression), arguments));
            } else {
                return Ok(expression);
            }
            self.count_chain()?;
        }
    }

    fn subscript(&mut self, value: Expression, position: usize) -> Outcome<Expression> {
        let mut parts = [None, None, None];
        let mut first = if self.is(":") { None } else { Some(self.expression()?) };
        if self.is(",")
            && let Some(item) = first.take()
        {
            let mut items = vec![item];
            while self.skip(",") && !self.is("]") {
                items.push(self.expression()?);
            }
            first = Some(at(position, Kind::Tuple(items)));
        }
        if !self.is(":") {
            self.expect("]")?;
            let Some(index) = first else { return Err(self.unexpected("an index")) };
            return Ok(at(position, Kind::Item(Box::new(value), Box::new(index))));
        }
        let [start, stop, step] = &mut parts;
        *start = first.map(Box::new);
        for part in [stop, step] {
            if self.skip(":") && !self.is("]") && !self.is(":") {
                *part = Some(Box::new(self.expression()?));
            }
        }
        self.expect("]")?;
        Ok(at(position, Kind::Slice(Box::new(value), parts)))
    }

    fn filters_and_tests(&mut self, mut expression: Expression) -> Outcome<Expression> {
        loop {
            let position = self.position();
            if self.skip("|") {
                let call = self.filter_call()?;
                expression = at(position, Kind::Filter(Box::new(expression), call));
            } else if self.skip_name("is") {
                expression = self.test(expression, position)?;
            } else if self.is("(") {
                let arguments = self.arguments()?;
                expression = at(position, Kind::Call(Box::new(expression), arguments));
            } else {
                return Ok(expression);
            }
            self.count_chain()?;
        }
    }

    fn dotted_name(&mut self) -> Outcome<Rc<str>> {
        let mut name = self.expect_name()?;
        while self.skip(".") {
            name = format!("{name}.{}", self.expect_name()?).into();
        }
        Ok(name)
    }

    /// A filter's name with its arguments.
    pub fn filter_call(&mut self) -> Outcome<FilterCall> {
        let position = self.position();
        let name = self.dotted_name()?;
        self.check_filter(&name, position);
        let arguments = if self.is("(") { self.arguments()? } else { CallArguments::default() };
        Ok(FilterCall { name, arguments, position })
    }

    fn test(&mut self, value: Expression, position: usize) -> Outcome<Expression> {
        let negated = self.skip_name("not");
        let place = self.position();
        let name = self.dotted_name()?;
        self.check_test(&name, place);
        let takes_operand = match self.kind() {
            lexer::Kind::Name(word) => !matches!(&**word, "else" | "or" | "and"),
            lexer::Kind::Text(_) | lexer::Kind::Integer(_) | lexer::Kind::Float(_) => true,
            lexer::Kind::Operator(operator) => matches!(*operator, "[" | "{"),
            _ => false,
        };
        let arguments = if self.is("(") {
            self.arguments()?
        } else if takes_operand {
            if self.is_name("is") {
                return Err(Fault::syntax("tests cannot be chained with \"is\"", self.position())
                    .hint("Join them with \"and\"."));
            }
            let operand = self.primary()?;
            let operand = self.postfix(operand)?;
            CallArguments { positional: vec![operand], ..CallArguments::default() }
        } else {
            CallArguments::default()
        };
        let call = FilterCall { name, arguments, position: place };
        let test = at(position, Kind::Test(Box::new(value), call));
        Ok(if negated { at(position, Kind::Not(Box::new(test))) } else { test })
    }

    /// `(…)` behind what is called.
    pub fn arguments(&mut self) -> Outcome<CallArguments> {
        let start = self.position();
        let wrong = || {
            Fault::syntax("this call's arguments are out of order", start)
                .hint("Values come first, then name=value, then * and **.")
        };
        self.expect("(")?;
        let mut arguments = CallArguments::default();
        while !self.is(")") {
            if self.skip("*") {
                if arguments.spread.is_some() || arguments.spread_named.is_some() {
                    return Err(wrong());
                }
                arguments.spread = Some(Box::new(self.expression()?));
            } else if self.skip("**") {
                if arguments.spread_named.is_some() {
                    return Err(wrong());
                }
                arguments.spread_named = Some(Box::new(self.expression()?));
            } else if let lexer::Kind::Name(name) = self.kind().clone()
                && self.next_is("=")
            {
                if arguments.spread_named.is_some() {
                    return Err(wrong());
                }
                self.advance();
                self.advance();
                arguments.named.push((name, self.expression()?));
            } else {
                let late = !arguments.named.is_empty()
                    || arguments.spread.is_some()
                    || arguments.spread_named.is_some();
                if late {
                    return Err(wrong());
                }
                arguments.positional.push(self.expression()?);
            }
            if !self.skip(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(arguments)
    }
}
