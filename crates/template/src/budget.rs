//! How much a template may do: it is written by strangers.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Fault, Outcome};
use crate::tree::FILES;

/// Limits of one render. There is no clock here: steps bound the time, and a [`Deadline`] where the caller has a clock.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Evaluated nodes, loop turns and, for long values, characters moved.
    pub steps: u64,
    /// Bytes of output.
    pub output: usize,
    /// Bytes of values built on the way, in sum.
    pub memory: usize,
    /// Nesting of tags, expressions and calls in all.
    pub depth: usize,
    /// Asked every now and then; rendering ends with an error once it has passed.
    pub deadline: Option<Deadline>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: 5_000_000, output: 32 << 20, memory: 256 << 20, depth: 3_000, deadline: None }
    }
}

impl Budget {
    /// The budget of each file of a tree whose work is bounded in sum, too.
    pub(crate) fn for_tree(&self) -> Self {
        let rest = AtomicU64::new(self.steps.saturating_mul(FILES) / PORTION);
        let deadline = self.deadline.clone();
        let spent = move || {
            let taken = rest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |rest| rest.checked_sub(1));
            taken.is_err() || deadline.as_ref().is_some_and(Deadline::has_passed)
        };
        Self { deadline: Some(Deadline::new(spent)), ..self.clone() }
    }
}

/// Whether the time of a render is over: a question to the caller's clock.
#[derive(Clone)]
pub struct Deadline(Arc<dyn Fn() -> bool + Send + Sync>);

impl Deadline {
    /// A deadline that has passed once `passed` says so. It is asked often, so it has to be cheap.
    pub fn new(passed: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(passed))
    }

    /// Whether it has passed.
    pub fn has_passed(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Deadline")
    }
}

/// How deep a render may go on the stack of its caller; what goes deeper runs on a larger stack of its own.
pub const SHALLOW: usize = 150;
/// How many steps pass between two looks at the deadline.
const PORTION: u64 = 1024;
/// The stack for what goes deeper.
pub const DEEP_STACK: usize = 192 << 20;

/// What is left of a budget.
#[derive(Debug)]
pub struct Meter {
    /// What is left until the deadline is asked again.
    steps: Cell<u64>,
    /// What is left after that.
    reserve: Cell<u64>,
    deadline: Option<Deadline>,
    memory: Cell<usize>,
    depth: Cell<usize>,
    limit: usize,
    pub output: usize,
}

impl Meter {
    pub fn new(budget: &Budget, limit: usize) -> Self {
        Self {
            steps: Cell::new(0),
            reserve: Cell::new(budget.steps),
            deadline: budget.deadline.clone(),
            memory: Cell::new(budget.memory),
            depth: Cell::new(0),
            limit,
            output: budget.output,
        }
    }

    /// Pays for work.
    pub fn spend(&self, steps: u64) -> Outcome<()> {
        match self.steps.get().checked_sub(steps) {
            Some(rest) => {
                self.steps.set(rest);
                Ok(())
            }
            None => self.refill(steps),
        }
    }

    /// Takes the next portion of steps from the reserve, if the deadline lets it.
    #[cold]
    fn refill(&self, steps: u64) -> Outcome<()> {
        let left = self.steps.get().saturating_add(self.reserve.get());
        let Some(rest) = left.checked_sub(steps) else {
            return Err(Fault::budget("the template does too much work")
                .hint("Look for a loop over a huge range, or a macro that calls itself."));
        };
        if self.deadline.as_ref().is_some_and(Deadline::has_passed) {
            return Err(Fault::budget("rendering takes too long"));
        }
        self.steps.set(rest.min(PORTION));
        self.reserve.set(rest - rest.min(PORTION));
        Ok(())
    }

    /// Pays for memory, and for the work of filling it.
    pub fn allocate(&self, bytes: usize) -> Outcome<()> {
        self.spend(bytes as u64 / 64)?;
        match self.memory.get().checked_sub(bytes) {
            Some(rest) => {
                self.memory.set(rest);
                Ok(())
            }
            None => Err(Fault::budget("the template builds too large values")),
        }
    }

    /// One level deeper; `leave` goes back.
    pub fn enter(&self) -> Outcome<()> {
        self.spend(1)?;
        self.depth.set(self.depth.get() + 1);
        if self.depth.get() > self.limit { Err(Fault::too_deep()) } else { Ok(()) }
    }

    /// One level back.
    pub fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }
}
