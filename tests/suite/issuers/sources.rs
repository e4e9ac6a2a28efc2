//! Where the tokens of a known issuer are found, alone and beside those of another issuer.

use serde_json::json;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, TokenSource};

use super::{proxies::*, *};

const OURS: &str = "https://notes.example.com";

fn ours() -> JwtAuthBuilder {
    JwtAuthLayer::builder().issuer(OURS).secret(LONG_SECRET)
}

fn our_token() -> String {
    let claims = claims_with(json!({ "iss": OURS }));
    signed_with_secret("HS256", &json!({ "alg": "HS256" }), &claims, LONG_SECRET)
}

fn access_token() -> String {
    cloudflare_row("", json!({})).token()
}

/// A layer for our tokens and those of Cloudflare Access.
async fn both(ours: JwtAuthBuilder) -> JwtAuthLayer {
    let pages = cloudflare_row("", json!({})).pages();
    let theirs = cloudflare().jwks_fetcher(pages);
    let layer = ours.or(theirs).clock(|| at(NOW)).build().unwrap();
    layer.ready().await.unwrap();
    layer
}

async fn result(layer: &JwtAuthLayer, tokens: &[(Place, &str)]) -> &'static str {
    let mut request = get("/");
    for (place, token) in tokens {
        add_token(&mut request, *place, token);
    }
    match send(layer, request).await {
        Ok(_) => "accepted",
        Err((_, reason)) => reason,
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_may_send_its_token_in_a_header_and_a_cookie() {
    let row = cloudflare_row("", json!({}));
    let layer = row.layer(&row.pages());
    layer.ready().await.unwrap();
    let valid = &*row.token();
    let invalid = &*with_flipped_bit(valid);
    for (tokens, expected) in [
        (
            &[(ASSERTION, valid), (ACCESS_COOKIE, valid)][..],
            "accepted",
        ),
        (&[(ASSERTION, valid), (ACCESS_COOKIE, invalid)], "accepted"),
        (&[(ASSERTION, invalid), (ACCESS_COOKIE, valid)], "signature"),
        (
            &[(ASSERTION, "undefined"), (ACCESS_COOKIE, valid)],
            "malformed",
        ),
        (&[(ASSERTION, ""), (ACCESS_COOKIE, valid)], "accepted"),
        (&[(Place::Bearer, valid)], "missing_token"),
        (
            &[(Place::Bearer, "opaque"), (ACCESS_COOKIE, valid)],
            "accepted",
        ),
        (&[], "missing_token"),
    ] {
        assert_eq!(result(&layer, tokens).await, expected, "{}", tokens.len());
    }
}

#[tokio::test(start_paused = true)]
async fn the_sources_of_a_second_issuer_are_added() {
    let layer = both(ours()).await;
    let (ours, theirs) = (&*our_token(), &*access_token());
    for (case, tokens, expected) in [
        ("our bearer", &[(Place::Bearer, ours)][..], "accepted"),
        ("their header", &[(ASSERTION, theirs)], "accepted"),
        ("their cookie", &[(ACCESS_COOKIE, theirs)], "accepted"),
        ("their bearer", &[(Place::Bearer, theirs)], "accepted"),
        ("our token in their header", &[(ASSERTION, ours)], "issuer"),
        (
            "our token in their cookie",
            &[(ACCESS_COOKIE, ours)],
            "issuer",
        ),
        (
            "both",
            &[(Place::Bearer, ours), (ASSERTION, theirs)],
            "several_tokens",
        ),
    ] {
        assert_eq!(result(&layer, tokens).await, expected, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_in_the_source_of_another_issuer_is_not_a_warning() {
    let layer = both(ours()).await;
    let events = Captured::start();
    assert_eq!(result(&layer, &[(ASSERTION, &our_token())]).await, "issuer");
    assert_contains(events.text(), "only in the token sources of its issuer", "");
    assert!(
        !events.text().contains("no difference"),
        "{}",
        events.text()
    );
    // The signature of the token is not verified, so any client can cause this event.
    assert_eq!(events.at("WARN"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_first_issuer_with_sources_needs_no_authorization_header() {
    let row = cloudflare_row("", json!({}));
    let pages = row.pages();
    let builder = cloudflare().or(ours());
    let layer = layer_with(builder, &pages);
    layer.ready().await.unwrap();
    let (ours, theirs) = (&*our_token(), &*access_token());
    for (case, place, token, expected) in [
        ("their header", ASSERTION, theirs, "accepted"),
        ("our bearer", Place::Bearer, ours, "accepted"),
        ("our token in their header", ASSERTION, ours, "issuer"),
    ] {
        assert_eq!(result(&layer, &[(place, token)]).await, expected, "{case}");
    }
}

#[cfg(feature = "cache")]
#[tokio::test(start_paused = true)]
async fn a_cached_token_is_rejected_in_the_source_of_another_issuer() {
    let layer = both(ours().cache_tokens(16)).await;
    let ours = &*our_token();
    for _ in 0..2 {
        assert_eq!(result(&layer, &[(Place::Bearer, ours)]).await, "accepted");
        assert_eq!(result(&layer, &[(ASSERTION, ours)]).await, "issuer");
    }
    assert!(layer.cache_stats().unwrap().hits > 0);
}

#[tokio::test]
async fn an_invalid_token_in_the_first_source_is_final() {
    let source = TokenSource::first_of([
        TokenSource::header(),
        TokenSource::cookie("a"),
        TokenSource::header_field("x-token"),
    ]);
    let layer = builder().token_sources([source]).build().unwrap();
    let valid = &*token(&claims());
    let expired = &*token(&claims_with(json!({ "exp": NOW })));
    const A: Place = Place::Cookie("a");
    const X: Place = Place::Field("x-token");
    for (case, tokens, expected) in [
        (
            "header",
            &[(Place::Bearer, valid), (A, expired)][..],
            "accepted",
        ),
        (
            "expired header",
            &[(Place::Bearer, expired), (A, valid)],
            "expired",
        ),
        (
            "malformed header",
            &[(Place::Bearer, "x"), (A, valid)],
            "malformed",
        ),
        ("cookie", &[(A, valid), (X, expired)], "accepted"),
        ("expired cookie", &[(A, expired), (X, valid)], "expired"),
        ("empty cookie", &[(A, ""), (X, valid)], "accepted"),
        ("field", &[(X, valid)], "accepted"),
    ] {
        assert_eq!(result(&layer, tokens).await, expected, "{case}");
    }
    // Two tokens in one source are ambiguous, and the next source does not replace them.
    let mut request = request_with(A, valid);
    for _ in 0..2 {
        let value = format!("Bearer {valid}").parse().unwrap();
        request.headers_mut().append("authorization", value);
    }
    let rejected = send(&layer, request).await.unwrap_err();
    assert_eq!(rejected.1, "several_tokens");
}

#[tokio::test]
async fn the_quotes_of_a_cookie_are_removed() {
    let source = TokenSource::cookie("session");
    let layer = builder().token_sources([source]).build().unwrap();
    let valid = token(&claims());
    for (value, expected) in [
        (format!("\"{valid}\""), "accepted"),
        (valid.clone(), "accepted"),
        (format!("\"{valid}"), "malformed"),
        (format!("{valid}\""), "malformed"),
        (format!("\"\"{valid}\"\""), "malformed"),
        ("\"\"".to_owned(), "missing_token"),
        ("\"".to_owned(), "malformed"),
    ] {
        let place = Place::Cookie("session");
        assert_eq!(
            result(&layer, &[(place, &value)]).await,
            expected,
            "{value}"
        );
    }
}

/// Two builders that add the same source would find each token twice.
#[test]
fn two_teams_need_one_list_of_sources() {
    let other = || JwtAuthLayer::cloudflare_access("umbrella", "1a2b");
    let error = cloudflare().or(other()).build().unwrap_err();
    for fix in ["listed twice", ".jwks_url(…)", ".issuer(…)"] {
        assert_contains(&error, fix, "");
    }
    let team = |name: &str| {
        let issuer = format!("https://{name}.cloudflareaccess.com");
        JwtAuthLayer::builder()
            .jwks_url(format!("{issuer}/cdn-cgi/access/certs"))
            .jwks_fetcher(Pages::default())
            .issuer(issuer)
            .audience("1a2b")
    };
    let source = TokenSource::header_field("cf-access-jwt-assertion");
    let both = team("acme").or(team("umbrella")).token_sources([source]);
    assert!(both.build().is_ok());
}

/// The guide recommends this for clients whose own token is in `Authorization` behind the proxy.
#[tokio::test(start_paused = true)]
async fn our_token_can_precede_that_of_the_proxy() {
    let row = cloudflare_row("", json!({}));
    let team = "https://acme.cloudflareaccess.com";
    let theirs = JwtAuthLayer::builder()
        .jwks_url(TEAM_KEYS)
        .issuer(team)
        .audience("9a8b7c")
        .jwks_fetcher(row.pages());
    let sources = [
        TokenSource::header(),
        TokenSource::header_field("cf-access-jwt-assertion"),
    ];
    let ours = ours().token_sources([TokenSource::first_of(sources)]);
    let layer = ours.or(theirs).clock(|| at(NOW)).build().unwrap();
    layer.ready().await.unwrap();
    for (tokens, issuer) in [
        (
            vec![(Place::Bearer, our_token()), (ASSERTION, access_token())],
            OURS,
        ),
        (vec![(ASSERTION, access_token())], team),
    ] {
        let mut request = get("/");
        for (place, token) in &tokens {
            add_token(&mut request, *place, token);
        }
        let user = send(&layer, request)
            .await
            .map_err(|(_, reason)| reason)
            .unwrap();
        assert_eq!(user.issuer(), Some(issuer));
    }
}
