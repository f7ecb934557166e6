//! Reads expressions.
//!
//! The grammar has its own precedences, but the engine wrote operators out flat as JavaScript, which read them
//! with its own: `not a == b` is `(!a) == b`, and `a + b - c` is `(a + b) - c`. So a chain of operators is read
//! by the grammar first and then arranged as JavaScript would.

use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::nunjucks::ast::{Expression, Kind, Operator, Symbol};
use crate::nunjucks::lexer::Token;
use crate::nunjucks::parser::Parser;
use crate::nunjucks::text::Text;
use crate::nunjucks::value::Value;

/// What an expression in an expression weighs: all levels of the grammar are on the stack for it.
const NESTED: usize = 5;

/// What the engine took for the name of a test that has none, as in `x is odd + 1`.
const UNNAMED_TEST: &str = "undefined";

/// What a chain of operators consists of.
enum Item {
    Operand(Expression),
    Infix(Operator, usize),
    Not(usize),
}

impl Parser<'_> {
    pub(crate) fn node(&self, kind: Kind, position: usize) -> Outcome<Expression> {
        let of = |items: &[Expression]| items.iter().map(|item| item.depth).max().unwrap_or(0);
        let depth = match &kind {
            Kind::Literal(_) | Kind::Pattern(..) | Kind::Symbol(_) | Kind::Capture(_) | Kind::Caller(_) => 0,
            Kind::Group(items) | Kind::List(items) | Kind::Filter(_, items) => of(items),
            Kind::Record(pairs) | Kind::Keywords(pairs) => {
                pairs.iter().map(|(_, v)| v.depth).max().unwrap_or(0)
            }
            Kind::Call(target, items) => target.depth.max(of(items)),
            Kind::Is { value, arguments, .. } => value.depth.max(of(arguments)),
            Kind::Slice(target, parts) => {
                target.depth.max(parts.iter().flatten().map(|part| part.depth).max().unwrap_or(0))
            }
            Kind::Conditional { condition, then, otherwise } => {
                condition.depth.max(then.depth).max(otherwise.as_ref().map_or(0, |other| other.depth))
            }
            Kind::Member(left, right)
            | Kind::In(left, right)
            | Kind::And(left, right)
            | Kind::Or(left, right)
            | Kind::Binary(_, left, right)
            | Kind::Power(left, right) => left.depth.max(right.depth),
            Kind::Not(inner) | Kind::Floor(inner) | Kind::Negate(inner) | Kind::Plus(inner) => inner.depth,
        } + 1;
        if depth + self.depth > self.limit {
            return Err(Fault::too_deep().at(position));
        }
        Ok(Expression { kind, position, depth })
    }

    /// `a if b else c` and all below.
    pub(crate) fn expression(&mut self) -> Outcome<Expression> {
        self.enter(NESTED)?;
        let mut node = self.disjunction()?;
        if self.skip_symbol("if")? {
            let condition = Box::new(self.disjunction()?);
            let otherwise =
                if self.skip_symbol("else")? { Some(Box::new(self.disjunction()?)) } else { None };
            let position = node.position;
            node = self.node(Kind::Conditional { condition, then: Box::new(node), otherwise }, position)?;
        }
        self.leave(NESTED);
        Ok(node)
    }

    fn disjunction(&mut self) -> Outcome<Expression> {
        let mut node = self.conjunction()?;
        while self.skip_symbol("or")? {
            let right = self.conjunction()?;
            let position = node.position;
            node = self.node(Kind::Or(Box::new(node), Box::new(right)), position)?;
        }
        Ok(node)
    }

    fn conjunction(&mut self) -> Outcome<Expression> {
        let mut node = self.negation()?;
        while self.skip_symbol("and")? {
            let right = self.negation()?;
            let position = node.position;
            node = self.node(Kind::And(Box::new(node), Box::new(right)), position)?;
        }
        Ok(node)
    }

    fn negation(&mut self) -> Outcome<Expression> {
        let chain = self.negation_chain()?;
        self.arrange(chain)
    }

    fn negation_chain(&mut self) -> Outcome<Vec<Item>> {
        let mut items = Vec::new();
        loop {
            let position = self.position()?;
            if !self.skip_symbol("not")? {
                break;
            }
            items.push(Item::Not(position));
            if items.len() > self.limit {
                return Err(Fault::too_deep().at(position));
            }
        }
        let mut rest = self.membership()?;
        if items.is_empty() {
            return Ok(rest);
        }
        items.append(&mut rest);
        Ok(items)
    }

    fn membership(&mut self) -> Outcome<Vec<Item>> {
        let mut chain = self.test()?;
        loop {
            let position = self.position()?;
            let inverted = self.skip_symbol("not")?;
            if !self.skip_symbol("in")? {
                if inverted {
                    return self.unexpected("\"in\" behind \"not\"");
                }
                return Ok(chain);
            }
            let left = self.arrange(chain)?;
            let right = self.test()?;
            let right = self.arrange(right)?;
            let node = self.node(Kind::In(Box::new(left), Box::new(right)), position)?;
            chain = vec![Item::Operand(node)];
            if inverted {
                chain.insert(0, Item::Not(position));
            }
        }
    }

    fn test(&mut self) -> Outcome<Vec<Item>> {
        let chain = self.comparison()?;
        let position = self.position()?;
        if !self.skip_symbol("is")? {
            return Ok(chain);
        }
        let inverted = self.skip_symbol("not")?;
        let value = Box::new(self.arrange(chain)?);
        let at = self.position()?;
        let right = self.comparison()?;
        let right = self.arrange(right)?;
        let (name, arguments): (Rc<str>, Vec<Expression>) = match right.kind {
            Kind::Symbol(symbol) => (symbol.name, Vec::new()),
            Kind::Literal(Value::Null) => ("null".into(), Vec::new()),
            Kind::Literal(Value::String(text)) => (text.to_shared(), Vec::new()),
            Kind::Literal(_) | Kind::Filter(..) => {
                return Err(Fault::syntax("expected the name of a test behind \"is\"", at)
                    .hint("Put the test into parentheses, or compare with \"==\"."));
            }
            Kind::Call(target, arguments) => match target.kind {
                Kind::Symbol(symbol) => (symbol.name, arguments),
                Kind::Literal(Value::Null) => ("null".into(), arguments),
                _ => (UNNAMED_TEST.into(), arguments),
            },
            _ => (UNNAMED_TEST.into(), Vec::new()),
        };
        let node = self.node(Kind::Is { value, test: name, arguments }, position)?;
        Ok(if inverted { vec![Item::Not(position), Item::Operand(node)] } else { vec![Item::Operand(node)] })
    }

    fn comparison(&mut self) -> Outcome<Vec<Item>> {
        let mut chain = self.concatenation()?;
        loop {
            let operator = match self.peek()? {
                Some(Token::Mark(mark)) => match *mark {
                    "==" => Operator::Equal,
                    "===" => Operator::StrictEqual,
                    "!=" => Operator::NotEqual,
                    "!==" => Operator::StrictNotEqual,
                    "<" => Operator::Less,
                    ">" => Operator::Greater,
                    "<=" => Operator::LessEqual,
                    ">=" => Operator::GreaterEqual,
                    _ => return Ok(chain),
                },
                _ => return Ok(chain),
            };
            let position = self.position()?;
            self.next()?;
            chain.push(Item::Infix(operator, position));
            chain.append(&mut self.concatenation()?);
        }
    }

    fn concatenation(&mut self) -> Outcome<Vec<Item>> {
        self.infix(&[
            ("~", Operator::Concat),
            ("+", Operator::Add),
            ("-", Operator::Subtract),
            ("*", Operator::Multiply),
            ("/", Operator::Divide),
        ])
    }

    /// The levels from `~` to `/`: written out flat, their order in the grammar makes no difference.
    fn infix(&mut self, operators: &[(&str, Operator)]) -> Outcome<Vec<Item>> {
        let mut chain = self.floor_division()?;
        loop {
            let Some(Token::Mark(mark)) = self.peek()? else { return Ok(chain) };
            let Some((_, operator)) = operators.iter().find(|(text, _)| text == mark) else {
                return Ok(chain);
            };
            let operator = *operator;
            let position = self.position()?;
            self.next()?;
            chain.push(Item::Infix(operator, position));
            chain.append(&mut self.floor_division()?);
        }
    }

    /// `a // b` is one operand: it was written out as a call.
    fn floor_division(&mut self) -> Outcome<Vec<Item>> {
        let mut chain = self.remainder()?;
        loop {
            let position = self.position()?;
            if !self.skip_mark("//")? {
                return Ok(chain);
            }
            chain.push(Item::Infix(Operator::Divide, position));
            chain.append(&mut self.remainder()?);
            let quotient = self.arrange(chain)?;
            chain = vec![Item::Operand(self.node(Kind::Floor(Box::new(quotient)), position)?)];
        }
    }

    fn remainder(&mut self) -> Outcome<Vec<Item>> {
        let mut chain = vec![Item::Operand(self.power()?)];
        loop {
            let position = self.position()?;
            if !self.skip_mark("%")? {
                return Ok(chain);
            }
            chain.push(Item::Infix(Operator::Remainder, position));
            chain.push(Item::Operand(self.power()?));
        }
    }

    fn power(&mut self) -> Outcome<Expression> {
        let mut node = self.unary(true)?;
        loop {
            let position = self.position()?;
            if !self.skip_mark("**")? {
                return Ok(node);
            }
            let right = self.unary(true)?;
            node = self.node(Kind::Power(Box::new(node), Box::new(right)), position)?;
        }
    }

    fn unary(&mut self, filters: bool) -> Outcome<Expression> {
        let position = self.position()?;
        let minus = self.skip_mark("-")?;
        let node = if minus || self.skip_mark("+")? {
            self.enter(1)?;
            let inner = Box::new(self.unary(false)?);
            self.leave(1);
            self.node(if minus { Kind::Negate(inner) } else { Kind::Plus(inner) }, position)?
        } else {
            self.primary(true)?
        };
        if filters { self.filters(node) } else { Ok(node) }
    }

    fn filters(&mut self, mut node: Expression) -> Outcome<Expression> {
        while self.skip_mark("|")? {
            let (name, position) = self.filter_name()?;
            let mut arguments =
                if matches!(self.peek()?, Some(Token::Mark("("))) { self.signature()? } else { Vec::new() };
            arguments.insert(0, node);
            node = self.node(Kind::Filter(name, arguments), position)?;
        }
        Ok(node)
    }

    pub(crate) fn filter_name(&mut self) -> Outcome<(Rc<str>, usize)> {
        let position = self.position()?;
        let mut name = String::new();
        loop {
            match self.peek()? {
                Some(Token::Symbol(part)) => name.push_str(part),
                _ => return self.unexpected("the name of a filter"),
            }
            self.next()?;
            if !self.skip_mark(".")? {
                return Ok((name.into(), position));
            }
            name.push('.');
        }
    }

    pub(crate) fn primary(&mut self, postfix: bool) -> Outcome<Expression> {
        let Some((token, position)) = self.next()? else {
            return self.unexpected("an expression");
        };
        let kind = match token {
            Token::String(text) => Kind::Literal(Value::text(&*text)),
            Token::Integer(number) | Token::Float(number) => Kind::Literal(Value::Number(number)),
            Token::Bool(value) => Kind::Literal(Value::Bool(value)),
            Token::Null => Kind::Literal(Value::Null),
            Token::Pattern(body, flags) => Kind::Pattern(body.into(), flags.into()),
            Token::Symbol(name) => {
                self.uses_loop |= name == "loop";
                Kind::Symbol(Symbol::new(name.into()))
            }
            Token::Mark("(") => {
                let items = self.items(")")?;
                if items.is_empty() {
                    return Err(Fault::syntax("the parentheses are empty", position));
                }
                Kind::Group(items)
            }
            Token::Mark("[") => Kind::List(self.items("]")?),
            Token::Mark("{") => self.record()?,
            other => {
                return Err(Fault::syntax(
                    format!("expected an expression, found {}", other.describe()),
                    position,
                ));
            }
        };
        let node = self.node(kind, position)?;
        if postfix { self.postfix(node) } else { Ok(node) }
    }

    fn items(&mut self, closing: &str) -> Outcome<Vec<Expression>> {
        let mut items = Vec::new();
        loop {
            if self.skip_mark(closing)? {
                return Ok(items);
            }
            if !items.is_empty() && !self.skip_mark(",")? {
                return self.unexpected(&format!("\",\" or \"{closing}\""));
            }
            items.push(self.expression()?);
        }
    }

    fn record(&mut self) -> Outcome<Kind> {
        let mut pairs: Vec<(Rc<str>, Expression)> = Vec::new();
        loop {
            if self.skip_mark("}")? {
                return Ok(Kind::Record(pairs));
            }
            if !pairs.is_empty() && !self.skip_mark(",")? {
                return self.unexpected("\",\" or \"}\"");
            }
            let key: Rc<str> = match self.peek()? {
                Some(Token::String(text)) => (&**text).into(),
                Some(Token::Symbol(name)) => (*name).into(),
                _ => return self.unexpected("a name or a string as the key"),
            };
            self.next()?;
            if !self.skip_mark(":")? {
                return self.unexpected("\":\" behind the key");
            }
            pairs.push((key, self.expression()?));
        }
    }

    fn postfix(&mut self, mut node: Expression) -> Outcome<Expression> {
        loop {
            let position = self.position()?;
            match self.peek()? {
                Some(Token::Mark("(")) => {
                    let arguments = self.signature()?;
                    node = self.node(Kind::Call(Box::new(node), arguments), position)?;
                }
                Some(Token::Mark("[")) => {
                    self.next()?;
                    node = self.index(node, position)?;
                }
                Some(Token::Mark(".")) => {
                    self.next()?;
                    let at = self.position()?;
                    let key = match self.peek()? {
                        Some(Token::Symbol(name)) => Text::from(*name),
                        _ => return self.unexpected("a name behind \".\""),
                    };
                    self.next()?;
                    let key = self.node(Kind::Literal(Value::String(key)), at)?;
                    node = self.node(Kind::Member(Box::new(node), Box::new(key)), position)?;
                }
                _ => return Ok(node),
            }
        }
    }

    /// `[key]` or `[start:stop:step]`.
    fn index(&mut self, target: Expression, position: usize) -> Outcome<Expression> {
        let mut parts: [Option<Expression>; 3] = [None, None, None];
        let mut colons = 0;
        loop {
            if self.skip_mark("]")? {
                break;
            }
            if self.skip_mark(":")? {
                colons += 1;
                if colons > 2 {
                    return Err(Fault::syntax("a slice has at most three parts", position));
                }
                continue;
            }
            match parts.get_mut(colons) {
                Some(part @ None) => *part = Some(self.expression()?),
                _ => return self.unexpected("\"]\""),
            }
        }
        if colons > 0 {
            return self.node(Kind::Slice(Box::new(target), Box::new(parts)), position);
        }
        let [key, ..] = parts;
        let Some(key) = key else { return Err(Fault::syntax("the index is missing", position)) };
        self.node(Kind::Member(Box::new(target), Box::new(key)), position)
    }

    /// `(a, b, name=c)`: named arguments come last, as one.
    pub(crate) fn signature(&mut self) -> Outcome<Vec<Expression>> {
        let position = self.position()?;
        if !self.skip_mark("(")? {
            return self.unexpected("\"(\"");
        }
        let mut arguments = Vec::new();
        let mut keywords: Vec<(Rc<str>, Expression)> = Vec::new();
        loop {
            if self.skip_mark(")")? {
                break;
            }
            if arguments.len() + keywords.len() > 0 && !self.skip_mark(",")? {
                return self.unexpected("\",\" or \")\"");
            }
            let argument = self.expression()?;
            if !self.skip_mark("=")? {
                arguments.push(argument);
                continue;
            }
            let name = match argument.kind {
                Kind::Symbol(symbol) => symbol.name,
                Kind::Literal(Value::String(text)) => text.to_shared(),
                _ => return Err(Fault::syntax("an argument's name is a plain name", argument.position)),
            };
            keywords.push((name, self.expression()?));
        }
        if !keywords.is_empty() {
            arguments.push(self.node(Kind::Keywords(keywords), position)?);
        }
        Ok(arguments)
    }

    /// Arranges a flat chain by JavaScript's precedences.
    fn arrange(&self, chain: Vec<Item>) -> Outcome<Expression> {
        let mut operands: Vec<Expression> = Vec::new();
        let mut operators: Vec<(Operator, usize)> = Vec::new();
        let mut negations: Vec<usize> = Vec::new();
        let single = chain.len() == 1;
        for item in chain {
            match item {
                Item::Operand(mut node) => {
                    if single {
                        return Ok(node);
                    }
                    while let Some(position) = negations.pop() {
                        node = self.node(Kind::Not(Box::new(node)), position)?;
                    }
                    operands.push(node);
                }
                Item::Not(position) => negations.push(position),
                Item::Infix(operator, position) => {
                    while operators.last().is_some_and(|(top, _)| top.precedence() >= operator.precedence()) {
                        self.reduce(&mut operands, &mut operators)?;
                    }
                    operators.push((operator, position));
                }
            }
        }
        while !operators.is_empty() {
            self.reduce(&mut operands, &mut operators)?;
        }
        operands.pop().ok_or_else(|| Fault::syntax("expected an expression", 0))
    }

    fn reduce(&self, operands: &mut Vec<Expression>, operators: &mut Vec<(Operator, usize)>) -> Outcome<()> {
        if let (Some((operator, position)), Some(right), Some(left)) =
            (operators.pop(), operands.pop(), operands.pop())
        {
            operands.push(self.node(Kind::Binary(operator, Box::new(left), Box::new(right)), position)?);
        }
        Ok(())
    }
}
