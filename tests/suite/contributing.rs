//! `CONTRIBUTING.md` and the tables of reasons in the guides match the code.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const MAP: &str = include_str!("../../CONTRIBUTING.md");

/// A file with more lines than this must be on the map.
const MAX_UNNAMED_LINES: usize = 30;

#[test]
fn every_file_and_folder_on_the_map_exists() {
    let missing: Vec<_> = named_files()
        .into_iter()
        .chain(paths_in_the_text())
        .filter(|path| !root().join(path).exists())
        .collect();
    assert!(missing.is_empty(), "no such file: {missing:?}");
}

#[test]
fn every_file_of_more_than_a_few_lines_is_on_the_map() {
    let named = named_files();
    assert!(named.len() > 90, "the map is not read: {named:?}");
    let missing: Vec<_> = source_files(&root().join("src"))
        .into_iter()
        .filter(|path| {
            let text = fs::read_to_string(path).unwrap();
            text.lines().count() > MAX_UNNAMED_LINES
        })
        .map(|path| path.strip_prefix(root()).unwrap().to_path_buf())
        .filter(|path| !named.contains(path))
        .collect();
    assert!(missing.is_empty(), "not on the map: {missing:?}");
}

#[test]
fn the_troubleshooting_table_has_every_reason_of_a_token() {
    let guide = include_str!("../../docs/better-auth.md");
    let header = "| `reason` | likely cause | fix |";
    let rows = guide.lines().skip_while(|line| *line != header).skip(2);
    let listed: Vec<&str> = rows
        .map_while(|row| row.strip_prefix("| ")?.split_once(" | "))
        .flat_map(|(reasons, _)| in_backticks(reasons))
        .collect();
    let distinct: BTreeSet<_> = listed.iter().copied().collect();
    assert_eq!(listed.len(), distinct.len(), "a reason is listed twice");
    let of_tokens = reasons(include_str!("../../src/token/error.rs"));
    let missing: Vec<_> = of_tokens.difference(&distinct).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    let of_requests = reasons(include_str!("../../src/rejection/mod.rs"));
    let all: BTreeSet<_> = of_tokens.union(&of_requests).copied().collect();
    let unknown: Vec<_> = distinct.difference(&all).collect();
    assert!(unknown.is_empty(), "not in the code: {unknown:?}");
}

#[test]
fn the_table_lists_exactly_the_reasons_of_the_code() {
    let guide = include_str!("../../docs/observability.md");
    let mut lines = guide.lines();
    lines
        .find(|line| *line == "| request | token | server |")
        .unwrap();
    let row = lines.nth(1).unwrap();
    let columns: Vec<Vec<&str>> = row.trim_matches('|').split('|').map(in_backticks).collect();
    let [request, token, server] = columns.as_slice() else {
        panic!("{row}");
    };
    let of_tokens = reasons(include_str!("../../src/token/error.rs"));
    let of_requests = reasons(include_str!("../../src/rejection/mod.rs"));
    let all: BTreeSet<_> = of_tokens.union(&of_requests).copied().collect();
    assert!(all.len() > 25, "the code is not read: {all:?}");

    let listed = columns.concat();
    let distinct: BTreeSet<_> = listed.iter().copied().collect();
    assert_eq!(distinct, all);
    assert_eq!(listed.len(), distinct.len(), "a reason is listed twice");
    assert!(token.iter().all(|reason| of_tokens.contains(reason)));
    let others: BTreeSet<_> = request.iter().chain(server).copied().collect();
    assert_eq!(others, of_requests);
}

#[test]
fn every_test_that_the_documentation_names_exists() {
    let mut pages = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        pages.push(entry.unwrap().path());
    }
    let mut names = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for name in text.lines().flat_map(in_backticks) {
            if let Some(exists) = test_exists(name) {
                assert!(exists, "{}: no test {name}", page.display());
                names += 1;
            }
        }
    }
    assert!(names > 50, "the documentation is not read: {names} names");
}

/// Returns whether a test of this suite exists, or `None` if the name is not of the form
/// `token::claims::…`.
fn test_exists(name: &str) -> Option<bool> {
    let is_path = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:…".contains(c);
    let (module, rule) = name.rsplit_once("::")?;
    // Names of tests are sentences; names of functions are shorter.
    let is_rule = rule == "…" || rule.matches('_').count() > 1;
    if !is_rule || !name.chars().all(is_path) {
        return None;
    }
    let path = root().join("tests/suite").join(module.replace("::", "/"));
    let files = [path.with_extension("rs"), path.join("mod.rs")];
    let Some(file) = files.iter().find(|file| file.exists()) else {
        return Some(false);
    };
    let text = fs::read_to_string(file).unwrap();
    Some(rule == "…" || text.contains(&format!("fn {rule}(")))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files in the tables under each folder's heading.
fn named_files() -> BTreeSet<PathBuf> {
    let (_, map) = MAP.split_once("\n## Map of the code\n").unwrap();
    let (map, _) = map.split_once("\n## ").unwrap();
    let mut folder = "";
    let mut files = BTreeSet::new();
    for line in map.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            folder = heading.trim_matches('`');
            if !heading.starts_with('`') {
                folder = "";
            }
        } else if let Some(row) = line.strip_prefix("| `") {
            let (name, _) = row.split_once('`').unwrap();
            assert!(
                files.insert(Path::new(folder).join(name)),
                "listed twice: {name}"
            );
        }
    }
    files
}

/// The paths that the other sections name.
fn paths_in_the_text() -> Vec<PathBuf> {
    let is_path = |text: &&str| {
        let is_plain = !text.contains([' ', '<', '*', '…']);
        let tops = [
            "src/",
            "tests/",
            "docs/",
            "benches/",
            "fuzz/",
            ".ci/",
            "examples/",
        ];
        // libFuzzer makes the corpus.
        is_plain && tops.iter().any(|top| text.starts_with(top)) && !text.contains("corpus")
    };
    let prose = MAP.lines().flat_map(in_backticks).filter(is_path);
    prose.map(PathBuf::from).collect()
}

fn in_backticks(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The codes that `reason()` returns in this file.
fn reasons(source: &str) -> BTreeSet<&str> {
    source
        .lines()
        .filter_map(|line| line.split_once(" => \"")?.1.split('"').next())
        .collect()
}
