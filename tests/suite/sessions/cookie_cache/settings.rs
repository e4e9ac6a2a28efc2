//! The configuration errors of the cookie.

use std::time::Duration;

use tower_jwt_auth::{BetterAuthSessions, JwtAuthBuilder, JwtAuthLayer, TokenSource};

use super::{ORIGIN, Store};
use crate::{
    sessions::{
        server::SECRET,
        settings::{Configure, assert_problem},
    },
    support::{
        any_audience, keyless,
        signing_keys::{SigningKey, jwks},
    },
};

fn cookie_only(configure: Configure) -> JwtAuthBuilder {
    let sessions = BetterAuthSessions::cookie_only(ORIGIN).secret(SECRET);
    JwtAuthLayer::builder().sessions(configure(sessions))
}

fn store(configure: Configure) -> JwtAuthBuilder {
    let sessions = BetterAuthSessions::store(Store::default(), ORIGIN).secret(SECRET);
    JwtAuthLayer::builder().sessions(configure(sessions))
}

fn remote(configure: Configure) -> JwtAuthBuilder {
    JwtAuthLayer::builder().sessions(configure(BetterAuthSessions::remote(ORIGIN)))
}

#[test]
fn the_cookie_needs_a_key() {
    let what = &[".cookie_cache()", "secret", ".secret(…)", "jwt()"][..];
    let key = SigningKey::generate("EdDSA", "key-1");
    let public = any_audience().jwks_text(jwks([&key]));
    let with = |builder: JwtAuthBuilder, sessions| builder.sessions(sessions);
    let only = || BetterAuthSessions::cookie_only(ORIGIN);
    let cached = || BetterAuthSessions::remote(ORIGIN).cookie_cache();
    let other = public.clone().issuer("https://idp.example.net");
    for (row, builder, expected) in [
        ("nothing", with(keyless(), only()), what),
        ("nothing, remote", with(keyless(), cached()), what),
        ("a secret", with(keyless(), only().secret(SECRET)), &[]),
        (
            "a secret, remote",
            with(keyless(), cached().secret(SECRET)),
            &[],
        ),
        ("public keys", with(public.clone(), only()), &[]),
        ("public keys, remote", with(public.clone(), cached()), &[]),
        (
            "public keys of another issuer",
            with(other.clone(), only()),
            what,
        ),
        ("and a secret", with(other, only().secret(SECRET)), &[]),
        (
            "the secret of access tokens",
            with(keyless().secret(SECRET), only()),
            what,
        ),
        (
            "public keys of the second issuer",
            with(keyless().secret(SECRET).issuer("https://a.example"), only())
                .or(public.issuer(ORIGIN)),
            what,
        ),
    ] {
        assert_problem(row, builder, expected);
    }
}

#[test]
fn settings_of_the_cookie_need_it() {
    let what = &[".cookie_cache_version(…)", "no effect", ".cookie_cache()"][..];
    let rows: [(&str, Configure, &[&str]); 5] = [
        ("version", |it| it.cookie_cache_version("2"), what),
        ("name", |it| it.cookie_cache_name("x"), what),
        (
            "both",
            |it| it.cookie_cache_name("x").cookie_cache_version("2"),
            what,
        ),
        (
            "with it",
            |it| it.cookie_cache_name("x").cookie_cache(),
            &[],
        ),
        (
            "before it",
            |it| it.cookie_cache_version("2").cookie_cache(),
            &[],
        ),
    ];
    for (row, configure, expected) in rows {
        assert_problem(row, remote(|it| it.secret(SECRET)).clone(), &[]);
        assert_problem(row, store(configure), expected);
    }
    let both: Configure = |it| it.cookie_cache_name("x").cookie_cache_version("2");
    assert_problem("cookie_only", cookie_only(both), &[]);
}

#[test]
fn the_name_is_a_cookie_name() {
    let what = &[
        "the name of the cookie session_data",
        ".cookie_cache_name(…)",
    ][..];
    let rows: [(&str, Configure, &[&str]); 6] = [
        ("a name", |it| it.cookie_cache_name("app.data"), &[]),
        ("empty", |it| it.cookie_cache_name(""), what),
        ("a space", |it| it.cookie_cache_name("a b"), what),
        ("an equals sign", |it| it.cookie_cache_name("a=b"), what),
        ("a semicolon", |it| it.cookie_cache_name("a;b"), what),
        ("not ASCII", |it| it.cookie_cache_name("ä"), what),
    ];
    for (row, configure, expected) in rows {
        assert_problem(row, cookie_only(configure), expected);
    }
}

#[test]
fn without_a_store_nothing_is_looked_up() {
    let what = &["no effect", "cookie_only(…)", "remove"][..];
    let rows: [(&str, Configure, &[&str]); 7] = [
        ("nothing", |it| it, &[]),
        ("fresh_for", |it| it.fresh_for(Duration::from_secs(1)), what),
        ("fresh_for 0", |it| it.fresh_for(Duration::ZERO), what),
        ("max_lookups", |it| it.max_lookups(16), what),
        ("raw_tokens", BetterAuthSessions::raw_tokens, what),
        (
            "session_url",
            |it| it.session_url("https://app.example.com/api/auth/get-session"),
            &["no effect", "remote(…)"],
        ),
        (
            "trusted_origins",
            |it| it.trusted_origins(["https://b.example.com"]),
            &[],
        ),
    ];
    for (row, configure, expected) in rows {
        assert_problem(row, cookie_only(configure), expected);
    }
}

#[test]
fn the_cookie_is_no_token_source() {
    let what = &["TokenSource::cookie(…)", "session cookie", "remove"][..];
    for (name, expected) in [
        ("better-auth.session_data", what),
        ("__Secure-better-auth.session_data", what),
        ("__Host-better-auth.session_data", what),
        ("better-auth.session_token", what),
        ("app.session_data", &[]),
    ] {
        let sources = [TokenSource::header(), TokenSource::cookie(name)];
        let builder = cookie_only(|it| it).token_sources(sources);
        assert_problem(name, builder, expected);
    }
}
