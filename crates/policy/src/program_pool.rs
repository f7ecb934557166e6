//! Programs in Rego, compiled once and lent to whoever evaluates.
//!
//! A program changes while it runs, so two threads cannot share one. Copies are kept: making one costs about as much
//! as an evaluation, and preparing one for an inventory far more.

use std::sync::{Mutex, PoisonError};

use crate::known::KnownObjects;
use crate::rego::Program;

/// The most copies that wait for work. More are in use only as long as more threads evaluate.
const MAX_IDLE: usize = 16;

/// A program and its copies.
pub(crate) struct ProgramPool {
    original: Program,
    idle: Mutex<Vec<LentProgram>>,
}

/// A copy of a program, with the inventory where that is read.
pub(crate) struct LentProgram {
    pub(crate) program: Program,
    /// The inventory that it holds; 0 for none.
    generation: u64,
}

impl ProgramPool {
    pub(crate) fn new(original: Program) -> Self {
        Self { original, idle: Mutex::new(Vec::new()) }
    }

    /// Whether the program looks at other objects.
    pub(crate) fn reads_inventory(&self) -> bool {
        self.original.needs_inventory
    }

    /// A copy that holds the inventory of these objects, if it reads that at all.
    pub(crate) fn lend(&self, known: &KnownObjects<'_>) -> Result<LentProgram, String> {
        let generation = if self.reads_inventory() { known.generation() } else { 0 };
        {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            // An inventory that is out of date is not held on to.
            idle.retain(|copy| copy.generation == generation || !known.is_lasting());
            if let Some(position) = idle.iter().rposition(|copy| copy.generation == generation) {
                return Ok(idle.swap_remove(position));
            }
        }
        let mut program = self.original.clone();
        if generation != 0 {
            program.set_inventory(known.inventory(&program.looks_at))?;
        }
        Ok(LentProgram { program, generation })
    }

    /// Drops the copies that wait, with the inventories that they hold.
    pub(crate) fn let_go(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Takes a copy back, where further evaluations are to come; a single one drops it.
    pub(crate) fn take_back(&self, copy: LentProgram, known: &KnownObjects<'_>) {
        if !known.is_lasting() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(copy);
        }
    }
}
