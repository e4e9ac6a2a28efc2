//! That nobody is told any part of a token, a secret or a claim: not the client, not the log, not
//! whoever prints a value or reads an error, and not whoever reads what a panic says.

mod configuration;
mod marks;
mod panics;
mod rejections;
mod sources;
mod timing;
mod tokens;
mod types;
