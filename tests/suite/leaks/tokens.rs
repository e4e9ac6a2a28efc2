//! A marked token for each reason to reject a token.

use serde_json::{Value, json};

use super::marks::*;
use crate::support::*;

pub(super) const ISSUER: &str = "https://app.example.com";
pub(super) const AUDIENCE: &str = "https://api.example.com";

/// The client to which all tokens are issued.
pub(super) const CLIENT: &str = "app";

/// The rules of a layer, besides the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    Plain,
    /// [`ISSUER`], [`AUDIENCE`], and [`CLIENT`].
    Named,
    /// A `.check(…)` that rejects every user.
    Checked,
}

/// Signs tokens with a key of the layer.
pub(super) struct Signer<'a> {
    pub(super) alg: &'static str,
    /// The key ID, if the layer's key has one.
    pub(super) kid: Option<&'a str>,
    pub(super) sign: &'a Sign,
}

/// Creates a token from any header and payload.
pub(super) type Sign = dyn Fn(&str, &str) -> String;

pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) rules: Rules,
    pub(super) token: String,
    pub(super) reason: &'static str,
}

pub(super) fn marked_claims(members: Value) -> Value {
    let mut claims = json!({
        "sub": SUB, "email": EMAIL, "name": NAME, "exp": NOW + 600,
        "jti": CLAIM, "azp": CLIENT, "own": { CLAIM: [CLAIM, { "deep": CLAIM }] },
    });
    for (name, value) in members.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

impl Signer<'_> {
    fn header(&self, members: Value) -> String {
        let mut header = json!({
            "alg": self.alg, "kid": self.kid.unwrap_or(KID), "x5t": MEMBER, "own": { MEMBER: MEMBER },
            "jwk": { "kty": "oct", "k": encode(MARKED) },
        });
        for (name, value) in members.as_object().unwrap() {
            header[name] = value.clone();
        }
        header.to_string()
    }

    /// A token that a layer with [`Rules::Plain`] accepts.
    pub(super) fn valid(&self) -> String {
        self.with_claims(json!({}))
    }

    fn with_header(&self, members: Value) -> String {
        (self.sign)(&self.header(members), &marked_claims(json!({})).to_string())
    }

    pub(super) fn with_claims(&self, members: Value) -> String {
        (self.sign)(&self.header(json!({})), &marked_claims(members).to_string())
    }

    /// Returns one or more invalid tokens for each reason.
    pub(super) fn invalid(&self) -> Vec<Row> {
        let valid = self.valid();
        let (input, signature) = valid.rsplit_once('.').unwrap();
        let other_half = format!("{input}.{}{}", "A".repeat(20), &signature[20..]);
        let payload = |payload: &str| (self.sign)(&self.header(json!({})), payload);
        let claims = marked_claims(json!({})).to_string();
        let id = "Xw93kfQz71Xw93kfQz71Xw93kfQz71Xw";
        let plain = [
            ("too long", valid.repeat(100), "too_long"),
            (
                "a session token",
                format!("{id}.{}=", &encode(MARKED)[..43]),
                "opaque_session_token",
            ),
            ("garbage", GARBAGE.to_owned(), "malformed"),
            ("padding", format!("{valid}="), "malformed"),
            ("four parts", format!("{valid}.{GARBAGE}"), "malformed"),
            ("not base64url", format!("+{valid}"), "malformed"),
            (
                "encrypted",
                format!("{valid}.{}.{}", encode(CLAIM), encode(GARBAGE)),
                "encrypted",
            ),
            (
                "the header of a JWE",
                self.with_header(json!({ "enc": MEMBER })),
                "encrypted",
            ),
            ("no header", (self.sign)(MEMBER, &claims), "header"),
            (
                "a kid of another type",
                self.with_header(json!({ "kid": { MEMBER: KID } })),
                "header",
            ),
            (
                "a kid like a path",
                self.with_header(json!({ "kid": [format!("../../{KID}")] })),
                "header",
            ),
            (
                "an unknown alg",
                self.with_header(json!({ "alg": MEMBER })),
                "algorithm",
            ),
            (
                "a long alg with a line break",
                self.with_header(json!({ "alg": format!("{MEMBER}\n{CLAIM}").repeat(50) })),
                "algorithm",
            ),
            (
                "no alg",
                self.with_header(json!({ "alg": "none" })),
                "algorithm",
            ),
            (
                "crit",
                self.with_header(json!({ "crit": [MEMBER] })),
                "critical_header",
            ),
            (
                "typ",
                self.with_header(json!({ "typ": MEMBER })),
                "token_type",
            ),
            ("half of the signature", other_half, "signature"),
            ("no claims", payload(CLAIM), "claims"),
            (
                "a claim twice",
                payload(&claims.replacen('{', &format!("{{\"sub\":\"{CLAIM}\","), 1)),
                "claims",
            ),
            (
                "a string as exp",
                self.with_claims(json!({ "exp": CLAIM })),
                "claims",
            ),
            (
                "expired",
                self.with_claims(json!({ "exp": NOW })),
                "expired",
            ),
            (
                "not yet valid",
                self.with_claims(json!({ "nbf": NOW + 9 })),
                "not_yet_valid",
            ),
            (
                "an array as iss",
                self.with_claims(json!({ "iss": [CLAIM] })),
                "issuer",
            ),
            (
                "an aud",
                self.with_claims(json!({ "aud": [CLAIM] })),
                "audience_not_configured",
            ),
            (
                "no sub",
                self.with_claims(json!({ "sub": [SUB] })),
                "subject",
            ),
            (
                "a control character",
                self.with_claims(json!({ "sub": format!("{SUB}\u{7}") })),
                "subject",
            ),
            (
                "no email",
                self.with_claims(json!({ "email": { EMAIL: EMAIL } })),
                "user",
            ),
            (
                "a control character in name",
                self.with_claims(json!({ "name": format!("{NAME}\u{7}") })),
                "user",
            ),
            (
                "bound to a key",
                self.with_claims(json!({ "cnf": { "jkt": CLAIM } })),
                "bound_token",
            ),
        ];
        let named = [
            (
                "another issuer",
                self.with_claims(json!({ "iss": CLAIM, "aud": AUDIENCE })),
                "issuer",
            ),
            (
                "another audience",
                self.with_claims(json!({ "iss": ISSUER, "aud": CLAIM })),
                "audience",
            ),
            (
                "another client",
                self.with_claims(json!({ "iss": ISSUER, "aud": AUDIENCE, "azp": CLAIM })),
                "authorized_party",
            ),
        ];
        let row = |rules| {
            move |(name, token, reason)| Row {
                name,
                rules,
                token,
                reason,
            }
        };
        let mut rows: Vec<Row> = plain.into_iter().map(row(Rules::Plain)).collect();
        rows.extend(named.into_iter().map(row(Rules::Named)));
        rows.push(row(Rules::Checked)(("a check", valid, "check")));
        if self.alg == "HS256" {
            let token = self.with_claims(json!({ "session": { "token": CLAIM } }));
            rows.push(row(Rules::Plain)(("a session", token, "token_type")));
        }
        if self.kid.is_some() {
            for kid in [KID.to_owned(), format!("../{KID}\n\u{1b}[31m{KID}")] {
                let token = self.with_header(json!({ "kid": kid }));
                rows.push(row(Rules::Plain)(("an unknown kid", token, "unknown_key")));
            }
        }
        rows
    }
}
