//! Where trees come from that are not on the embedded forge: other git hosts and folders of this machine.

pub mod file;
pub mod fingerprint;
pub mod git;
pub mod url;
