//! Fills `page.md` and writes `docs/conformance.md`.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    cookbook,
    libraries::{self, Library},
    own,
    sources::SOURCES,
    wycheproof::{Expected, jose, raw},
};

/// The page, relative to the root of the repository.
pub const PAGE: &str = "docs/conformance.md";

/// The results of the backend RustCrypto, relative to the folder with the files of other projects.
const OTHER_BACKEND: &str = "recorded/signatures-rust-crypto.txt";

const TEMPLATE: &str = include_str!("../page.md");

/// The start of the part that needs the files of other projects.
const OTHERS: &str = "## Other projects";

/// Returns the page with current counts of this repository, and with the other part of `page`.
pub fn with_own_counts(root: &Path, page: &str) -> Result<String, String> {
    let (_, others) = page
        .split_once(OTHERS)
        .ok_or("the page has no part about other projects")?;
    let (first, _) = TEMPLATE.split_once(OTHERS).unwrap_or_default();
    let first = fill(first, &[("own", own_counts(root)?)])?;
    Ok(first + OTHERS + others)
}

/// Returns the page. `folder` contains the files of other projects.
pub fn write(root: &Path, folder: &Path) -> Result<String, String> {
    let tokens = jose::run(&folder.join("wycheproof"))?;
    let signatures = raw::run(&folder.join("wycheproof"))?;
    let other_backend = fs::read_to_string(folder.join(OTHER_BACKEND))
        .map_err(|error| format!("{OTHER_BACKEND}: {error}"))?;
    let examples = cookbook::run(&folder.join("cookbook"))?;
    let libraries = libraries::run(folder)?;
    let zeros: usize = tokens.iter().map(|file| file.signed_again).sum();
    let parts = [
        ("own", own_counts(root)?),
        ("sources", source_table()),
        ("tokens", token_table(&tokens)),
        ("token-differences", difference_table(&tokens)),
        ("zeros", zeros.to_string()),
        ("signatures", signature_table(&signatures, &other_backend)?),
        ("cookbook", cookbook_table(&examples)),
        ("libraries", library_table(&libraries)),
        (
            "only-library",
            reason_table(
                "only the library accepts the token",
                &libraries,
                |library| &library.only_theirs,
            ),
        ),
        (
            "only-crate",
            reason_table("only the crate accepts the token", &libraries, |library| {
                &library.only_ours
            }),
        ),
        (
            "not-comparable",
            reason_table("not comparable", &libraries, |library| &library.skipped),
        ),
    ];
    fill(TEMPLATE, &parts)
}

/// Replaces each `{{name}}`.
fn fill(template: &str, parts: &[(&str, String)]) -> Result<String, String> {
    let mut text = template.to_owned();
    for (name, part) in parts {
        text = text.replace(&format!("{{{{{name}}}}}"), part);
    }
    if text.contains("{{") {
        return Err("page.md contains a name without a part".into());
    }
    Ok(text)
}

fn own_counts(root: &Path) -> Result<String, String> {
    let rows = own::rows(root)?.into_iter();
    let cells = rows.map(|row| vec![row.subject, row.count, format!("`{}`", row.command)]);
    Ok(table("what | count | command", cells))
}

fn source_table() -> String {
    let rows = SOURCES.iter().map(|source| {
        let folder = format!("`{}`", source.folder);
        vec![folder, source.repository.into(), source.contents.into()]
    });
    table("folder | repository | contents", rows)
}

fn token_table(files: &[jose::File]) -> String {
    let rows = files.iter().map(|file| {
        let counts = &file.counts;
        let numbers = [
            counts.vectors,
            counts.valid,
            counts.valid_accepted,
            counts.invalid,
            counts.invalid_rejected,
        ];
        row(&format!("`{}`", file.name), &numbers)
    });
    table(
        "file | vectors | valid | accepted | invalid | rejected",
        rows,
    )
}

fn difference_table(files: &[jose::File]) -> String {
    let rows = files.iter().flat_map(|file| {
        file.differences.iter().map(|difference| {
            let ids: Vec<_> = difference.ids.iter().map(u64::to_string).collect();
            let expected = match difference.expected {
                Expected::Valid => "valid",
                _ => "invalid",
            };
            vec![
                format!("`{}`: {}", file.name, ids.join(", ")),
                expected.into(),
                difference.reason.into(),
            ]
        })
    });
    table("differing vectors | expected | reason", rows)
}

fn signature_table(rows: &[raw::Row], other_backend: &str) -> Result<String, String> {
    let mut cells = Vec::new();
    for (result, other) in rows.iter().zip(other_backend.lines()) {
        let counts = &result.counts;
        let numbers = [
            counts.vectors,
            counts.valid,
            counts.valid_accepted,
            counts.invalid,
            counts.invalid_rejected,
            result.foreign,
            counts.acceptable,
            counts.acceptable_accepted,
            result.pem_keys,
            result.jwk_keys,
        ];
        let same = raw::same_results(result, other)?;
        let mut cell = row(result.algorithm, &numbers);
        cell.push(same.to_string());
        cells.push(cell);
    }
    let header = "algorithm | vectors | valid | accepted | invalid | rejected | other parameters | either is correct | accepted | keys in PEM | also as JWK | same results with `rust-crypto`";
    Ok(table(header, cells.into_iter()))
}

fn cookbook_table(examples: &[cookbook::Example]) -> String {
    let rows = examples.iter().map(|example| {
        let accepted = match example.accepted.as_slice() {
            [] => "none".into(),
            forms => forms.join(", "),
        };
        vec![
            example.section.into(),
            example.subject.into(),
            example.forms.join(", "),
            accepted,
        ]
    });
    table("example | subject | forms | accepted", rows)
}

fn library_table(libraries: &[Library]) -> String {
    let rows = libraries.iter().map(|library| {
        let numbers = [
            library.calls,
            library.both_accept,
            library.both_reject,
            library.only_theirs.values().sum(),
            library.only_ours.values().sum(),
            library.skipped.values().sum(),
            library.weak_secrets,
            library.without_exp,
        ];
        row(&format!("{} {}", library.name, library.version), &numbers)
    });
    let header = "library | verifications | both accept | both reject | only the library accepts | only the crate accepts | not comparable | with a weak secret | without `exp`";
    table(header, rows)
}

/// Lists the reasons of all libraries, each with one count per library.
fn reason_table(
    title: &str,
    libraries: &[Library],
    of: impl Fn(&Library) -> &BTreeMap<String, usize>,
) -> String {
    let mut reasons: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for reason in libraries.iter().flat_map(|library| of(library).keys()) {
        let count = |library| of(library).get(reason).copied().unwrap_or_default();
        reasons.insert(reason, libraries.iter().map(count).collect());
    }
    let names = libraries
        .iter()
        .map(|library| format!(" | {}", library.name));
    let header = title.to_owned() + &names.collect::<String>();
    let rows = reasons.iter().map(|(reason, counts)| row(reason, counts));
    table(&header, rows)
}

fn row(title: &str, numbers: &[usize]) -> Vec<String> {
    let numbers = numbers.iter().map(usize::to_string);
    std::iter::once(title.to_owned()).chain(numbers).collect()
}

fn table(header: &str, rows: impl Iterator<Item = Vec<String>>) -> String {
    let columns = header.split(" | ").count();
    let head = format!("| {header} |\n|{}", "---|".repeat(columns));
    let lines = rows.map(|cells| format!("\n| {} |", cells.join(" | ")));
    head + &lines.collect::<String>()
}
