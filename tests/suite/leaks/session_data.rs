//! Sessions in the cookie `session_data`, in each of its forms.

use http::{Request, header::COOKIE};
use serde_json::{Value, json};
use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};

use super::{
    marks::*,
    rejections::{Coverage, send, shapes},
};
use crate::{
    sessions::{
        cookie_cache::maker::{
            FORMS, Form, JWE_HEADER, JWT_HEADER, compact_with, expiring, jwe, jwt, millis,
        },
        server::{encoded, signed},
    },
    support::{
        any_audience,
        signing_keys::{SigningKey, jwks},
    },
};

const ORIGIN: &str = "https://app.example.com";

/// A content in which each column is marked, with these columns.
fn payload(session: Value, user: Value) -> Value {
    let mut payload = json!({
        "session": {
            "id": CLAIM, "userId": SUB, "token": SESSION_TOKEN, "ipAddress": GARBAGE,
            "expiresAt": "2999-12-02T21:11:15.332Z",
        },
        "user": { "id": SUB, "name": NAME, "email": EMAIL, "role": CLAIM, "own": [CLAIM] },
        "version": "1",
    });
    for (part, columns) in [("session", session), ("user", user)] {
        for (name, value) in columns.as_object().unwrap() {
            payload[part][name] = value.clone();
        }
    }
    payload
}

fn requests(form: Form, payload: &Value, key: &SigningKey) -> Vec<Request<()>> {
    let data = match form {
        Form::Compact => compact_with(&payload.to_string(), &millis(60), MARKED),
        Form::Jwt => jwt(JWT_HEADER, &expiring(payload), MARKED),
        Form::Jwe => jwe(JWE_HEADER, &expiring(payload), MARKED),
        Form::Public => form.cookie(payload, key),
    };
    let session = encoded(&signed(SESSION_TOKEN, MARKED));
    let cookies =
        format!("a=b; better-auth.session_token={session}; better-auth.session_data={data}");
    shapes(&COOKIE, &[cookies])
}

impl Coverage {
    pub(super) async fn session_data(&mut self) {
        let key = SigningKey::generate("EdDSA", KID);
        let layer = || -> JwtAuthLayer {
            let sessions = BetterAuthSessions::cookie_only(ORIGIN).secret(MARKED);
            let builder = any_audience().jwks_text(jwks([&key])).issuer(ORIGIN);
            builder.sessions(sessions).build().unwrap()
        };
        let none = json!({});
        let rows = [
            ("valid", "accepted", payload(none.clone(), none.clone())),
            (
                "banned",
                "banned",
                payload(none.clone(), json!({ "banned": CLAIM })),
            ),
            (
                "no email",
                "user",
                payload(none.clone(), json!({ "email": null })),
            ),
            (
                "another session",
                "session",
                payload(json!({ "token": GARBAGE }), none.clone()),
            ),
            (
                "another user",
                "session",
                payload(none.clone(), json!({ "id": BOB })),
            ),
            (
                "no time",
                "session",
                payload(json!({ "expiresAt": CLAIM }), none.clone()),
            ),
            (
                "no columns",
                "session",
                json!({ "session": MARKED, "user": [NAME] }),
            ),
        ];
        for (row, reason, payload) in rows {
            for form in FORMS {
                let row = format!("session_data {form:?}: {row}");
                for request in requests(form, &payload, &key) {
                    if reason != "accepted" {
                        self.one(layer(), request, reason, &row).await;
                        continue;
                    }
                    let marks = Marks::new().and_request(&request);
                    let (received, found) = send(layer(), request).await;
                    assert_eq!(found, reason, "{row}");
                    marks.assert_absent(received, &row);
                }
            }
        }
    }
}
