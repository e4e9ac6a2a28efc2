//! `TokenVerifier::explain`: which check rejects a token, and that it agrees with the verifier.

use std::collections::HashSet;

use serde_json::{Value, json};
use tower_jwt_auth::{
    CheckOutcome::{self, *},
    ExplainedCheck, Explanation, JwtAuthBuilder, JwtAuthLayer, TokenCheck,
};
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
use tower_jwt_auth::{KeySet, SharedKeys};

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
use crate::support::signing_keys::*;
use crate::support::*;

const ISSUER: &str = "https://app.example.com";
const AUDIENCE: &str = "https://api.example.com";
const CLIENT: &str = "app";

/// Explains a token, and compares the explanation with the verifier.
#[track_caller]
pub(crate) fn explain(layer: &JwtAuthLayer, token: &str) -> Explanation {
    let verifier = layer.verifier();
    let explanation = verifier.explain(token);
    assert_eq!(explanation.error(), verifier.verify(token).err());
    let outcomes: Vec<CheckOutcome> = explanation.checks().map(ExplainedCheck::outcome).collect();
    let distinct: HashSet<_> = explanation.checks().map(ExplainedCheck::check).collect();
    assert_eq!(distinct.len(), outcomes.len(), "a check is listed twice");
    let position = outcomes.iter().position(|outcome| *outcome == Failed);
    assert_eq!(position.is_some(), explanation.error().is_some());
    let passed = position.unwrap_or(outcomes.len());
    assert!(outcomes[..passed].iter().all(|outcome| *outcome == Passed));
    let later = outcomes.get(passed + 1..).unwrap_or_default();
    assert!(!later.contains(&Failed), "two checks decide");
    for check in explanation.checks() {
        let is_failed = matches!(check.outcome(), Failed | AlsoFailed);
        assert_eq!(check.difference().is_some(), is_failed, "{check}");
    }
    explanation
}

#[track_caller]
fn failed_check(layer: &JwtAuthLayer, token: &str) -> Option<TokenCheck> {
    let explanation = explain(layer, token);
    println!("{explanation}");
    explanation.failed().map(ExplainedCheck::check)
}

fn named() -> JwtAuthBuilder {
    builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .authorized_party(CLIENT)
        .check(|user| user.name() != Some("Mallory"))
}

fn named_claims() -> Value {
    claims_with(json!({ "iss": ISSUER, "aud": AUDIENCE, "azp": CLIENT }))
}

/// The defects of tokens, each with the check that finds it, in the order of the checks.
const DEFECTS: [TokenCheck; 13] = [
    TokenCheck::Form,
    TokenCheck::Header,
    TokenCheck::Algorithm,
    TokenCheck::Type,
    TokenCheck::Signature,
    TokenCheck::Claims,
    TokenCheck::Times,
    TokenCheck::Issuer,
    TokenCheck::Audience,
    TokenCheck::AuthorizedParty,
    TokenCheck::UserId,
    TokenCheck::Email,
    TokenCheck::OwnChecks,
];

fn token_with(defects: &[TokenCheck]) -> String {
    let mut header = json!({ "alg": "HS256", "typ": "JWT" });
    let mut claims = named_claims();
    let mut secret = SECRET;
    for defect in defects {
        match defect {
            TokenCheck::Header => header["crit"] = json!(["x"]),
            TokenCheck::Algorithm => header["alg"] = json!("HS512"),
            TokenCheck::Type => header["typ"] = json!("dpop+jwt"),
            TokenCheck::Signature => secret = "another secret, which has 32 bytes",
            TokenCheck::Claims => claims["cnf"] = json!({}),
            TokenCheck::Times => claims["exp"] = json!(NOW),
            TokenCheck::Issuer => claims["iss"] = json!("https://app.example.com/"),
            TokenCheck::Audience => claims["aud"] = json!("x"),
            TokenCheck::AuthorizedParty => claims["azp"] = json!("x"),
            TokenCheck::UserId => claims["sub"] = json!(7),
            TokenCheck::Email => claims["email"] = json!(null),
            TokenCheck::OwnChecks => claims["name"] = json!("Mallory"),
            _ => {}
        }
    }
    let token = sign(header.to_string(), claims.to_string(), secret);
    match defects {
        [TokenCheck::Form, ..] => token.rsplit_once('.').unwrap().0.to_owned(),
        _ => token,
    }
}

#[test]
fn of_several_defects_the_first_check_in_the_order_fails() {
    let layer = named().build().unwrap();
    for bits in 0..1_u32 << DEFECTS.len() {
        let chosen = (0..DEFECTS.len()).filter(|position| bits & (1 << position) != 0);
        let defects: Vec<TokenCheck> = chosen.map(|position| DEFECTS[position]).collect();
        let explanation = explain(&layer, &token_with(&defects));
        let failed = explanation.failed().map(ExplainedCheck::check);
        assert_eq!(failed, defects.first().copied(), "{defects:?}");
        let mut checks = explanation.checks();
        for defect in defects.iter().skip(1) {
            let check = checks.find(|check| check.check() == *defect).unwrap();
            let expected = match defect {
                _ if matches!(defects[0], TokenCheck::Form | TokenCheck::Header) => NotReached,
                TokenCheck::Signature | TokenCheck::OwnChecks => NotReached,
                _ => AlsoFailed,
            };
            assert_eq!(check.outcome(), expected, "{defects:?}: {explanation}");
        }
        let also_failed = explanation
            .checks()
            .filter(|check| check.outcome() == AlsoFailed);
        let also_failed: Vec<TokenCheck> = also_failed.map(ExplainedCheck::check).collect();
        assert!(
            also_failed.iter().all(|check| defects.contains(check)),
            "{defects:?}"
        );
    }
    let explanation = explain(&layer, &token_with(&[]));
    let listed: Vec<TokenCheck> = explanation.checks().map(ExplainedCheck::check).collect();
    let listed = listed.into_iter().filter(|check| DEFECTS.contains(check));
    assert!(listed.eq(DEFECTS), "the order");
}

#[test]
fn a_token_with_any_byte_replaced_is_explained_with_its_error() {
    let layer = named().build().unwrap();
    let valid = token_with(&[]);
    for position in 0..valid.len() {
        explain(&layer, &valid[..position]);
        for replacement in [".", "=", "A", "\0", "é", "AA", ""] {
            let mut token = valid.clone();
            token.replace_range(position..=position, replacement);
            explain(&layer, &token);
        }
    }
}

#[test]
fn each_error_of_several_checks_is_attributed_to_the_right_one() {
    let layer = named().build().unwrap();
    let with = |members: Value| {
        let mut claims = named_claims();
        for (name, value) in members.as_object().unwrap() {
            claims[name] = value.clone();
        }
        token(&claims)
    };
    let jwe = encode(r#"{"alg":"dir","enc":"A256GCM"}"#) + ".YQ.YQ.YQ.YQ";
    let services = named().allow_services().build().unwrap();
    for (row, layer, token, expected) in [
        ("a long token", &layer, "a".repeat(20_000), TokenCheck::Form),
        ("five parts", &layer, jwe, TokenCheck::Form),
        (
            "a JWE's header",
            &layer,
            token_with_header(r#"{"alg":"dir","enc":"A256GCM"}"#),
            TokenCheck::Header,
        ),
        (
            "no JSON",
            &layer,
            token_with_payload("alice"),
            TokenCheck::Claims,
        ),
        (
            "no text",
            &layer,
            token_with_payload([0xff]),
            TokenCheck::Claims,
        ),
        (
            "session data",
            &layer,
            with(json!({ "session": {} })),
            TokenCheck::Claims,
        ),
        (
            "milliseconds",
            &layer,
            with(json!({ "exp": NOW * 1000 })),
            TokenCheck::Times,
        ),
        (
            "a text as exp",
            &layer,
            with(json!({ "exp": "x" })),
            TokenCheck::Claims,
        ),
        (
            "nbf",
            &layer,
            with(json!({ "nbf": NOW + 9 })),
            TokenCheck::Times,
        ),
        (
            "a reserved ID",
            &services,
            with(json!({ "sub": "service:x" })),
            TokenCheck::Claims,
        ),
        (
            "a control character in the name",
            &layer,
            with(json!({ "name": "\u{7}" })),
            TokenCheck::Email,
        ),
    ] {
        assert_eq!(failed_check(layer, &token), Some(expected), "{row}");
    }
}

#[test]
fn a_missing_secret_is_found_where_the_verifier_finds_it() {
    let missing = || {
        keyless()
            .secret_from_env("TOWER_JWT_AUTH_UNSET")
            .allow_missing_secret()
    };
    let single = missing().build().unwrap();
    for token in [token(&claims()), "a.b".to_owned()] {
        assert_eq!(failed_check(&single, &token), Some(TokenCheck::Secret));
    }
    let first = explain(&single, "a.b").checks().next().unwrap().check();
    assert_eq!(first, TokenCheck::Secret);

    let several = missing().issuer(ISSUER);
    let several = several.or(builder().issuer(AUDIENCE)).build().unwrap();
    assert_eq!(failed_check(&several, "a.b"), Some(TokenCheck::Form));
    let named = token(&named_claims());
    assert_eq!(failed_check(&several, &named), Some(TokenCheck::Secret));
}

#[test]
fn with_several_issuers_the_checks_are_those_of_the_named_one() {
    let other = "https://partner.example.com";
    let partner = keyless().secret("another secret, which has 32 bytes");
    let partner = partner.issuer(other).audience("partner");
    let layer = named().or(partner).build().unwrap();
    let audience = |explanation: &Explanation| {
        let mut checks = explanation.checks();
        let found = checks.find(|check| check.check() == TokenCheck::Audience);
        found.unwrap().configured().map(str::to_owned)
    };
    let ours = explain(&layer, &token(&named_claims()));
    assert_eq!(audience(&ours).unwrap(), format!("{AUDIENCE:?}"));
    let theirs = explain(&layer, &token(&claims_with(json!({ "iss": other }))));
    assert_eq!(audience(&theirs).unwrap(), "\"partner\"");
    let failed = theirs.failed().map(ExplainedCheck::check);
    assert_eq!(failed, Some(TokenCheck::Signature));

    for (row, token) in [
        ("no iss", token(&claims())),
        ("unknown", token(&claims_with(json!({ "iss": "x" })))),
        ("no JSON", token_with_payload("alice")),
    ] {
        let explanation = explain(&layer, &token);
        let failed = explanation.failed().unwrap();
        assert_eq!(failed.check(), TokenCheck::IssuerSelection, "{row}");
        let names = format!("{ISSUER:?} or {other:?}");
        assert_eq!(failed.configured(), Some(&*names), "{row}");
        assert_eq!(audience(&explanation), None, "{row}");
    }
}

#[test]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
fn an_error_of_the_keys_is_not_one_of_the_algorithm() {
    let (first, second) = (
        SigningKey::generate("ES256", "1"),
        SigningKey::generate("ES256", "2"),
    );
    let layer = any_audience()
        .jwks_text(jwks_of([first.jwk()]))
        .build()
        .unwrap();
    assert_eq!(failed_check(&layer, &first.token(&claims())), None);
    for (row, token, expected) in [
        ("kid", second.token(&claims()), TokenCheck::Key),
        ("HS256", token(&claims()), TokenCheck::Algorithm),
        (
            "the key is for another algorithm",
            sign(r#"{"alg":"EdDSA","kid":"1"}"#, claims().to_string(), "x"),
            TokenCheck::Key,
        ),
        (
            "another key with this kid",
            second.sign(&json!({ "alg": "ES256", "kid": "1" }), &claims()),
            TokenCheck::Signature,
        ),
    ] {
        assert_eq!(failed_check(&layer, &token), Some(expected), "{row}");
    }
    let empty = any_audience().shared_keys(SharedKeys::new(KeySet::default()));
    let empty = empty.build().unwrap();
    let token = first.token(&claims());
    assert_eq!(failed_check(&empty, &token), Some(TokenCheck::Key));
}

#[test]
fn the_text_lists_the_checks_and_the_fix() {
    let layer = builder().issuer(ISSUER).build().unwrap();
    let claims = json!({ "iss": "https://app.example.com/", "exp": NOW - 3 * 3600, "email": null });
    let token = token(&claims_with(claims));
    assert_eq!(
        explain(&layer, &token).to_string(),
        "\
passed       secret
passed       form              at most 16384 bytes
passed       header
passed       issuer selection  one issuer
passed       algorithm         HS256
passed       type              \"JWT\" or \"at+jwt\"
passed       key               the keys that are set on the builder
passed       signature
passed       claims
FAILED       times             no leeway
             the token expired 3 h ago; the client must get a new one; if it is new, check that the clocks agree, or allow for a difference with .leeway(…)
also FAILED  issuer            \"https://app.example.com\"
             iss must be \"https://app.example.com\", but the token's value has a trailing slash; .issuer(…) sets the expected value
passed       audience          no audience, so the token must have none
passed       authorized party  any client
passed       user ID           sub, at most 255 bytes
also FAILED  email             email, required
             email is required, but the token's value is null; configure the issuer to add it, set another claim with .email_claim(…), or call .email_optional()
not reached  own checks        0 set with .check(…)
"
    );
}

#[test]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
fn a_key_of_another_tenant_is_found_after_the_claims() {
    let key = SigningKey::generate("ES256", "1");
    let layer = |key_issuer: &str| {
        let jwk = with(key.jwk(), json!({ "issuer": key_issuer }));
        let builder = keyless().jwks_text(jwks_of([jwk])).any_tenant();
        let builder = builder.issuer_template("https://login.example.com/{tid}/v2");
        builder.audience(AUDIENCE).build().unwrap()
    };
    let claims = |iss: &str| {
        let iss = format!("https://login.example.com/{iss}/v2");
        claims_with(json!({ "iss": iss, "aud": AUDIENCE, "tid": "a" }))
    };
    let ours = layer("https://login.example.com/{tenantid}/v2");
    assert_eq!(failed_check(&ours, &key.token(&claims("a"))), None);
    let other = key.token(&claims("b"));
    assert_eq!(failed_check(&ours, &other), Some(TokenCheck::Issuer));
    let theirs = layer("https://login.example.com/b/v2");
    let failed = failed_check(&theirs, &key.token(&claims("a")));
    assert_eq!(failed, Some(TokenCheck::KeyIssuer));
}

#[test]
fn an_issuer_that_is_added_during_an_explanation_leaves_one_failed_check() {
    use std::sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    };

    use tower_jwt_auth::Issuers;

    const TENANT: &str = "https://tenant.example.com";
    const TENANT_SECRET: &str = "another secret of 32 bytes or more";

    let issuers: Arc<OnceLock<Issuers>> = Arc::default();
    let reads = AtomicUsize::new(0);
    let known = Arc::clone(&issuers);
    // The verifier reads the clock once, and then the explanation does.
    let clock = move || {
        if let Some(issuers) = known.get()
            && reads.fetch_add(1, Ordering::Relaxed) == 1
        {
            let tenant = JwtAuthLayer::builder().secret(TENANT_SECRET);
            issuers.add(tenant.issuer(TENANT)).unwrap();
        }
        at(NOW)
    };
    let other = JwtAuthLayer::builder().secret("a third secret, of 32 bytes or more");
    let layer = builder()
        .issuer(ISSUER)
        .or(other.issuer("https://other.example.com"));
    let layer = layer.clock(clock).build().unwrap();
    issuers.set(layer.issuers()).unwrap();
    let claims = claims_with(json!({ "iss": TENANT })).to_string();
    let token = sign(r#"{"alg":"HS256"}"#, claims, TENANT_SECRET);
    let explanation = layer.verifier().explain(&token);
    assert_eq!(layer.issuers().names().len(), 3);
    assert!(explanation.error().is_some());
    let failed = explanation.failed().map(ExplainedCheck::check);
    assert_eq!(failed, Some(TokenCheck::IssuerSelection), "{explanation}");
}
