//! Talks to the outside: git, the embedded forge and HTTP; the only room with network clients.
