//! A stable sort that bears comparisons without an order, which templates can ask for.

use std::cmp::Ordering;

use crate::error::Outcome;

/// Below this, items are inserted one by one after the first run, as JavaScript engines do.
const SHORT: usize = 64;

/// Sorts `items`; a fault of `compare` ends it.
pub fn sort_by<T>(
    mut items: Vec<T>,
    compare: impl Fn(&T, &T) -> Outcome<Ordering> + Copy,
) -> Outcome<Vec<T>> {
    if items.len() >= SHORT {
        let right = sort_by(items.split_off(items.len() / 2), compare)?;
        let left = sort_by(items, compare)?;
        return merge(left, right, compare);
    }
    let run = leading_run(&mut items, compare)?;
    let rest = items.split_off(run.min(items.len()));
    for item in rest {
        let (mut low, mut high) = (0, items.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let before = match items.get(middle) {
                Some(other) => compare(&item, other)? == Ordering::Less,
                None => false,
            };
            if before {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        items.insert(low, item);
    }
    Ok(items)
}

/// The length of the run at the start; a strictly falling one is turned round.
fn leading_run<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Outcome<Ordering>) -> Outcome<usize> {
    let [first, second, ..] = items else { return Ok(items.len()) };
    let falling = compare(second, first)? == Ordering::Less;
    let mut run = 2;
    while let (Some(previous), Some(next)) = (items.get(run - 1), items.get(run)) {
        if (compare(next, previous)? == Ordering::Less) != falling {
            break;
        }
        run += 1;
    }
    if falling && let Some(run) = items.get_mut(..run) {
        run.reverse();
    }
    Ok(run)
}

fn merge<T>(left: Vec<T>, right: Vec<T>, compare: impl Fn(&T, &T) -> Outcome<Ordering>) -> Outcome<Vec<T>> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if compare(b, a)? == Ordering::Less { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::sort_by;
    use std::cmp::Ordering;

    #[test]
    fn sorts_stably_and_survives_nonsense() {
        let items: Vec<(u32, u32)> = (0..500).map(|index| (index * 7919 % 13, index)).collect();
        let sorted = sort_by(items.clone(), |a, b| Ok(a.0.cmp(&b.0))).unwrap();
        let mut expected = items.clone();
        expected.sort_by_key(|item| item.0);
        assert_eq!(sorted, expected);
        assert_eq!(sort_by(items, |_, _| Ok(Ordering::Less)).unwrap().len(), 500);
    }
}
