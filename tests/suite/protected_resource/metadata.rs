//! The service of the metadata (RFC 9728 sections 2 and 3).

use http::{Method, Request};
use serde_json::json;
use tower_jwt_auth::ProtectedResource;

use super::*;

const ROOT_PATH: &str = "/.well-known/oauth-protected-resource";

fn request(method: Method, path: &str) -> Request<()> {
    let request = Request::builder().method(method).uri(path);
    request.body(()).unwrap()
}

#[tokio::test]
async fn the_metadata_has_exactly_the_members_that_are_set() {
    let minimal = || ProtectedResource::new(RESOURCE, LOGIN).unwrap();
    let full = minimal()
        .authorization_server("https://other.example.com/tenant/")
        .unwrap()
        .scopes(["mcp:read"])
        .unwrap()
        .bearer_methods(["header", "query"])
        .unwrap()
        .signing_algorithms(["ES256"])
        .unwrap()
        .name("Tasks")
        .documentation("https://api.example.com/docs?for=developers")
        .unwrap();
    for (row, resource, expected) in [
        (
            "minimal",
            minimal(),
            json!({
                "resource": RESOURCE,
                "authorization_servers": [LOGIN],
                "bearer_methods_supported": ["header"],
            }),
        ),
        (
            "full",
            full,
            json!({
                "resource": RESOURCE,
                "authorization_servers": [LOGIN, "https://other.example.com/tenant/"],
                "scopes_supported": ["mcp:read"],
                "bearer_methods_supported": ["header", "query"],
                "resource_signing_alg_values_supported": ["ES256"],
                "resource_name": "Tasks",
                "resource_documentation": "https://api.example.com/docs?for=developers",
            }),
        ),
        (
            "emptied lists",
            minimal()
                .scopes([""; 0])
                .unwrap()
                .signing_algorithms([""; 0])
                .unwrap()
                .bearer_methods([""; 0])
                .unwrap(),
            json!({
                "resource": RESOURCE,
                "authorization_servers": [LOGIN],
                // An empty list means that no method is supported (RFC 9728 section 2).
                "bearer_methods_supported": [],
            }),
        ),
    ] {
        let answer = ask_resource(&resource, get(METADATA_PATH)).await;
        assert_eq!(answer.status(), 200, "{row}");
        assert_eq!(answer.json(), expected, "{row}");
    }
}

#[tokio::test]
async fn the_metadata_is_cacheable_json_for_every_origin() {
    let answer = ask_resource(&resource(), get(METADATA_PATH)).await;
    for (name, expected) in [
        ("content-type", "application/json"),
        ("cache-control", "public, max-age=3600"),
        ("access-control-allow-origin", "*"),
        ("content-length", &*answer.body.len().to_string()),
    ] {
        assert_eq!(answer.header(name), Some(expected), "{name}");
    }
    assert_eq!(answer.challenge(), None);
}

#[tokio::test]
async fn head_gets_the_fields_of_get_without_a_body() {
    let head = ask_resource(&resource(), request(Method::HEAD, METADATA_PATH)).await;
    let get = ask_resource(&resource(), get(METADATA_PATH)).await;
    assert_eq!(head.status(), 200);
    assert_eq!(head.response.headers(), get.response.headers());
    assert_eq!(head.body, "");
}

#[tokio::test]
async fn a_preflight_allows_the_fields_that_mcp_clients_send() {
    let mut preflight = request(Method::OPTIONS, METADATA_PATH);
    let headers = preflight.headers_mut();
    headers.insert("origin", "https://client.example.net".parse().unwrap());
    headers.insert("access-control-request-method", "GET".parse().unwrap());
    let answer = ask_resource(&resource(), preflight).await;
    assert_eq!(answer.status(), 204);
    for (name, expected) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, HEAD, OPTIONS"),
        ("access-control-allow-headers", "mcp-protocol-version, *"),
        ("access-control-max-age", "3600"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(expected), "{name}");
    }

    let plain = ask_resource(&resource(), request(Method::OPTIONS, METADATA_PATH)).await;
    assert_eq!(plain.status(), 204);
    assert_eq!(plain.header("allow"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(plain.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn other_methods_get_405_and_the_allowed_ones() {
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = ask_resource(&resource(), request(method.clone(), METADATA_PATH)).await;
        assert_eq!(answer.status(), 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.body, "", "{method}");
    }
}

#[tokio::test]
async fn only_the_path_of_the_identifier_has_the_metadata() {
    let resource = resource();
    assert_eq!(resource.metadata_path(), METADATA_PATH);
    assert_eq!(resource.metadata_url(), METADATA_URL);
    for (path, expected) in [
        (METADATA_PATH, 200),
        (&*format!("{METADATA_PATH}?a=b"), 200),
        (&*format!("{METADATA_PATH}/"), 404),
        (&*format!("{METADATA_PATH}/tasks"), 404),
        ("/.well-known/oauth-protected-resource/MCP", 404),
        ("/.well-known/oauth-protected-resource/%6dcp", 404),
        (ROOT_PATH, 404),
        ("/mcp/.well-known/oauth-protected-resource", 404),
        ("/mcp", 404),
        ("/", 404),
    ] {
        let answer = ask_resource(&resource, get(path)).await;
        assert_eq!(answer.status(), expected, "{path}");
        let is_cacheable = answer.header("cache-control") != Some("no-store");
        assert_eq!(is_cacheable, expected == 200, "{path}");
    }
}

#[tokio::test]
async fn the_root_form_needs_also_at_root() {
    let at_root = resource().also_at_root();
    assert_eq!(at_root.metadata_path(), METADATA_PATH);
    let document = ask_resource(&at_root, get(METADATA_PATH)).await.body;
    for (row, resource, path, expected) in [
        ("without it", resource(), ROOT_PATH, 404),
        ("with it", at_root.clone(), ROOT_PATH, 200),
        ("the path form too", at_root.clone(), METADATA_PATH, 200),
        ("not other paths", at_root, "/.well-known/other", 404),
    ] {
        let answer = ask_resource(&resource, get(path)).await;
        assert_eq!(answer.status(), expected, "{row}");
        assert!(expected == 404 || answer.body == document, "{row}");
    }
}

#[tokio::test]
async fn two_resources_on_one_host_have_separate_metadata() {
    let other = ProtectedResource::new("https://api.example.com/files", LOGIN).unwrap();
    assert_ne!(resource().metadata_path(), other.metadata_path());
    for (one, two) in [(&resource(), &other), (&other, &resource())] {
        let own = ask_resource(one, get(one.metadata_path())).await;
        assert_eq!(own.json()["resource"], one.identifier());
        assert_eq!(
            ask_resource(one, get(two.metadata_path())).await.status(),
            404
        );
    }
}
