//! Settings that contradict a protected resource.

use tower_jwt_auth::JwtAuthBuilder;

use super::*;

fn error(builder: JwtAuthBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

#[cfg(feature = "authenticator")]
#[tokio::test]
async fn other_credentials_of_the_layer_are_accepted_too() {
    use tower_jwt_auth::{Authentication, CurrentUser};

    let client = |_: &http::request::Parts| {
        Authentication::User(CurrentUser::new("client", "client@example.com"))
    };
    let layer = protected(&issuer()).authenticate_with(client);
    let answer = ask(layer.build().unwrap(), get("/")).await;
    assert_eq!(answer.reason(), "accepted");
}

#[test]
fn contradictory_settings_are_configuration_errors() {
    let issuer = issuer();
    let metadata = "https://api.example.com/metadata";
    for (builder, expected) in [
        (
            protected(&issuer).resource_metadata(metadata),
            ".protected_resource(…) and .resource_metadata(…) are both set",
        ),
        (
            protected(&TestIssuer::hs256().with_issuer(LOGIN)).allow_any_audience(),
            ".protected_resource(…) and .allow_any_audience() are both set",
        ),
        (
            protected(&issuer).accept_typ("JWT"),
            "the type JWT is set with .accept_typ(…)",
        ),
        (
            protected(&issuer).accept_typ("application/jwt"),
            "the type JWT is set with .accept_typ(…)",
        ),
        (
            issuer.layer().allow_plain_jwt(),
            ".allow_plain_jwt() is set without .protected_resource(…)",
        ),
    ] {
        let error = error(builder);
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn an_added_issuer_follows_the_same_rules() {
    let issuer = issuer();
    let other = || {
        let other = TestIssuer::hs256().with_issuer("https://other.example.com");
        other.with_clock(issuer.clock()).layer()
    };
    let with = |other| error(protected(&issuer).or(other));
    let any = ".protected_resource(…) and .allow_any_audience() are both set";
    assert!(with(other().allow_any_audience()).contains(any));
    assert!(with(other().accept_typ("JWT")).contains("the type JWT is set"));
    assert!(error(issuer.layer().or(other().allow_plain_jwt())).contains(".allow_plain_jwt()"));
    let resource = other().protected_resource(&resource());
    assert!(with(resource).contains(".protected_resource(…)"));
}

#[test]
fn another_type_is_accepted_if_it_is_named() {
    let issuer = issuer();
    let auth = protected(&issuer).accept_typ("token+jwt").build().unwrap();
    let token = access_token(&issuer).header("typ", "token+jwt").mint();
    assert_eq!(reason(&auth, &token), "accepted");
    assert_eq!(reason(&auth, &issuer.token("alice")), "token_type");
}
