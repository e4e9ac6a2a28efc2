//! `docs/configuration.md` lists every field, its example works, and every setting of the builder
//! that is data has a field.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use tower_jwt_auth::{JwtAuthBuilder, JwtAuthConfig};

const GUIDE: &str = include_str!("../../../../docs/configuration.md");

const ISSUER: &str = include_str!("../../../../src/auth/config/issuer.rs");

const LAYER: &str = include_str!("../../../../src/auth/config/layer.rs");

const PROFILES: &str = include_str!("../../../../src/auth/config/profile.rs");

const SOURCES: &str = include_str!("../../../../src/auth/config/token_source.rs");

/// The methods of the builder that have no field: secrets, values that are not data, and methods
/// that the structure of the configuration replaces.
const WITHOUT_FIELD: [&str; 18] = [
    "answer_with",
    "authenticate_with",
    "build",
    "check",
    "clock",
    "introspect",
    "jwks_fetcher",
    // It depends on code outside the layer.
    "keep_user",
    "key",
    "keys",
    "observe",
    "or",
    // The same value also serves the metadata.
    "protected_resource",
    "public_key_pem",
    "secret",
    "secrets",
    "sessions",
    "shared_keys",
];

#[test]
fn every_field_is_in_the_guide() {
    for (heading, source) in [
        ("### The layer", LAYER),
        ("### An issuer", ISSUER),
        ("### Known issuers", PROFILES),
        ("### Token sources", SOURCES),
    ] {
        let (_, section) = GUIDE.split_once(&format!("\n{heading}\n")).unwrap();
        let section = section.split("\n### ").next().unwrap();
        let column = if heading == "### Known issuers" { 3 } else { 1 };
        let listed: Vec<&str> = { section.lines() }
            .filter(|line| line.starts_with("| `"))
            .map(|row| row.split('`').nth(column).unwrap())
            .collect();
        assert_eq!(listed, fields(source), "{heading}");
    }
}

#[test]
fn every_setting_of_the_builder_that_is_data_has_a_field() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/builder");
    let mut methods = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        let names = source
            .lines()
            .filter_map(|line| line.strip_prefix("    pub fn "));
        methods.extend(names.map(|rest| rest.split(['(', '<']).next().unwrap().to_owned()));
    }
    assert!(methods.len() > 40, "the builder is not read: {methods:?}");
    let fields: BTreeSet<_> = [ISSUER, LAYER].into_iter().flat_map(fields).collect();
    let missing: Vec<_> = { methods.iter() }
        .filter(|name| !fields.contains(name.as_str()))
        .filter(|name| !WITHOUT_FIELD.contains(&name.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "no field in the configuration: {missing:?}"
    );
}

#[test]
fn the_lines_of_the_example_are_counted() {
    let toml = example();
    let (_, rest) = GUIDE.split_once("```rust,no_run\n").unwrap();
    let rust = rest.split("```").next().unwrap();
    let count = |text: &str| {
        let is_shown = |line: &&str| !line.is_empty() && !line.starts_with('#');
        text.lines().filter(is_shown).count()
    };
    let counted = format!(
        "{} lines of TOML and {} lines of Rust",
        count(&toml),
        count(rust)
    );
    assert!(GUIDE.contains(&counted), "{counted}");
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains(&counted), "{counted}");
}

/// Without the features for keys from a URL, and without the secrets, `build` fails for nothing
/// else.
#[test]
fn the_example_of_the_guide_builds_in_each_environment() {
    let environments: BTreeMap<String, JwtAuthConfig> = toml::from_str(&example()).unwrap();
    let names: Vec<_> = environments.keys().map(String::as_str).collect();
    assert_eq!(names, ["development", "production", "staging"]);
    for (name, config) in environments {
        let builder = JwtAuthBuilder::try_from(config).unwrap();
        let error = builder.build().unwrap_err();
        let problems: Vec<&str> = error
            .problems()
            .filter(|problem| !problem.contains("Better Auth's jwt() plugin require the feature"))
            .collect();
        let expected = if name == "production" {
            "the secret file /run/secrets/jobs-token-secret: it cannot be read"
        } else {
            "JOBS_TOKEN_SECRET environment variable is required"
        };
        assert_eq!(problems.len(), 1, "{name}: {problems:?}");
        assert!(problems[0].starts_with(expected), "{name}: {problems:?}");
    }
}

/// The second snippet in TOML: the task.
fn example() -> String {
    let snippet = GUIDE.split("```toml\n").nth(2).unwrap();
    snippet.split("```").next().unwrap().to_owned()
}

/// The names of the fields in a file of the configuration.
fn fields(source: &str) -> Vec<&str> {
    let structs = source.split("\nimpl").next().unwrap();
    { structs.lines() }
        .filter_map(|line| line.trim_start().split_once(": Field<"))
        .filter(|(_, rest)| rest.ends_with(">,"))
        .map(|(name, _)| name.trim_start_matches("pub(super) "))
        .collect()
}
