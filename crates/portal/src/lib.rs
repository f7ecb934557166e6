//! The pages of the portal as pure functions: view model in, HTML out.
