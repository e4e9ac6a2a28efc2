//! A marked token for each reason to refuse one.

use serde_json::{Value, json};

use super::marks::*;
use crate::support::*;

pub(super) const ISSUER: &str = "https://app.example.com";
pub(super) const AUDIENCE: &str = "https://api.example.com";

/// What a layer asks of a token, besides a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    Plain,
    /// [`ISSUER`] and [`AUDIENCE`].
    Named,
    /// A rule of the application's own that nobody passes.
    Checked,
}

/// Who signs, as a key does that a layer has.
pub(super) struct Signer<'a> {
    pub(super) alg: &'static str,
    /// The key id of the key, if the layer knows it by one.
    pub(super) kid: Option<&'a str>,
    pub(super) sign: &'a Sign,
}

/// Makes a token of a header and a payload, whatever they are.
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
        "jti": CLAIM, "own": { CLAIM: [CLAIM, { "deep": CLAIM }] },
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
    pub(super) fn good(&self) -> String {
        self.claiming(json!({}))
    }

    fn headed(&self, members: Value) -> String {
        (self.sign)(&self.header(members), &marked_claims(json!({})).to_string())
    }

    fn claiming(&self, members: Value) -> String {
        (self.sign)(&self.header(json!({})), &marked_claims(members).to_string())
    }

    /// For each reason that a token can be refused for, one or more that are.
    pub(super) fn refused(&self) -> Vec<Row> {
        let good = self.good();
        let (input, signature) = good.rsplit_once('.').unwrap();
        let other_half = format!("{input}.{}{}", "A".repeat(20), &signature[20..]);
        let payload = |payload: &str| (self.sign)(&self.header(json!({})), payload);
        let claims = marked_claims(json!({})).to_string();
        let id = "Xw93kfQz71Xw93kfQz71Xw93kfQz71Xw";
        let plain = [
            ("too long", good.repeat(100), "too_long"),
            (
                "a session token",
                format!("{id}.{}=", &encode(MARKED)[..43]),
                "opaque_session_token",
            ),
            ("garbage", GARBAGE.to_owned(), "malformed"),
            ("padding", format!("{good}="), "malformed"),
            ("four parts", format!("{good}.{GARBAGE}"), "malformed"),
            ("no base64url", format!("+{good}"), "malformed"),
            (
                "encrypted",
                format!("{good}.{}.{}", encode(CLAIM), encode(GARBAGE)),
                "encrypted",
            ),
            (
                "the header of a JWE",
                self.headed(json!({ "enc": MEMBER })),
                "encrypted",
            ),
            ("no header", (self.sign)(MEMBER, &claims), "header"),
            (
                "a kid of another type",
                self.headed(json!({ "kid": { MEMBER: KID } })),
                "header",
            ),
            (
                "a kid like a path",
                self.headed(json!({ "kid": [format!("../../{KID}")] })),
                "header",
            ),
            (
                "an unknown alg",
                self.headed(json!({ "alg": MEMBER })),
                "algorithm",
            ),
            (
                "a long alg with a line break",
                self.headed(json!({ "alg": format!("{MEMBER}\n{CLAIM}").repeat(50) })),
                "algorithm",
            ),
            ("no alg", self.headed(json!({ "alg": "none" })), "algorithm"),
            (
                "crit",
                self.headed(json!({ "crit": [MEMBER] })),
                "critical_header",
            ),
            ("typ", self.headed(json!({ "typ": MEMBER })), "token_type"),
            ("half of the signature", other_half, "signature"),
            ("no claims", payload(CLAIM), "claims"),
            (
                "a claim twice",
                payload(&claims.replacen('{', &format!("{{\"sub\":\"{CLAIM}\","), 1)),
                "claims",
            ),
            (
                "a text as exp",
                self.claiming(json!({ "exp": CLAIM })),
                "claims",
            ),
            ("expired", self.claiming(json!({ "exp": NOW })), "expired"),
            (
                "not yet valid",
                self.claiming(json!({ "nbf": NOW + 9 })),
                "not_yet_valid",
            ),
            (
                "an array as iss",
                self.claiming(json!({ "iss": [CLAIM] })),
                "issuer",
            ),
            (
                "an aud",
                self.claiming(json!({ "aud": [CLAIM] })),
                "audience_not_configured",
            ),
            ("no sub", self.claiming(json!({ "sub": [SUB] })), "subject"),
            (
                "a control character",
                self.claiming(json!({ "sub": format!("{SUB}\u{7}") })),
                "subject",
            ),
            (
                "no email",
                self.claiming(json!({ "email": { EMAIL: EMAIL } })),
                "user",
            ),
            (
                "a control character in name",
                self.claiming(json!({ "name": format!("{NAME}\u{7}") })),
                "user",
            ),
            (
                "bound to a key",
                self.claiming(json!({ "cnf": { "jkt": CLAIM } })),
                "bound_token",
            ),
        ];
        let named = [
            (
                "another issuer",
                self.claiming(json!({ "iss": CLAIM, "aud": AUDIENCE })),
                "issuer",
            ),
            (
                "another audience",
                self.claiming(json!({ "iss": ISSUER, "aud": CLAIM })),
                "audience",
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
        rows.push(row(Rules::Checked)(("a rule", good, "check")));
        if self.alg == "HS256" {
            let token = self.claiming(json!({ "session": { "token": CLAIM } }));
            rows.push(row(Rules::Plain)(("a session", token, "token_type")));
        }
        if self.kid.is_some() {
            for kid in [KID.to_owned(), format!("../{KID}\n\u{1b}[31m{KID}")] {
                let token = self.headed(json!({ "kid": kid }));
                rows.push(row(Rules::Plain)(("an unknown kid", token, "unknown_key")));
            }
        }
        rows
    }
}
