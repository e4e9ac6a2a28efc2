//! `docs/conformance.md` is up to date, as far as this can be checked without foreign files.

use std::fs;

use tower_jwt_auth_conformance::{
    document::{PAGE, with_own_counts},
    root,
    sources::SOURCES,
};

#[test]
fn the_counts_of_this_repository_are_current() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let current = with_own_counts(&root(), &page).unwrap();
    assert!(page == current, "run tests/conformance/run");
}

#[test]
fn the_page_names_each_repository() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    for source in &SOURCES {
        assert!(page.contains(source.repository), "{}", source.repository);
    }
}
