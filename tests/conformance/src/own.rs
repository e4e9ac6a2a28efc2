//! Counts of this repository, without foreign files.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

/// A row of the table: the subject, the count, and the command.
pub struct Row {
    pub subject: String,
    pub count: String,
    pub command: &'static str,
}

/// Reads the counts from the repository at `root`.
pub fn rows(root: &Path) -> Result<Vec<Row>, String> {
    let mut rows = vec![rfc_examples(root)?, parity(root)?];
    rows.push(random_tokens(
        root,
        "jose",
        "tests/oracle/tests/jose.rs",
        "cargo test -p tower-jwt-auth-oracle --test jose",
    )?);
    rows.push(random_tokens(
        root,
        "jsonwebtoken",
        "tests/oracle/tests/jsonwebtoken.rs",
        "cargo test -p tower-jwt-auth-oracle --test jsonwebtoken",
    )?);
    rows.extend(duties(root)?);
    Ok(rows)
}

fn rfc_examples(root: &Path) -> Result<Row, String> {
    let text = read(root, "tests/suite/token/rfc_vectors.rs")?;
    // One test is only for builds without AWS-LC.
    let is_excluded = |line: &str| line == "#[cfg(not(feature = \"aws-lc-rs\"))]";
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2);
    let tests = pairs.filter(|pair| pair[1] == "#[test]" && !is_excluded(pair[0]));
    Ok(Row {
        subject: "examples of RFC 7515, RFC 7517, RFC 7519, and RFC 8037".into(),
        count: format!("{} tests", tests.count()),
        command: "cargo test --features aws-lc-rs --test suite rfc_vectors",
    })
}

fn parity(root: &Path) -> Result<Row, String> {
    let text = read(root, "tests/suite/parity.json")?;
    let file: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let cases = file["cases"].as_array().ok_or("parity.json has no cases")?;
    let differs = |case: &&Value| case["why_different"].is_string();
    let differing = cases.iter().filter(differs).count();
    Ok(Row {
        subject: "requests with a recorded response of FastAPI".into(),
        count: format!(
            "{} requests: {} equal responses, {differing} [different ones](from-fastapi.md)",
            cases.len(),
            cases.len() - differing
        ),
        command: "cargo test --features axum --test suite parity",
    })
}

/// Reads the number of tokens from the source text of the test.
fn random_tokens(
    root: &Path,
    library: &str,
    path: &str,
    command: &'static str,
) -> Result<Row, String> {
    let text = read(root, path)?;
    let number = text
        .split(|c: char| !c.is_ascii_digit() && c != '_')
        .find_map(|word| {
            let (thousands, rest) = word.split_once("_000")?;
            (rest.is_empty() && !thousands.is_empty()).then_some(thousands)
        });
    let thousands = number.ok_or_else(|| format!("{path}: no number of tokens"))?;
    Ok(Row {
        subject: format!(
            "random HS256 tokens: `{library}` accepts each token that the crate accepts"
        ),
        count: format!("{thousands},000 tokens"),
        command,
    })
}

/// Counts the duties of a resource server that a guide lists, and those with a test.
fn duties(root: &Path) -> Result<Vec<Row>, String> {
    const GUIDE: &str = "docs/protected-resources.md";
    const HEADER: &str = "| section | | duty | here | test |";
    if !root.join(GUIDE).exists() {
        return Ok(Vec::new());
    }
    let text = read(root, GUIDE)?;
    let mut counts: BTreeMap<usize, (&str, usize, usize)> = BTreeMap::new();
    let (mut title, mut is_in_table) = ("", false);
    for (number, line) in text.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("### ") {
            title = heading;
        }
        is_in_table = line == HEADER || (is_in_table && line.starts_with('|'));
        if line == HEADER {
            counts.insert(number, (title, 0, 0));
        } else if is_in_table
            && !line.starts_with("|---")
            && let Some(mut last) = counts.last_entry()
        {
            let (_, duties, tested) = last.get_mut();
            *duties += 1;
            *tested += usize::from(!line.ends_with("| — |"));
        }
    }
    let row = |(title, duties, tested): (&str, usize, usize)| Row {
        subject: format!("[duties of a resource server](protected-resources.md): {title}"),
        count: format!("{duties} duties: {tested} with a test"),
        command: "cargo test --all-features --test suite",
    };
    Ok(counts.into_values().map(row).collect())
}

fn read(root: &Path, path: &str) -> Result<String, String> {
    fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
}
