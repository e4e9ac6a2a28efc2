//! `docs/issuers.md` describes the issuers of the rows, with their key URLs and names.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const GUIDE: &str = include_str!("../../../docs/issuers.md");

/// The cells of the table with this header, by the first cell.
fn table(header: &str) -> BTreeMap<&'static str, Vec<&'static str>> {
    let lines = GUIDE.lines().skip_while(|line| !line.starts_with(header));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let rows: BTreeMap<_, _> = rows
        .map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            (cells.next().unwrap(), cells.collect())
        })
        .collect();
    assert!(!rows.is_empty(), "{header} is not in the guide");
    rows
}

/// The texts in back ticks.
fn quoted(cell: &'static str) -> Vec<&'static str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The claims with the roles of an issuer's users.
pub(super) fn role_claims(issuer: &str) -> Vec<&'static str> {
    let table = table("| issuer | key URL |");
    quoted(table[issuer].last().unwrap())
}

/// The guide configures these issuers with `.discover(…)`.
#[tokio::test(start_paused = true)]
async fn the_metadata_of_an_issuer_names_its_key_url() {
    for issuer in [
        "Auth0",
        "Keycloak",
        "Microsoft Entra ID",
        "Okta",
        "PingFederate",
        "Spring Authorization Server",
        "authentik",
    ] {
        let rows = rows();
        let is_accepted =
            |row: &&Row| row.issuer == issuer && matches!(row.expected, Expected::User { .. });
        let row = rows.iter().find(is_accepted).unwrap();
        let (iss, key_url) = (row.claims["iss"].as_str().unwrap(), row.key_url.unwrap());
        let pages = row.pages();
        let metadata = json!({ "issuer": iss, "jwks_uri": key_url });
        let url = format!(
            "{}/.well-known/openid-configuration",
            iss.trim_end_matches('/')
        );
        pages.publish(&url, metadata.to_string());
        let builder = JwtAuthLayer::discover(iss)
            .allow_any_audience()
            .email_optional();
        let algorithm = algorithm(row.header["alg"].as_str().unwrap());
        let layer = layer_with(builder.algorithms([algorithm]), &pages);
        layer.ready().await.unwrap();
        assert_eq!(pages.fetched(), [&url, key_url], "{issuer}");
        let user = send(&layer, request_with(row.place, &row.token())).await;
        assert_eq!(user.unwrap().issuer(), Some(iss), "{issuer}");
    }
}

/// Whether a text has this form, in which `<name>` is a part without a slash.
fn has_form(form: &str, text: &str) -> bool {
    let mut rest = text;
    let mut parts = form.split(['<', '>']).step_by(2).peekable();
    let Some(after) = rest.strip_prefix(parts.next().unwrap()) else {
        return false;
    };
    rest = after;
    while let Some(literal) = parts.next() {
        let end = match parts.peek() {
            None if literal.is_empty() => Some(rest.len()),
            None => rest.strip_suffix(literal).map(str::len),
            Some(_) => rest.find(literal),
        };
        match end {
            Some(end) if end > 0 && !rest[..end].contains('/') => {
                rest = &rest[end + literal.len()..]
            }
            _ => return false,
        }
    }
    rest.is_empty()
}

#[test]
fn the_forms_of_the_guide_match_whole_texts() {
    for (form, text, expected) in [
        ("https://a.example/x", "https://a.example/x", true),
        ("https://a.example/x", "https://a.example/xy", false),
        ("https://<host>/x", "https://a.example/x", true),
        ("https://<host>/x", "https://a.example/b/x", false),
        ("https://<host>/x", "https:///x", false),
        ("https://<host>", "https://a.example", true),
        ("https://<host>", "https://a.example/", false),
        ("https://<a>.b/<c>/d", "https://x.b/y/d", true),
        ("https://<a>.b/<c>/d", "https://x.b/y/de", false),
    ] {
        assert_eq!(has_form(form, text), expected, "{form}, {text}");
    }
}

#[test]
fn the_guide_and_the_rows_describe_the_same_issuers() {
    let rows = rows();
    let is_accepted = |row: &&Row| matches!(row.expected, Expected::User { .. });
    let names = |rows: &mut dyn Iterator<Item = &Row>| -> BTreeSet<&str> {
        rows.map(|row| row.issuer).collect()
    };
    let accepted = names(&mut rows.iter().filter(is_accepted));
    let all = names(&mut rows.iter());
    let listed: BTreeSet<_> = table("| issuer | key URL |").into_keys().collect();
    assert_eq!(accepted, listed);

    let mut unsupported: BTreeSet<_> = table("| issuer | why |").into_keys().collect();
    // Formats of a token instead of issuers; each has a test of its own.
    for format in ["JWE", "ES256K"] {
        assert!(unsupported.remove(format), "{format}");
    }
    assert_eq!(
        all.difference(&accepted).copied().collect::<BTreeSet<_>>(),
        unsupported
    );
}

#[test]
fn the_key_urls_and_names_of_the_guide_are_those_of_the_rows() {
    for (issuer, cells) in table("| issuer | key URL |") {
        let [key_url, iss, ..] = cells[..] else {
            panic!("{issuer}: {cells:?}")
        };
        let (urls, names) = (quoted(key_url), quoted(iss));
        assert_eq!(urls.is_empty(), key_url == "a secret", "{issuer}");
        assert_eq!(names.is_empty(), iss == "your choice", "{issuer}");
        let (mut used_urls, mut used_names) = (BTreeSet::new(), BTreeSet::new());
        for row in rows().iter().filter(|row| row.issuer == issuer) {
            if let Some(url) = row.key_url {
                let form = urls.iter().find(|form| has_form(form, url));
                used_urls.insert(*form.unwrap_or_else(|| panic!("{issuer}: {url}")));
            }
            let Expected::User { .. } = row.expected else {
                continue;
            };
            let name = row.claims["iss"].as_str().unwrap();
            let form = names.iter().find(|form| has_form(form, name));
            assert!(form.is_some() || names.is_empty(), "{issuer}: {name}");
            used_names.extend(form);
        }
        assert_eq!(used_urls, urls.into_iter().collect(), "{issuer}");
        assert_eq!(used_names, names.into_iter().collect(), "{issuer}");
    }
}
