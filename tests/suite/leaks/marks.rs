//! The marked values that must not leak, and the search for them.

use std::{collections::HashSet, error::Error, fmt::Display, sync::LazyLock};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use http::{
    Request,
    header::{AUTHORIZATION, COOKIE},
};

/// The current and the previous secret. No two marks share ten consecutive bytes, so a piece that a
/// test finds identifies its mark.
pub(super) const MARKED: &str = "sEcReT-9vQ2-of-m4rk3d-bytes-Zk7Wd0xLp";
pub(super) const OLD_MARKED: &str = "0lD-4hTb-sEcReT-Rj8Nc5yGq-Uf1-iSu6aK";

/// Claims.
pub(super) const SUB: &str = "sub-Xw93kfQz71";
pub(super) const EMAIL: &str = "mail-Pj44tbVn@Sd08wlHh.example";
pub(super) const NAME: &str = "name-Lk82hdRrIa";
pub(super) const CLAIM: &str = "claim-Gt57ysMmTe";

/// Members of the header.
pub(super) const KID: &str = "kid-Bq19zeCcUn";
pub(super) const MEMBER: &str = "member-Ow63naDd";

/// The ID of another user, in a path.
pub(super) const BOB: &str = "bob-Yx20muFf99";

/// A string that is not a JWT.
pub(super) const GARBAGE: &str = "garbage-Hv75coEe";

/// A session token of Better Auth.
pub(super) const SESSION_TOKEN: &str = "tKn5Rw81mEc47Vz2QpJy6Nh3Ub9Ks0Af";

const ALL: [&str; 11] = [
    MARKED,
    OLD_MARKED,
    SUB,
    EMAIL,
    NAME,
    CLAIM,
    KID,
    MEMBER,
    BOB,
    GARBAGE,
    SESSION_TOKEN,
];

/// The number of consecutive bytes that count as a leak. Shorter matches occur by chance.
const PIECE: usize = 10;

/// The pieces of all marked values, in each form that output could contain.
#[derive(Clone)]
pub(super) struct Marks(HashSet<[u8; PIECE]>);

impl Marks {
    pub(super) fn new() -> Self {
        static NEW: LazyLock<Marks> =
            LazyLock::new(|| ALL.into_iter().fold(Marks(HashSet::new()), Marks::and));
        NEW.clone()
    }

    /// Adds all forms of a secret.
    fn and(self, secret: &str) -> Self {
        forms(secret.as_bytes())
            .into_iter()
            .fold(self, Self::and_form)
    }

    /// Adds each part of this token as it is, because the parts are already encoded.
    pub(super) fn and_token(self, token: &str) -> Self {
        let parts = token.split('.').filter(|part| part.len() >= PIECE);
        parts.fold(self, |marks, part| marks.and_form(part.into()))
    }

    /// Adds the tokens in `Authorization` and the values of the cookies.
    pub(super) fn and_request<B>(self, request: &Request<B>) -> Self {
        let fields = |name| {
            let fields = request.headers().get_all(name).iter();
            fields.filter_map(|field| field.to_str().ok())
        };
        let tokens = fields(AUTHORIZATION).map(|field| field.trim_start_matches("Bearer "));
        let cookies = fields(COOKIE).flat_map(|field| field.split("; "));
        let values = cookies.filter_map(|cookie| Some(cookie.split_once('=')?.1));
        tokens.chain(values).fold(self, Self::and_token)
    }

    fn and_form(mut self, form: Vec<u8>) -> Self {
        self.0.extend(pieces(&without_white_space(&form)));
        self
    }

    #[track_caller]
    pub(super) fn assert_absent(&self, text: impl AsRef<[u8]>, row: impl Display) {
        let text = text.as_ref();
        if let Some(piece) = self.find(text) {
            let text = String::from_utf8_lossy(text);
            panic!("{row}: {piece:?} leaked in: {text}");
        }
    }

    fn find(&self, text: &[u8]) -> Option<String> {
        let text = without_white_space(text);
        let found = pieces(&text).find(|piece| self.0.contains(piece));
        found.map(|piece| String::from_utf8_lossy(&piece).into_owned())
    }
}

fn pieces(text: &[u8]) -> impl Iterator<Item = [u8; PIECE]> {
    text.windows(PIECE)
        .filter_map(|piece| piece.try_into().ok())
}

/// The bytes as they are, in hex, in base64, and as a list of numbers.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let join = |form: fn(&u8) -> String, separator: &str| {
        let bytes: Vec<_> = bytes.iter().map(form).collect();
        bytes.join(separator).into_bytes()
    };
    let mut forms = vec![
        bytes.to_vec(),
        join(|byte| format!("{byte:02x}"), ""),
        join(|byte| format!("{byte:02X}"), ""),
        join(u8::to_string, ","),
        join(|byte| format!("{byte:x}"), ","),
        join(|byte| format!("0x{byte:x}"), ","),
    ];
    // Base64 depends on the number of preceding bytes modulo three.
    for before in 0..3 {
        let all = [&[0; 2][..before], bytes].concat();
        let known = (before * 8).div_ceil(6)..all.len() * 8 / 6;
        for base64 in [
            BASE64_STANDARD_NO_PAD.encode(&all),
            BASE64_URL_SAFE_NO_PAD.encode(&all),
        ] {
            forms.push(base64[known.clone()].into());
        }
    }
    forms
}

/// Removes white space, which `{:#?}` inserts.
fn without_white_space(text: &[u8]) -> Vec<u8> {
    let bytes = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    bytes.copied().collect()
}

/// Returns the complete output of an error and its sources.
pub(super) fn full_text(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        text += &format!("{error} {error:#} {error:?} {error:#?}\n");
        next = error.source();
    }
    text
}

#[test]
fn a_mark_is_found_in_every_form() {
    let marks = Marks::new();
    let bytes = MARKED.as_bytes();
    let part = &bytes[5..25];
    for text in [
        format!("it is {MARKED}"),
        format!("{bytes:?}"),
        format!("{part:#?}"),
        format!("{part:x?}"),
        format!("{part:#x?}"),
        BASE64_STANDARD_NO_PAD.encode(MARKED),
        BASE64_URL_SAFE_NO_PAD.encode(format!("{{\"sub\":\"{SUB}\"}}")),
        BASE64_STANDARD_NO_PAD.encode(format!("a:{MARKED}:b")),
        BASE64_STANDARD_NO_PAD.encode(format!("ab:{MARKED}:b")),
        bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
        SUB.to_owned(),
        NAME.to_owned(),
    ] {
        assert!(marks.find(text.as_bytes()).is_some(), "{text}");
    }
    assert_eq!(
        marks.find(b"a sentence about secrets, tokens and claims"),
        None
    );
}
