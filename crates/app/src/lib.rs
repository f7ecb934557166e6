//! The use cases: a caller first, a typed result out; authorise, plan, apply, append facts.
