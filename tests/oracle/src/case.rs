use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use proptest::{prelude::*, sample::Index};
use sha2::Sha256;

use crate::{
    json::{self, Member},
    policy::{Policy, SECRETS, any_policy},
};

/// A token, and the policy that it is verified with.
#[derive(Clone, Debug)]
pub struct Case {
    pub policy: Policy,
    pub damage: Damage,
    header: Vec<Member>,
    claims: Vec<Member>,
    secret: &'static str,
}

/// A change to a well-formed token.
#[derive(Clone, Debug)]
pub enum Damage {
    None,
    /// A byte of the header's JSON is changed, and the token is signed again.
    Header(Change),
    /// A byte of the claims' JSON is changed, and the token is signed again.
    Claims(Change),
    /// A character of an encoded part is changed, and the token is signed again.
    Encoded(Change),
    /// A character of the token is changed, and the signature is not updated.
    Token(Change),
}

#[derive(Clone, Debug)]
pub struct Change {
    at: Index,
    to: u8,
    how: How,
}

#[derive(Clone, Copy, Debug)]
enum How {
    Replace,
    Insert,
    Remove,
}

pub fn any_case() -> impl Strategy<Value = Case> {
    let secret = prop_oneof![20 => Just(SECRETS[0]), 4 => Just(SECRETS[1]), 1 => Just(SECRETS[2])];
    (any_policy(), secret, damage()).prop_flat_map(move |(policy, secret, damage)| {
        (json::header(), json::claims(&policy)).prop_map(move |(header, claims)| Case {
            policy: policy.clone(),
            damage: damage.clone(),
            header,
            claims,
            secret,
        })
    })
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        10 => Just(Damage::None),
        2 => change("{}[]\":,\\ue0159.-+ \t\u{0}é").prop_map(Damage::Header),
        5 => change("{}[]\":,\\ue0159.-+ \t\u{0}é").prop_map(Damage::Claims),
        1 => change("AB-_+/=. \n").prop_map(Damage::Encoded),
        2 => change("AB-_+/=. \n").prop_map(Damage::Token),
    ]
}

fn change(bytes: &'static str) -> impl Strategy<Value = Change> {
    let to = proptest::sample::select(bytes.as_bytes());
    let how = prop_oneof![3 => Just(How::Replace), 1 => Just(How::Insert), 1 => Just(How::Remove)];
    (any::<Index>(), to, how).prop_map(|(at, to, how)| Change { at, to, how })
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = self.at.index(bytes.len());
        match self.how {
            How::Replace => bytes[at] = self.to,
            How::Insert => bytes.insert(at, self.to),
            How::Remove => drop(bytes.remove(at)),
        }
    }
}

impl Case {
    /// Returns whether the token was signed after the damage.
    pub fn is_signed_again(&self) -> bool {
        !matches!(self.damage, Damage::None | Damage::Token(_))
    }

    /// Returns the token, with times around `now`.
    pub fn token(&self, now: u64) -> String {
        let mut header = json::write(&self.header, now);
        let mut claims = json::write(&self.claims, now);
        match &self.damage {
            Damage::Header(change) => change.apply(&mut header),
            Damage::Claims(change) => change.apply(&mut claims),
            _ => {}
        }
        let encode = |bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let mut token = format!("{}.{}", encode(header), encode(claims)).into_bytes();
        if let Damage::Encoded(change) = &self.damage {
            change.apply(&mut token);
        }
        let tag = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())
            .expect("HMAC accepts keys of any length")
            .chain_update(&token)
            .finalize()
            .into_bytes();
        token.push(b'.');
        token.extend(BASE64_URL_SAFE_NO_PAD.encode(tag).bytes());
        if let Damage::Token(change) = &self.damage {
            change.apply(&mut token);
        }
        String::from_utf8(token).expect("base64url and ASCII")
    }
}
