//! Path patterns in axum's syntax; used by the layer and its service.

use std::borrow::Cow;

use matchit::{InsertError, Router};
use percent_encoding::percent_decode;

use super::path::{Owner, is_one_segment, is_unambiguous};
use crate::config_error::Fault;

/// `matchit` panics above a few dozen parameters.
const MAX_PARAMETERS: usize = 16;

/// Path patterns in axum's syntax, such as `/api/{user_id}/{*rest}`, with axum's matching rules: if
/// several patterns cover a path, the most literal one applies.
#[derive(Clone, Default)]
pub(super) struct Patterns {
    router: Router<Route>,
    routes: Vec<(String, PatternKind)>,
}

/// The meaning of a pattern for the paths that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PatternKind {
    /// The paths belong to their owners.
    Owned,
    /// The paths are exempt from the check.
    Exempt,
}

/// The value that the router stores for a pattern.
#[derive(Clone, Copy)]
struct Route {
    kind: PatternKind,
    /// The number of parameters without the catch-all.
    parameters: usize,
}

/// The pattern that covers a path.
pub(super) struct Found<'p> {
    kind: PatternKind,
    /// The undecoded value of the owner's parameter.
    owner: Option<&'p str>,
    /// Whether every program that reads the path finds the owner at the same position.
    prefix_is_unambiguous: bool,
}

impl<'p> Found<'p> {
    /// Returns whether the path is exempt from the check.
    pub(super) fn is_exempt(&self) -> bool {
        self.kind == PatternKind::Exempt && self.prefix_is_unambiguous
    }

    /// Returns the owner of the path, if it has one.
    pub(super) fn owner(&self) -> Option<Owner<'p>> {
        let is_owned = self.kind == PatternKind::Owned && self.prefix_is_unambiguous;
        self.owner
            .filter(|_| is_owned)
            .and_then(Owner::from_encoded)
    }
}

impl Patterns {
    /// Adds a pattern that must contain `parameter` exactly once, for one segment.
    pub(super) fn own(&mut self, pattern: &str, parameter: &str) -> Result<(), Fault> {
        check(pattern)?;
        let segment = format!("{{{parameter}}}");
        let catch_all = format!("{{*{parameter}}}");
        let count = |wanted: &str| pattern.split('/').filter(|part| *part == wanted).count();
        let problem = match (count(&segment), count(&catch_all)) {
            // `{*rest}` also has this form, but it spans several segments.
            (1, 0) if !parameter.starts_with('*') => return self.add(pattern, PatternKind::Owned),
            (0, 0) => format!(
                "has no segment {segment}; add it at the position of the owner's ID, or name another parameter with PathOwnerLayer::named(…)"
            ),
            (0, _) | (1, 0) => {
                let name = parameter.trim_start_matches('*');
                format!("has {{*{name}}}, which can match several segments; write {{{name}}}")
            }
            _ => format!("has {segment} more than once; rename all but the owner's"),
        };
        Err(fault(pattern, &problem))
    }

    /// Adds a pattern whose paths are exempt.
    pub(super) fn except(&mut self, pattern: &str) -> Result<(), Fault> {
        check(pattern)?;
        if pattern.starts_with("/{*") {
            return Err(fault(
                pattern,
                "would exempt every other path; list the exempt paths instead",
            ));
        }
        self.add(pattern, PatternKind::Exempt)
    }

    /// Adds a pattern. A pattern that ends in `/{*rest}` also covers the path before that, with and
    /// without a trailing slash.
    fn add(&mut self, pattern: &str, kind: PatternKind) -> Result<(), Fault> {
        self.insert(pattern, pattern, kind)?;
        if let Some((root, _)) = pattern.rsplit_once("/{*") {
            self.insert(pattern, &format!("{root}/"), kind)?;
            if !root.is_empty() {
                self.insert(pattern, root, kind)?;
            }
        }
        Ok(())
    }

    fn insert(&mut self, pattern: &str, route: &str, kind: PatternKind) -> Result<(), Fault> {
        let entry = (route.to_owned(), kind);
        if self.routes.contains(&entry) {
            return Ok(());
        }
        let parameters = route.matches('{').count() - route.matches("{*").count();
        let value = Route { kind, parameters };
        self.router.insert(route, value).map_err(|error| {
            let problem = match error {
                InsertError::Conflict { with } => {
                    format!("conflicts with {with:?}, which covers some of the same paths; remove one of them")
                }
                InsertError::InvalidCatchAll => {
                    "has a catch-all before its end; put {*name} last".to_owned()
                }
                error => format!("is not valid ({error}); write it as in axum's router"),
            };
            fault(pattern, &problem)
        })?;
        self.routes.push(entry);
        Ok(())
    }

    /// Finds the pattern that covers a path.
    pub(super) fn find<'p>(&self, path: &'p str, parameter: &str) -> Option<Found<'p>> {
        let found = self.router.at(path).ok()?;
        let &Route { kind, parameters } = found.value;
        // Segments after the owner's ID cannot move it. In an exempt path, every segment must keep
        // its position.
        let mut owner = None;
        let mut prefix_is_unambiguous = true;
        for (name, raw) in found.params.iter().take(parameters) {
            if kind == PatternKind::Owned && name == parameter {
                owner = Some(raw);
                break;
            }
            prefix_is_unambiguous &= is_one_segment(&Cow::from(percent_decode(raw.as_bytes())));
        }
        Some(Found {
            kind,
            owner,
            prefix_is_unambiguous,
        })
    }

    /// Returns the patterns of this kind, for `Debug` and events.
    pub(super) fn routes(&self, kind: PatternKind) -> Vec<&str> {
        let of_kind = self.routes.iter().filter(|(_, other)| *other == kind);
        of_kind.map(|(route, _)| route.as_str()).collect()
    }
}

fn fault(pattern: &str, problem: &str) -> Fault {
    Fault::new(format!("the path pattern {pattern:?} {problem}"))
}

fn check(pattern: &str) -> Result<(), Fault> {
    let problem = if !pattern.starts_with('/') {
        Some("does not start with a slash; add one")
    } else if pattern.contains("{{") || pattern.contains("}}") {
        Some("has an escaped brace, which is not supported; remove it")
    } else if pattern.contains(['?', '#']) || !is_unambiguous(pattern) {
        Some("cannot match a path; remove queries, empty segments, dot segments, and backslashes")
    } else if pattern.matches('{').count() > MAX_PARAMETERS {
        Some("has more than 16 parameters, the maximum; remove some")
    } else {
        pattern.split('/').find_map(segment_problem)
    };
    problem.map_or(Ok(()), |problem| Err(fault(pattern, problem)))
}

fn segment_problem(segment: &str) -> Option<&'static str> {
    if segment.starts_with([':', '*']) {
        return Some(
            "has a parameter in axum's old syntax; write {name} for :name and {*name} for *name",
        );
    }
    let name = segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .map(|name| name.strip_prefix('*').unwrap_or(name));
    match name {
        Some(name) if name.is_empty() || name.contains(['{', '}', '*']) => {
            Some("has a parameter without a valid name; write {name} or {*name}")
        }
        None if segment.contains(['{', '}']) => {
            Some("has a parameter that is not a whole segment; write /{name}/")
        }
        _ => None,
    }
}
