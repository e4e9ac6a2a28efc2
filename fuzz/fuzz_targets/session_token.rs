//! Any bytes as a bearer token and as a `Cookie` field cause a lookup exactly if they are or contain a
//! session token, and only of its 32 letters and digits. In the bytes, `$token` and the spellings of its
//! MAC, `$mac`, `$encoded`, and the invalid `$mixed`, are replaced with those of a session.
#![no_main]

use std::{collections::BTreeSet, sync::LazyLock};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::{
    HeaderName, HeaderValue, Request,
    header::{AUTHORIZATION, COOKIE},
};
use libfuzzer_sys::{Corpus, fuzz_target};
use percent_encoding::percent_decode;
use sha2::Sha256;
use tokio::runtime::{Builder, Runtime};
use tower_jwt_auth::{JwtAuthLayer, Rejection, test_kit::TestSessions};

const COOKIE_NAMES: [&str; 3] = [
    "__Host-better-auth.session_token",
    "__Secure-better-auth.session_token",
    "better-auth.session_token",
];

static SERVICE: LazyLock<Service> = LazyLock::new(Service::new);

fuzz_target!(|input: &[u8]| -> Corpus {
    // Each byte is a character.
    let text: String = input.iter().copied().map(char::from).collect();
    let text = text
        .replace("$token", &SERVICE.token)
        .replace("$mac", &SERVICE.mac)
        .replace("$encoded", &encoded(&SERVICE.mac))
        .replace("$mixed", &SERVICE.mac.replace('=', "%3D"));
    if header_value(&text).is_none() {
        return Corpus::Reject;
    }
    SERVICE.assert_outcome(AUTHORIZATION, &format!("Bearer {text}"), bearer(&text));
    SERVICE.assert_outcome(COOKIE, &text, cookie(&text));
    Corpus::Keep
});

/// The expected effect of a credential.
#[derive(Debug)]
enum Expected<'t> {
    LookupOf(&'t str),
    Rejection(&'static str),
    /// A rejection for another reason, without a lookup.
    NoSession,
}

fn bearer(text: &str) -> Expected<'_> {
    let text = text.trim_start_matches(' ');
    match signed(text) {
        Some((token, true)) => Expected::LookupOf(token),
        Some((_, false)) => Expected::Rejection("session_signature"),
        None if is_raw(text) => Expected::LookupOf(text),
        None => Expected::NoSession,
    }
}

fn cookie(field: &str) -> Expected<'_> {
    let cookies = || {
        let cookies = field
            .split(';')
            .map(|cookie| cookie.trim_matches([' ', '\t']));
        cookies.filter_map(|cookie| cookie.split_once('='))
    };
    for expected in COOKIE_NAMES {
        let values = cookies().filter(|(name, value)| *name == expected && !value.is_empty());
        let values: BTreeSet<&str> = values.map(|(_, value)| value).collect();
        match Vec::from_iter(values).as_slice() {
            [] => {}
            [value] => {
                return match signed(value) {
                    Some((token, true)) => Expected::LookupOf(token),
                    _ => Expected::Rejection("session_signature"),
                };
            }
            _ => return Expected::Rejection("several_tokens"),
        }
    }
    Expected::Rejection("missing_token")
}

fn is_raw(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Returns the token of a text with the form of a signed token, and whether the secret made its MAC.
fn signed(text: &str) -> Option<(&str, bool)> {
    let (token, encoded) = text.split_once('.')?;
    let decoded: Vec<u8> = percent_decode(encoded.as_bytes()).collect();
    let mac = BASE64_STANDARD.decode(decoded).ok()?;
    let plain = BASE64_STANDARD.encode(&mac);
    let upper = self::encoded(&plain);
    let lower = upper
        .replace("%2B", "%2b")
        .replace("%2F", "%2f")
        .replace("%3D", "%3d");
    let is_spelled = [plain, upper, lower].iter().any(|text| text == encoded);
    let has_form = is_raw(token) && mac.len() == 32 && is_spelled;
    let hmac = Hmac::<Sha256>::new_from_slice(SERVICE.sessions.secret().as_bytes());
    let hmac = hmac.expect("a key of any length").chain_update(token);
    has_form.then(|| (token, hmac.verify_slice(&mac).is_ok()))
}

fn encoded(mac: &str) -> String {
    { mac.replace('+', "%2B").replace('/', "%2F") }.replace('=', "%3D")
}

fn header_value(text: &str) -> Option<HeaderValue> {
    let bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
    HeaderValue::from_bytes(&bytes).ok()
}

struct Service {
    runtime: Runtime,
    sessions: TestSessions,
    layer: JwtAuthLayer,
    token: String,
    mac: String,
}

impl Service {
    fn new() -> Self {
        let sessions = TestSessions::new();
        let cookie = loop {
            let cookie = sessions.sign_in("alice");
            // All characters that have several spellings are in the MAC.
            if cookie.contains("%2B") && cookie.contains("%2F") {
                break cookie;
            }
            // libFuzzer finds the token in the comparisons of the hash map.
            sessions.sign_out(&cookie);
        };
        let bearer = TestSessions::bearer(&cookie);
        let (token, mac) = bearer.split_once('.').expect("a signed token");
        let mac = percent_decode(mac.as_bytes()).decode_utf8_lossy();
        // Kept answers would hide a lookup.
        let settings = sessions
            .sessions()
            .raw_tokens()
            .fresh_for(std::time::Duration::ZERO);
        let layer = JwtAuthLayer::builder().sessions(settings).build();
        Self {
            runtime: { Builder::new_current_thread().enable_time().build() }.expect("a runtime"),
            layer: layer.expect("the settings are valid"),
            token: token.to_owned(),
            mac: mac.into_owned(),
            sessions,
        }
    }

    fn assert_outcome(&self, name: HeaderName, value: &str, expected: Expected<'_>) {
        let value = header_value(value).expect("it was checked");
        let mut request = Request::new(());
        request.headers_mut().insert(name, value);
        let (parts, ()) = request.into_parts();
        let before = self.sessions.lookups();
        let outcome = self.runtime.block_on(self.layer.authenticate(&parts));
        let lookups = self.sessions.lookups() - before;
        let reason = match &outcome {
            Ok(user) => user.as_ref().expect("a user is required").user_id(),
            Err(response) => response
                .extensions()
                .get::<Rejection>()
                .map_or("none", Rejection::reason),
        };
        match expected {
            Expected::LookupOf(token) => {
                let expected = if token == self.token {
                    "alice"
                } else {
                    "session"
                };
                assert_eq!((reason, lookups), (expected, 1));
            }
            Expected::Rejection(expected) => assert_eq!((reason, lookups), (expected, 0)),
            Expected::NoSession => {
                assert!(outcome.is_err() && lookups == 0, "{reason}");
                assert!(!reason.starts_with("session"), "{reason}");
            }
        }
    }
}
