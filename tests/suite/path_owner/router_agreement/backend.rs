//! A handler inside the layer that builds the URL of a backend from its parameters.

use std::path::{Component, Path};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

/// `OWNER` is replaced with the owner's ID, and `REST` with another parameter.
const TEMPLATES: [&str; 4] = [
    "/users/OWNER/REST",
    "/users/OWNER/REST/tasks",
    "/files/REST/of/OWNER",
    "/REST/OWNER",
];

/// Describes the first URL or file path that differs from the one that the handler wrote.
pub(super) fn changed_url(owner: &str, rest: &str) -> Option<String> {
    let owner = utf8_percent_encode(owner, NON_ALPHANUMERIC).to_string();
    let formatted = TEMPLATES.into_iter().filter_map(|template| {
        let text = template.replace("OWNER", &owner).replace("REST", rest);
        let url = Url::parse(&format!("https://backend{text}"));
        Some((url.ok()?, text))
    });
    let base = Url::parse(&format!("https://backend/users/{owner}/")).unwrap();
    let joined = [Some(rest.to_owned()), Some(format!("./{rest}"))];
    let joined = joined.into_iter().flatten().filter_map(|reference| {
        let relative = relative(&reference)?;
        let relative = relative.strip_prefix("./").unwrap_or(relative);
        let written = format!("{}{relative}", base.path());
        Some((base.join(&reference).ok()?, written))
    });
    let changed_url = |(url, written): (Url, String)| {
        let path: Vec<u8> = percent_decode_str(url.path()).collect();
        let is_as_written = url.host_str() == Some("backend") && path == as_read(&written);
        (!is_as_written).then(|| format!("{written:?} became {url}"))
    };
    formatted
        .chain(joined)
        .find_map(changed_url)
        .or_else(|| file_outside_folder(rest))
}

/// Describes the file that a handler opens in a user's folder, if it is outside that folder.
fn file_outside_folder(rest: &str) -> Option<String> {
    let folder = Path::new("/data/users/owner");
    let file = folder.join(rest);
    let below = file.strip_prefix(folder).ok();
    let climbs = |below: &Path| below.components().any(|part| part == Component::ParentDir);
    let is_below = below.is_some_and(|below| !climbs(below));
    (!is_below).then(|| format!("{rest:?} became {}", file.display()))
}

/// The path that a URL parser reads, if it finds no dot segment.
fn as_read(written: &str) -> Vec<u8> {
    let path: String = written.chars().filter(|&c| !is_dropped(c)).collect();
    let path = path.trim_end_matches(|c| c <= ' ');
    let path = path.split(['?', '#']).next().unwrap_or_default();
    percent_decode_str(path).collect()
}

/// The path of a reference, or `None` for a reference with a scheme and an absolute path. A handler
/// that joins such a reference sends requests to any URL that the client chooses.
fn relative(reference: &str) -> Option<&str> {
    let trimmed = reference.trim_start_matches(|c| c <= ' ');
    let after_scheme = match trimmed.split_once(':') {
        Some((scheme, path))
            if scheme
                .trim_matches(is_dropped)
                .eq_ignore_ascii_case("https") =>
        {
            path
        }
        Some((scheme, _)) if !scheme.contains(['/', '?', '#']) => return None,
        _ => return Some(trimmed.trim_start_matches(is_dropped)),
    };
    let path = after_scheme.trim_start_matches(is_dropped);
    (!path.starts_with(['/', '\\'])).then_some(path)
}

fn is_dropped(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r')
}
