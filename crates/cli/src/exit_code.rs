//! The exit codes, which are a promise to scripts.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As asked; also when whoever reads the output has closed it.
    Ok = 0,
    /// The command did its work and found something wrong, or its work failed.
    Failed = 1,
    /// The command line or the answers make no sense.
    Usage = 2,
    /// The server cannot be reached, or does not let the caller in.
    Refused = 3,
    /// Something is in the way: a policy denies it, the plan no longer holds, the name or the port is taken.
    Conflict = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What `fairway help exit-codes` says.
pub const HELP: &str = "\
Exit codes:
  0  done
  1  done, and something is wrong: findings that block, a broken file, a failed run, a broken
     audit log; or the work itself failed
  2  the command line or the answers to a form make no sense
  3  the server cannot be reached, or refuses the caller (no token, not allowed, too many attempts)
  4  something is in the way: a policy denies the plan, the plan no longer holds, the name, the
     port or the data folder is taken
";
