//! Turns a Template entity into a form, and its answers into a plan of effects.
