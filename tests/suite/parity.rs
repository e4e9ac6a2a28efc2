//! The requests of `parity.json`, with the recorded responses of a FastAPI application that uses
//! `current_user = Depends(get_current_user)`, and the responses of the axum example. If the two
//! differ, the case states the reason.

use axum::Router;
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt;
use tower_jwt_auth::JwtAuthLayer;

use crate::support::*;

#[path = "../../examples/axum.rs"]
#[allow(dead_code)]
mod example;

#[tokio::test]
async fn the_axum_example_answers_every_case_as_recorded() {
    let file: File = serde_json::from_str(include_str!("parity.json")).unwrap();
    assert_eq!(file.cases.len(), 32);
    for case in &file.cases {
        let answer = case.ask(&file.secret).await;
        case.ours.assert_is(&answer, &case.name);
    }
}

#[test]
fn each_difference_from_fastapi_has_a_reason() {
    let file: File = serde_json::from_str(include_str!("parity.json")).unwrap();
    for case in &file.cases {
        let same_status = case.fastapi.status == case.ours.status;
        let is_known = case.ours.json.is_some() || case.ours.is_empty;
        let same_body = !is_known || case.ours.json == case.fastapi.json;
        assert_eq!(
            same_status && same_body,
            case.why_different.is_none(),
            "{}",
            case.name
        );
    }
}

#[test]
fn the_guide_lists_each_difference() {
    let file: File = serde_json::from_str(include_str!("parity.json")).unwrap();
    let differing = file
        .cases
        .iter()
        .filter(|case| case.why_different.is_some());
    let guide = include_str!("../../docs/from-fastapi.md");
    let (_, table) = guide.split_once("## Where the responses differ").unwrap();
    let (table, _) = table.split_once("All 32 requests").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    assert_eq!(differing.count(), rows.count());
    for text in [guide, include_str!("../../README.md")] {
        assert!(text.to_lowercase().contains("six "), "{text}");
    }
}

#[derive(Deserialize)]
struct File {
    secret: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    method: String,
    path: String,
    configured: bool,
    authorization: Option<Authorization>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<Value>,
    ours: Expected,
    fastapi: Expected,
    why_different: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Authorization {
    Raw { raw: String },
    Token { scheme: String, token: Token },
}

#[derive(Deserialize)]
struct Token {
    header: Value,
    claims: Value,
    key: String,
    tamper: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    status: u16,
    www_authenticate: Option<String>,
    www_authenticate_prefix: Option<String>,
    json: Option<Value>,
    #[serde(default)]
    is_empty: bool,
}

impl Case {
    async fn ask(&self, secret: &str) -> Answer {
        let builder = if self.configured {
            JwtAuthLayer::builder().secret(secret)
        } else {
            JwtAuthLayer::builder()
                .secret_from_env("TOWER_JWT_AUTH_UNSET")
                .allow_missing_secret()
        };
        let auth = builder.clock(|| at(NOW)).build().unwrap();
        let router: Router = example::router(auth).unwrap();

        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(&self.path);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.value(secret));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let body = match &self.body {
            Some(json) => {
                request = request.header("content-type", "application/json");
                json.to_string()
            }
            None => String::new(),
        };
        let request = request.body(axum::body::Body::from(body)).unwrap();
        let response: Response<_> = router.oneshot(request).await.unwrap();
        response.into_answer().await
    }
}

impl Authorization {
    fn value(&self, secret: &str) -> HeaderValue {
        let value = match self {
            Self::Raw { raw } => raw.clone(),
            Self::Token { scheme, token } => scheme.clone() + &token.mint(secret),
        };
        value.parse().unwrap()
    }
}

impl Token {
    fn mint(&self, secret: &str) -> String {
        let mut claims = self.claims.clone();
        for claim in claims.as_object_mut().unwrap().values_mut() {
            // "+600" is the time 600 s from now.
            let offset = claim.as_str().filter(|text| text.starts_with(['+', '-']));
            if let Some(offset) = offset.and_then(|text| text.parse::<i64>().ok()) {
                *claim = (NOW as i64 + offset).into();
            }
        }
        let key = match self.key.as_str() {
            "secret" => secret.to_owned(),
            "other" => "x".repeat(32),
            key => panic!("unknown key {key}"),
        };
        let signing_input = format!(
            "{}.{}",
            encode(self.header.to_string()),
            encode(claims.to_string())
        );
        let token = match self.header["alg"].as_str() {
            Some("HS512") => sign_hs512(&signing_input, &key),
            _ => sign_encoded(&signing_input, &key),
        };
        match self.tamper.as_deref() {
            None => token,
            Some("truncate_signature") => token[..token.len() - 4].to_owned(),
            Some("flip_payload") => {
                let (header, rest) = token.split_once('.').unwrap();
                let (payload, signature) = rest.split_once('.').unwrap();
                let flipped = if payload.ends_with('A') { "B" } else { "A" };
                let payload = format!("{}{flipped}", &payload[..payload.len() - 1]);
                assert_ne!(token, format!("{header}.{payload}.{signature}"));
                format!("{header}.{payload}.{signature}")
            }
            Some(tamper) => panic!("unknown kind of tampering: {tamper}"),
        }
    }
}

impl Expected {
    fn assert_is(&self, answer: &Answer, case: &str) {
        let status = answer.status().as_u16();
        assert_eq!(status, self.status, "{case}");
        if let Some(challenge) = &self.www_authenticate {
            assert_eq!(answer.challenge(), Some(challenge.as_str()), "{case}");
        } else if let Some(prefix) = &self.www_authenticate_prefix {
            assert!(
                answer
                    .challenge()
                    .is_some_and(|challenge| challenge.starts_with(prefix)),
                "{case}: {:?}",
                answer.challenge()
            );
        } else {
            assert_eq!(answer.challenge(), None, "{case}");
        }
        if let Some(json) = &self.json {
            assert_eq!(&answer.json(), json, "{case}");
        }
        assert!(!self.is_empty || answer.body.is_empty(), "{case}");
    }
}

fn sign_hs512(signing_input: &str, key: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};

    let mac = Hmac::<sha2::Sha512>::new_from_slice(key.as_bytes()).unwrap();
    let tag = mac.chain_update(signing_input).finalize().into_bytes();
    format!("{signing_input}.{}", encode(tag))
}
