//! The words of the house: entities, references, facts, plans, effects, findings, callers and ports; no I/O.
