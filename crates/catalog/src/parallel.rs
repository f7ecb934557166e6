//! Work on many values at once, in their order.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

/// So many at once; more would take processors from those who ask.
const THREADS: usize = 4;

/// Does `work` for each value, on several threads where there are at least `least` of them.
pub(crate) fn map<T: Send, R: Send>(values: Vec<T>, least: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    if values.len() < least.max(2) || threads == 1 {
        return values.into_iter().map(work).collect();
    }
    let count = values.len();
    // Each thread takes a few at a time, so that none waits for the others at the end.
    let batch = (count / (threads * 8)).max(1);
    let source = Mutex::new((0_usize, values.into_iter()));
    let results: Vec<Vec<(usize, Vec<R>)>> = thread::scope(|scope| {
        let run = || {
            let mut done = Vec::new();
            loop {
                let (turn, taken): (usize, Vec<T>) = {
                    let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
                    let (turn, values) = &mut *source;
                    *turn += 1;
                    (*turn, values.by_ref().take(batch).collect())
                };
                if taken.is_empty() {
                    return done;
                }
                done.push((turn, taken.into_iter().map(&work).collect()));
            }
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let join = |handle: thread::ScopedJoinHandle<'_, _>| {
            handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        handles.into_iter().map(join).collect()
    });
    let mut batches: Vec<(usize, Vec<R>)> = results.into_iter().flatten().collect();
    batches.sort_unstable_by_key(|(turn, _)| *turn);
    let mut all = Vec::with_capacity(count);
    all.extend(batches.into_iter().flat_map(|(_, results)| results));
    all
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_keep_the_order() {
        let values: Vec<usize> = (0..10_000).collect();
        let doubled: Vec<usize> = values.iter().map(|it| it * 2).collect();
        assert_eq!(super::map(values, 2, |it| it * 2), doubled);
    }
}
