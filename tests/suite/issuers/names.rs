//! The names of an issuer: several names, templates, and names of two issuers that are not
//! distinct.

use serde_json::json;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use super::*;

const TEMPLATE: &str = "https://login.example.com/{tid}/v2.0";

fn with_secret() -> JwtAuthBuilder {
    JwtAuthLayer::builder()
        .secret(LONG_SECRET)
        .clock(|| at(NOW))
}

async fn result(layer: &JwtAuthLayer, iss: &str, tid: &str) -> &'static str {
    let claims = claims_with(json!({ "iss": iss, "tid": tid, "aud": "api" }));
    let header = json!({ "alg": "HS256" });
    sent(
        layer,
        &signed_with_secret("HS256", &header, &claims, LONG_SECRET),
    )
    .await
}

#[tokio::test]
async fn several_names_are_accepted() {
    let layer = with_secret().issuer("https://a.example").issuer("b");
    let layer = layer.audience("api").build().unwrap();
    for (iss, expected) in [
        ("https://a.example", "accepted"),
        ("b", "accepted"),
        ("https://a.example/", "issuer"),
        ("https://a.exampleb", "issuer"),
        ("", "issuer"),
    ] {
        assert_eq!(result(&layer, iss, "t").await, expected, "{iss}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_replaces_the_default_of_a_profile() {
    const OTHER: &str = "https://login.notes.example.com";
    type Configure = fn() -> JwtAuthBuilder;
    let profiles: [(&str, Configure); 3] = [
        ("https://securetoken.google.com/notes-1", || {
            JwtAuthLayer::firebase("notes-1")
        }),
        ("https://tasks.example.com", || {
            JwtAuthLayer::better_auth("https://tasks.example.com").audience("notes-1")
        }),
        ("https://tasks.example.com/api/auth", || {
            JwtAuthLayer::better_auth_oauth("https://tasks.example.com", "notes-1")
        }),
    ];
    for (default, configure) in profiles {
        for (builder, accepts_default, accepts_other) in [
            (configure(), "accepted", "issuer"),
            (configure().issuer(OTHER), "issuer", "accepted"),
            (
                configure().issuer(OTHER).issuer(default),
                "accepted",
                "accepted",
            ),
        ] {
            let pages = Pages::default();
            for url in [
                "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
                "https://tasks.example.com/api/auth/jwks",
            ] {
                pages.publish(url, jwks([&*key("EdDSA", "signer")]));
            }
            let layer = layer_with(builder, &pages);
            layer.ready().await.unwrap();
            for (iss, expected) in [(default, accepts_default), (OTHER, accepts_other)] {
                let claims = claims_with(json!({ "iss": iss, "aud": "notes-1" }));
                let token = key("EdDSA", "signer").token(&claims);
                assert_eq!(sent(&layer, &token).await, expected, "{default}: {iss}");
            }
        }
    }
}

#[tokio::test]
async fn a_template_accepts_one_segment_that_equals_the_claim() {
    let layer = with_secret().issuer_template(TEMPLATE).any_tenant();
    let layer = layer.audience("api").build().unwrap();
    for (segment, tid, expected) in [
        ("a", "a", "accepted"),
        ("a", "b", "issuer"),
        ("a", "A", "issuer"),
        ("", "", "issuer"),
        ("a/b", "a/b", "issuer"),
        ("a%2Fb", "a%2Fb", "issuer"),
        ("a?b", "a?b", "issuer"),
        ("a#b", "a#b", "issuer"),
        ("a b", "a b", "issuer"),
        ("a\nb", "a\nb", "issuer"),
        ("a\u{85}b", "a\u{85}b", "issuer"),
        ("\u{a0}", "\u{a0}", "issuer"),
        ("{tid}", "{tid}", "accepted"),
    ] {
        let iss = TEMPLATE.replace("{tid}", segment);
        assert_eq!(result(&layer, &iss, tid).await, expected, "{segment}");
    }
    for (iss, tid) in [
        ("https://login.example.com/a/v2.0/", "a"),
        ("https://login.example.com/v2.0", "a"),
        ("https://login.example.com//v2.0", ""),
        ("http://login.example.com/a/v2.0", "a"),
        ("https://evil.example.com/a/v2.0", "a"),
        ("https://login.example.com/a/v2.0.evil.example.com", "a"),
    ] {
        assert_eq!(result(&layer, iss, tid).await, "issuer", "{iss}");
    }
}

#[tokio::test]
async fn the_claim_of_a_template_may_have_another_name() {
    let layer = with_secret().issuer_template("https://login.example.com/{org}");
    let layer = layer.tenants(["a", "b"]).audience("api").build().unwrap();
    for (org, expected) in [("a", "accepted"), ("b", "issuer")] {
        let iss = "https://login.example.com/a";
        let claims = claims_with(json!({ "iss": iss, "org": org, "tid": "a", "aud": "api" }));
        let header = json!({ "alg": "HS256" });
        let token = signed_with_secret("HS256", &header, &claims, LONG_SECRET);
        assert_eq!(sent(&layer, &token).await, expected, "{org}");
    }
}

#[test]
fn an_invalid_template_is_an_error_with_the_form() {
    for template in [
        "",
        "https://login.example.com/v2.0",
        "https://{tid}.example.com/v2.0",
        "https://{tid}/v2.0",
        "https:///{tid}/v2.0",
        "{tid}/v2.0",
        "login.example.com/{tid}",
        "https://login.example.com/x{tid}/v2.0",
        "https://login.example.com/{tid}x/v2.0",
        "https://login.example.com/{tid}/{tid}",
        "https://login.example.com/{}/v2.0",
        "https://login.example.com/{tid",
        "https://login.example.com/tid}",
        "https://login.example.com/{/tid}/v2.0",
        "https://login.example.com/{a/b}/v2.0",
        "https://login.example.com/{{tid}}/v2.0",
        "https://login.example.com/?t={tid}",
        "https://login.example.com/?x=/{tid}",
        "https://login.example.com/#/{tid}",
        "https://login.example.com/{tid}/?a",
        "https://login.example.com/{tid}/#a",
    ] {
        let error = with_secret().issuer_template(template).any_tenant().build();
        let error = error.unwrap_err().to_string();
        assert_contains(&error, "{claim} as a whole segment of its path", template);
        assert_contains(&error, "such as https://", template);
        assert!(error.len() < 400, "{template}: {error}");
    }
    for template in [
        TEMPLATE,
        "https://login.example.com/{tid}",
        "https://login.example.com/{tid}/",
        "http://localhost:8080/realms/{realm}",
    ] {
        let layer = with_secret().issuer_template(template).any_tenant();
        assert!(layer.build().is_ok(), "{template}");
    }
}

#[test]
fn stray_text_around_a_template_is_an_error() {
    for template in [
        format!(" {TEMPLATE}"),
        format!("{TEMPLATE}\n"),
        format!("\"{TEMPLATE}\""),
    ] {
        let error = with_secret().issuer_template(template).any_tenant().build();
        assert_contains(error.unwrap_err(), "unlike the iss", "");
    }
}

#[test]
fn a_template_that_is_set_as_a_name_is_an_error() {
    let error = with_secret().issuer(TEMPLATE).build().unwrap_err();
    assert_contains(error, ".issuer_template(…)", "");
    assert!(with_secret().issuer("{tid}").build().is_ok());
}

#[test]
fn tenants_and_templates_need_each_other() {
    let with_template = || with_secret().issuer_template(TEMPLATE);
    let none: [&str; 0] = [];
    for (case, builder, fix) in [
        ("no tenants", with_template(), ".tenants([…])"),
        (
            "both",
            with_template().tenants(["a"]).any_tenant(),
            "remove one of them",
        ),
        (
            "an empty list",
            with_template().tenants(none),
            "list the accepted tenants",
        ),
        (
            "a blank tenant",
            with_template().tenants([""]),
            "list the accepted tenants",
        ),
        (
            "a tenant with a space",
            with_template().tenants(["a", "b "]),
            "no iss can name",
        ),
        (
            "a tenant in quotes",
            with_template().tenants(["a", "'b'"]),
            "no iss can name",
        ),
        (
            "a tenant that is a whole issuer",
            with_template().tenants(["https://login.example.com/a/v2.0"]),
            "no iss can name",
        ),
        (
            "no template",
            with_secret().tenants(["a"]),
            ".issuer_template(…)",
        ),
        (
            "no template, any",
            with_secret().any_tenant(),
            ".issuer_template(…)",
        ),
        (
            "two claims",
            with_template()
                .issuer_template("https://b.example/{org}")
                .any_tenant(),
            "name different claims",
        ),
    ] {
        assert_contains(builder.build().unwrap_err(), fix, case);
    }
}

#[test]
fn two_issuers_with_an_equal_name_are_an_error() {
    let with_secret = || JwtAuthLayer::builder().secret(LONG_SECRET);
    let of_template = |template: &str| with_secret().issuer_template(template);
    let any = |template: &str| of_template(template).any_tenant();
    let named = |name: &str| with_secret().issuer(name);
    let a = "https://login.example.com/a/v2.0";
    for (case, ours, theirs, is_valid) in [
        ("equal names", named("a"), named("a"), false),
        (
            "one of two names",
            named("a").issuer("b"),
            named("c").issuer("b"),
            false,
        ),
        ("distinct names", named("a").issuer("b"), named("c"), true),
        ("a name in a template", any(TEMPLATE), named(a), false),
        ("a template with a name", named(a), any(TEMPLATE), false),
        (
            "a name of a listed tenant",
            of_template(TEMPLATE).tenants(["a"]),
            named(a),
            false,
        ),
        (
            "a name of another tenant",
            of_template(TEMPLATE).tenants(["b"]),
            named(a),
            true,
        ),
        (
            "a name with another form",
            any(TEMPLATE),
            named("https://login.example.com/a"),
            true,
        ),
        ("equal templates", any(TEMPLATE), any(TEMPLATE), false),
        (
            "equal forms, other claims",
            any(TEMPLATE),
            any("https://login.example.com/{org}/v2.0"),
            false,
        ),
        (
            "crossing forms",
            any("https://login.example.com/{tid}/b"),
            any("https://login.example.com/a/{tid}"),
            false,
        ),
        (
            "distinct templates",
            any(TEMPLATE),
            any("https://login.example.com/{tid}/v1.0"),
            true,
        ),
        (
            "disjoint tenants",
            of_template(TEMPLATE).tenants(["a"]),
            of_template(TEMPLATE).tenants(["b"]),
            false,
        ),
        (
            "a shared tenant",
            of_template(TEMPLATE).tenants(["a", "b"]),
            of_template(TEMPLATE).tenants(["b"]),
            false,
        ),
    ] {
        let built = ours.or(theirs).build();
        assert_eq!(built.is_ok(), is_valid, "{case}");
        if let Err(error) = built {
            assert_contains(error, "two issuers have the same name", case);
        }
    }
}
