//! The identifiers of resources and authorization servers.

use tower_jwt_auth::ProtectedResource;

use super::LOGIN;

const FORM: &str = "is not a URL that starts with https://";
const NORMAL: &str = "is not in its normal form";
const NOT_HTTPS: &str = "is not https";
const NO_PATH: &str = "has no path; clients add a slash to such a URL";
const SLASH: &str = "ends in a slash";
const QUERY: &str = "has a query or a fragment";
const PATH: &str = "has a path that programs write in different ways";

/// URLs that are neither an identifier nor an authorization server.
const REJECTED: [(&str, &str); 24] = [
    ("", FORM),
    ("api.example.com/mcp", FORM),
    ("/mcp", FORM),
    ("ftp://api.example.com/mcp", FORM),
    ("urn:example:mcp", FORM),
    ("https://", FORM),
    ("https://api.example.com/m cp", FORM),
    ("https://api.example.com/mcp\n", FORM),
    ("HTTPS://api.example.com/mcp", NORMAL),
    ("https://API.example.com/mcp", NORMAL),
    ("https://user@api.example.com/mcp", NORMAL),
    ("https://user:password@api.example.com/mcp", NORMAL),
    ("https://api.example.com:443/mcp", NORMAL),
    ("http://localhost:80/mcp", NORMAL),
    ("https://api.example.com:/mcp", NORMAL),
    ("http://api.example.com/mcp", NOT_HTTPS),
    ("http://10.0.0.1:3000/mcp", NOT_HTTPS),
    ("http://localhost.example.com/mcp", NOT_HTTPS),
    ("https://api.example.com/mcp?tenant=a", QUERY),
    ("https://api.example.com/mcp#top", QUERY),
    ("https://api.example.com//mcp", PATH),
    ("https://api.example.com/a/../mcp", PATH),
    ("https://api.example.com/./mcp", PATH),
    ("https://api.example.com/%6dcp", PATH),
];

#[test]
fn an_identifier_in_its_normal_form_is_accepted_unchanged() {
    for identifier in [
        "https://api.example.com/mcp",
        "https://api.example.com/tenants/a/mcp",
        "https://api.example.com:8443/mcp",
        "https://api.example.com/~a/b-c_d.e:f@g!$&'()*+,;=",
        "http://localhost/mcp",
        "http://localhost:3000/mcp",
        "http://127.0.0.1:3000/mcp",
        "http://[::1]:3000/mcp",
        "https://[2001:db8::1]/mcp",
    ] {
        let resource = ProtectedResource::new(identifier, LOGIN).unwrap();
        assert_eq!(resource.identifier(), identifier);
        let (host, path) = resource.metadata_url().split_once("/.well-known/").unwrap();
        let path = path.strip_prefix("oauth-protected-resource").unwrap();
        assert_eq!(format!("{host}{path}"), identifier);
    }
}

#[test]
fn an_identifier_that_a_program_may_change_is_rejected() {
    let of_resources = [
        ("https://api.example.com", NO_PATH),
        ("https://api.example.com/", NO_PATH),
        ("http://localhost:3000", NO_PATH),
        ("https://api.example.com/mcp/", SLASH),
    ];
    for (identifier, problem) in REJECTED.into_iter().chain(of_resources) {
        let error = ProtectedResource::new(identifier, LOGIN).unwrap_err();
        let expected = format!("the identifier of the resource {problem}");
        assert!(
            error.to_string().contains(&expected),
            "{identifier}: {error}"
        );
    }
}

#[test]
fn an_authorization_server_follows_the_same_rules() {
    let resource = |server: &str| ProtectedResource::new("https://api.example.com/mcp", server);
    for (server, problem) in REJECTED {
        let expected = format!("the authorization server {problem}");
        let second = resource(LOGIN).unwrap().authorization_server(server);
        for error in [resource(server).unwrap_err(), second.unwrap_err()] {
            assert!(error.to_string().contains(&expected), "{server}: {error}");
        }
    }
    // An issuer is compared with `iss`, so its slash matters (RFC 8414 section 2 allows it).
    for server in [
        LOGIN,
        "https://login.example.com/",
        "https://a.example/tenant/",
    ] {
        assert!(resource(server).is_ok(), "{server}");
    }
}

#[test]
fn better_auth_needs_only_an_origin() {
    let resource =
        |origin: &str| ProtectedResource::better_auth(origin, "http://localhost:3000/mcp");
    assert!(resource("https://app.example.com").is_ok());
    assert!(resource("http://localhost:3001").is_ok());
    for (origin, problem) in [
        ("https://app.example.com/", "has a path or ends in a slash"),
        (
            "https://app.example.com/api/auth",
            "has a path or ends in a slash",
        ),
        ("app.example.com", FORM),
        ("http://app.example.com", NOT_HTTPS),
    ] {
        let error = resource(origin).unwrap_err().to_string();
        let expected = format!("the origin of Better Auth {problem}");
        assert!(error.contains(&expected), "{origin}: {error}");
    }
}

#[test]
fn members_of_the_metadata_are_checked() {
    let resource = || ProtectedResource::new("https://api.example.com/mcp", LOGIN).unwrap();
    for (row, result, problem) in [
        (
            "offline_access",
            resource().scopes(["a", "offline_access"]),
            "offline_access is not a scope of a resource",
        ),
        (
            "two scopes in one",
            resource().scopes(["a b"]),
            "is not a scope",
        ),
        ("a quote", resource().scopes(["a\""]), "is not a scope"),
        ("an empty scope", resource().scopes([""]), "is not a scope"),
        (
            "another method",
            resource().bearer_methods(["cookie"]),
            "a bearer method is not one of",
        ),
        (
            "none",
            resource().signing_algorithms(["ES256", "none"]),
            "the signing algorithm none",
        ),
        (
            "a relative URL",
            resource().documentation("/docs"),
            "is not an absolute URL",
        ),
    ] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(problem), "{row}: {error}");
    }
}
