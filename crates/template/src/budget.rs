//! How much a template may do: it is written by strangers.

use std::cell::Cell;

use crate::error::{Fault, Outcome};

/// Limits of one render. There is no clock here: steps bound the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Evaluated nodes, loop turns and, for long values, characters moved.
    pub steps: u64,
    /// Bytes of output.
    pub output: usize,
    /// Bytes of values built on the way, in sum.
    pub memory: usize,
    /// Nesting of tags, expressions and calls in all.
    pub depth: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: 5_000_000, output: 32 << 20, memory: 256 << 20, depth: 3_000 }
    }
}

/// How deep a render may go on the stack of its caller; what goes deeper runs on a larger stack of its own.
pub const SHALLOW: usize = 150;
/// The stack for what goes deeper.
pub const DEEP_STACK: usize = 192 << 20;

/// What is left of a budget.
#[derive(Debug)]
pub struct Meter {
    steps: Cell<u64>,
    memory: Cell<usize>,
    depth: Cell<usize>,
    limit: usize,
    pub output: usize,
}

impl Meter {
    pub const fn new(budget: &Budget, limit: usize) -> Self {
        Self {
            steps: Cell::new(budget.steps),
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
            None => Err(Fault::budget("the template does too much work")
                .hint("Look for a loop over a huge range, or a macro that calls itself.")),
        }
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
