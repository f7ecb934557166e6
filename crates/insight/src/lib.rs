//! Turns facts and manifests into numbers with evidence, such as the monthly cost of a plan.
