//! The vectors of C2SP/wycheproof.

use std::{fs, path::Path};

use serde_json::Value;

pub mod jose;
pub mod raw;

/// Counts of one or more files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub vectors: usize,
    pub valid: usize,
    pub valid_accepted: usize,
    pub invalid: usize,
    pub invalid_rejected: usize,
    /// Vectors that may be accepted or rejected, and those of them that are accepted.
    pub acceptable: usize,
    pub acceptable_accepted: usize,
}

/// Whether a vector must be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Valid,
    Invalid,
    Acceptable,
}

impl Expected {
    fn read(test: &Value) -> Result<Self, String> {
        match test["result"].as_str() {
            Some("valid") => Ok(Self::Valid),
            Some("invalid") => Ok(Self::Invalid),
            Some("acceptable") => Ok(Self::Acceptable),
            other => Err(format!("unknown result {other:?}")),
        }
    }
}

impl Counts {
    /// Counts one vector. Returns whether the result differs from the expected one.
    fn add(&mut self, expected: Expected, accepted: bool) -> bool {
        self.vectors += 1;
        match expected {
            Expected::Valid => {
                self.valid += 1;
                self.valid_accepted += usize::from(accepted);
                !accepted
            }
            Expected::Invalid => {
                self.invalid += 1;
                self.invalid_rejected += usize::from(!accepted);
                accepted
            }
            Expected::Acceptable => {
                self.acceptable += 1;
                self.acceptable_accepted += usize::from(accepted);
                false
            }
        }
    }
}

/// Reads the groups of a file in `testvectors_v1`.
fn groups(folder: &Path, file: &str) -> Result<Vec<Value>, String> {
    let path = folder.join("testvectors_v1").join(file);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut json: Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    match json["testGroups"].take() {
        Value::Array(groups) => Ok(groups),
        _ => Err(format!("{}: no testGroups", path.display())),
    }
}

/// Returns the tests of a group.
fn tests(group: &Value) -> &[Value] {
    group["tests"].as_array().map_or(&[], Vec::as_slice)
}

fn id(test: &Value) -> u64 {
    test["tcId"].as_u64().unwrap_or_default()
}
