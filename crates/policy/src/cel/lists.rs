//! Functions of lists.

use std::cmp::Ordering;

use super::evaluate::Evaluator;
use super::fault::{Fault, Outcome, error, no_overload};
use super::operators::{self, equal, order};
use super::syntax::Operator;
use super::value::{List, Value};

/// How deep `flatten` goes.
const MAX_FLATTEN: i64 = 20;

fn only<'a, 'd>(name: &str, arguments: &'a [Value<'d>]) -> Result<&'a List<'d>, Fault> {
    match arguments {
        [Value::List(list)] => Ok(list),
        _ => Err(no_overload(name, arguments)),
    }
}

/// `list.isSorted()`.
pub(crate) fn is_sorted<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let list = only("isSorted", arguments)?;
    for (left, right) in list.iter().zip(list.iter().skip(1)) {
        match order(evaluator, &left, &right)? {
            Some(Ordering::Greater) => return Ok(Value::Bool(false)),
            Some(_) => {}
            None => return Err(no_overload("isSorted", &[left, right])),
        }
    }
    Ok(Value::Bool(true))
}

/// `list.sum()`; zero for an empty list.
pub(crate) fn sum<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let list = only("sum", arguments)?;
    let mut total: Option<Value<'d>> = None;
    for item in list.iter() {
        if !matches!(item, Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Duration(_)) {
            return Err(no_overload("sum", &[item]));
        }
        evaluator.charge(1)?;
        total = Some(match total {
            None => item,
            Some(total) => operators::binary(evaluator, Operator::Add, total, item)?,
        });
    }
    Ok(total.unwrap_or(Value::Int(0)))
}

/// `list.min()`.
pub(crate) fn min<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    extreme(evaluator, "min", arguments, Ordering::Less)
}

/// `list.max()`.
pub(crate) fn max<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    extreme(evaluator, "max", arguments, Ordering::Greater)
}

fn extreme<'d>(
    evaluator: &mut Evaluator<'d>,
    name: &str,
    arguments: &[Value<'d>],
    wanted: Ordering,
) -> Outcome<'d> {
    let list = only(name, arguments)?;
    let mut best: Option<Value<'d>> = None;
    for item in list.iter() {
        evaluator.charge(1)?;
        best = Some(match best {
            None => item,
            Some(best) => match order(evaluator, &item, &best)? {
                Some(ordering) if ordering == wanted => item,
                Some(_) => best,
                None => return Err(no_overload(name, &[best, item])),
            },
        });
    }
    best.ok_or_else(|| error(format!("{name} called on empty list")))
}

/// `list.slice(start, end)`.
pub(crate) fn slice<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::List(list), Value::Int(start), Value::Int(end)] = arguments else {
        return Err(no_overload("slice", arguments));
    };
    let range = |number: i64| usize::try_from(number).ok().filter(|number| *number <= list.len());
    let (Some(from), Some(to)) = (range(*start), range(*end)) else {
        return Err(error(format!("cannot slice({start}, {end}), the list has {} elements", list.len())));
    };
    if from > to {
        return Err(error(format!("cannot slice({start}, {end}), the start is after the end")));
    }
    evaluator.charge(to - from)?;
    Ok(Value::list(list.iter().skip(from).take(to - from).collect()))
}

/// `list.flatten()` by one level, or by a number of levels.
pub(crate) fn flatten<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (list, levels) = match arguments {
        [Value::List(list)] => (list, 1),
        [Value::List(list), Value::Int(levels)] if (0..=MAX_FLATTEN).contains(levels) => (list, *levels),
        [Value::List(_), Value::Int(_)] => {
            return Err(error(format!("flatten takes between 0 and {MAX_FLATTEN} levels")));
        }
        _ => return Err(no_overload("flatten", arguments)),
    };
    let mut out = Vec::new();
    flatten_into(evaluator, list, levels, &mut out)?;
    Ok(Value::list(out))
}

fn flatten_into<'d>(
    evaluator: &mut Evaluator<'d>,
    list: &List<'d>,
    levels: i64,
    out: &mut Vec<Value<'d>>,
) -> Result<(), Fault> {
    for item in list.iter() {
        evaluator.charge(1)?;
        match item {
            Value::List(inner) if levels > 0 => flatten_into(evaluator, &inner, levels - 1, out)?,
            other => out.push(other),
        }
    }
    Ok(())
}

/// `list.distinct()`.
pub(crate) fn distinct<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let list = only("distinct", arguments)?;
    let mut out: Vec<Value<'d>> = Vec::new();
    'items: for item in list.iter() {
        for known in &out {
            if equal(evaluator, known, &item)? {
                continue 'items;
            }
        }
        out.push(item);
    }
    Ok(Value::list(out))
}

/// `list.sort()`.
pub(crate) fn sort<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let list = only("sort", arguments)?;
    evaluator.charge(list.len())?;
    let keyed = list.iter().map(|item| (item.clone(), item)).collect();
    operators::sort(evaluator, keyed).map(Value::list)
}

/// `list.first()`, an optional.
pub(crate) fn first<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    Ok(Value::Optional(only("first", arguments)?.get(0).map(std::rc::Rc::new)))
}

/// `list.last()`, an optional.
pub(crate) fn last<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let list = only("last", arguments)?;
    Ok(Value::Optional(list.len().checked_sub(1).and_then(|at| list.get(at)).map(std::rc::Rc::new)))
}

/// `lists.range(count)`.
pub(crate) fn range<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::Int(count)] = arguments else { return Err(no_overload("lists.range", arguments)) };
    evaluator.charge(usize::try_from(*count).unwrap_or(0))?;
    Ok(Value::list((0..*count).map(Value::Int).collect()))
}
