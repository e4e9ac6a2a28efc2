use matchit::Router;

use super::path::is_unambiguous;
use crate::config_error::Fault;

/// Patterns of paths in axum's syntax, `/api/{user_id}/{*rest}`, matched as axum matches them.
#[derive(Clone, Default)]
pub(super) struct Patterns {
    router: Router<()>,
    routes: Vec<String>,
}

impl Patterns {
    /// Adds a pattern that must have `parameter` in it, once and for one segment.
    pub(super) fn add_with(&mut self, pattern: &str, parameter: &str) -> Result<(), Fault> {
        check(pattern)?;
        let segment = format!("{{{parameter}}}");
        let catch_all = format!("{{*{parameter}}}");
        let count = |wanted: &str| pattern.split('/').filter(|part| *part == wanted).count();
        let wrong = match (count(&segment), count(&catch_all)) {
            // `{*rest}` is a segment of this form too.
            (1, 0) if !parameter.starts_with('*') => return self.add(pattern),
            (0, 0) => format!("has no segment {segment}; put it where the owner's id stands"),
            (0, _) | (1, 0) => {
                let name = parameter.trim_start_matches('*');
                format!("has {{*{name}}}, which takes more than an id; write {{{name}}}")
            }
            _ => format!("has {segment} more than once; which of them is the owner's?"),
        };
        Err(fault(pattern, &wrong))
    }

    /// Adds a pattern. One that ends in `/{*rest}` covers what stands before it too, with and
    /// without the slash.
    pub(super) fn add(&mut self, pattern: &str) -> Result<(), Fault> {
        check(pattern)?;
        self.insert(pattern, pattern)?;
        if let Some((root, _)) = pattern.rsplit_once("/{*") {
            self.insert(pattern, &format!("{root}/"))?;
            if !root.is_empty() {
                self.insert(pattern, root)?;
            }
        }
        Ok(())
    }

    fn insert(&mut self, pattern: &str, route: &str) -> Result<(), Fault> {
        if self.routes.iter().any(|known| known == route) {
            return Ok(());
        }
        self.router.insert(route, ()).map_err(|error| {
            fault(
                pattern,
                &format!("cannot be used beside the others: {error}"),
            )
        })?;
        self.routes.push(route.to_owned());
        Ok(())
    }

    pub(super) fn covers(&self, path: &str) -> bool {
        self.router.at(path).is_ok()
    }

    /// What stands in the place of the parameter, undecoded, if a pattern covers the path.
    pub(super) fn parameter<'p>(&self, path: &'p str, name: &str) -> Option<&'p str> {
        self.router.at(path).ok()?.params.get(name)
    }

    pub(super) fn routes(&self) -> &[String] {
        &self.routes
    }
}

fn fault(pattern: &str, wrong: &str) -> Fault {
    Fault::new(format!("the path pattern {pattern:?} {wrong}"))
}

fn check(pattern: &str) -> Result<(), Fault> {
    let wrong = if !pattern.starts_with('/') {
        Some("does not start with a slash; paths do")
    } else if pattern.contains("{{") || pattern.contains("}}") {
        Some("has an escaped brace, which no path is matched with here; leave it out")
    } else if pattern.contains(['?', '#']) || !is_unambiguous(pattern) {
        Some("can match no path; leave out queries, empty segments, dot segments and backslashes")
    } else if pattern.matches('{').count() > MOST_PARAMETERS {
        Some("has more than 16 parameters, which is more than a router bears; leave some out")
    } else {
        pattern.split('/').find_map(wrong_segment)
    };
    wrong.map_or(Ok(()), |wrong| Err(fault(pattern, wrong)))
}

fn wrong_segment(segment: &str) -> Option<&'static str> {
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
            Some("has a parameter without a proper name; write {name} or {*name}")
        }
        None if segment.contains(['{', '}']) => {
            Some("has a parameter that is not a whole segment; write /{name}/")
        }
        _ => None,
    }
}

/// `matchit` panics above some tens of them.
const MOST_PARAMETERS: usize = 16;
