//! Evaluates policies over objects and says what is wrong, where, and how to mend it.
