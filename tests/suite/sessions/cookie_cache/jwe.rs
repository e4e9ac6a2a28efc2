//! The form `jwe`.

use serde_json::json;

use super::{
    Fixture,
    jwt::expiries,
    maker::{IV, JWE_HEADER, JWT_HEADER, Jwe, encode, expiring, jwe, jwt, with},
    payload,
};
use crate::sessions::server::SECRET;

#[test]
fn the_header_has_only_the_algorithms_and_a_key_id() {
    let payload = expiring(&payload());
    let rows = [
        (JWE_HEADER, true),
        (r#"{"alg":"dir","enc":"A256CBC-HS512"}"#, true),
        (r#"{"enc":"A256CBC-HS512","kid":null,"alg":"dir"}"#, true),
        (r#"{"alg":"dir","enc":"A256CBC-HS512","kid":1}"#, false),
        (r#"{"alg":"dir","enc":"A256GCM"}"#, false),
        (r#"{"alg":"dir","enc":"A128CBC-HS256"}"#, false),
        (r#"{"alg":"dir","enc":"a256cbc-hs512"}"#, false),
        (r#"{"alg":"dir"}"#, false),
        (r#"{"alg":"DIR","enc":"A256CBC-HS512"}"#, false),
        (r#"{"alg":"A256KW","enc":"A256CBC-HS512"}"#, false),
        (r#"{"alg":"none","enc":"A256CBC-HS512"}"#, false),
        (r#"{"enc":"A256CBC-HS512"}"#, false),
        (r#"{"alg":"dir","alg":"dir","enc":"A256CBC-HS512"}"#, false),
        (r#"{"alg":"dir","enc":"A256CBC-HS512","zip":"DEF"}"#, false),
        (
            r#"{"alg":"dir","enc":"A256CBC-HS512","crit":["exp"]}"#,
            false,
        ),
        (r#"{"alg":"dir","enc":"A256CBC-HS512","typ":"JWT"}"#, false),
        (
            r#"{"alg":"dir","enc":"A256CBC-HS512","p2c":1000000}"#,
            false,
        ),
        (r#"{"alg":"dir","enc":"A256CBC-HS512"}{}"#, false),
        ("[]", false),
        ("", false),
    ];
    Fixture::new().assert_rows(
        rows.map(|(header, is_accepted)| (header, jwe(header, &payload, SECRET), is_accepted)),
    );
}

#[test]
fn the_tag_covers_all_parts_and_no_part_has_another_length() {
    let payload = expiring(&payload());
    let valid = Jwe::new(JWE_HEADER, &payload, SECRET);
    let edit = |edit: &dyn Fn(&mut Jwe)| {
        let mut jwe = valid.clone();
        edit(&mut jwe);
        jwe.join()
    };
    let [header, iv, content, tag] = {
        let joined = valid.join();
        let parts: Vec<String> = joined.split('.').map(str::to_owned).collect();
        [0, 2, 3, 4].map(|index| parts[index].clone())
    };
    let again = |iv: &[u8], content: &[u8]| {
        Jwe::with_content(JWE_HEADER, iv, content.to_vec(), SECRET).join()
    };
    let blocks = &valid.content;
    Fixture::new().assert_rows([
        ("valid", valid.join(), true),
        (
            "another secret",
            jwe(JWE_HEADER, &payload, &SECRET[1..]),
            false,
        ),
        (
            "a bit of the header",
            edit(&|jwe| jwe.header = encode(JWE_HEADER.replace("\"k\"", "\"l\""))),
            false,
        ),
        ("a bit of the IV", edit(&|jwe| jwe.iv[0] ^= 1), false),
        (
            "a bit of the content",
            edit(&|jwe| jwe.content[20] ^= 1),
            false,
        ),
        (
            "the last bit of the content",
            edit(&|jwe| *jwe.content.last_mut().unwrap() ^= 1),
            false,
        ),
        ("a bit of the tag", edit(&|jwe| jwe.tag[31] ^= 1), false),
        ("half a tag", edit(&|jwe| jwe.tag.truncate(16)), false),
        ("no tag", edit(&|jwe| jwe.tag.clear()), false),
        ("a byte less", edit(&|jwe| jwe.tag.truncate(31)), false),
        ("a whole HMAC", edit(&|jwe| jwe.tag.resize(64, 0)), false),
        (
            "an encrypted key",
            edit(&|jwe| jwe.encrypted_key = encode("key")),
            false,
        ),
        ("a short IV", again(&IV[..15], blocks), false),
        ("the IV of GCM", again(&IV[..12], blocks), false),
        ("a long IV", again(&[&IV[..], b"x"].concat(), blocks), false),
        ("no IV", again(b"", blocks), false),
        (
            "a block less",
            again(&IV, &blocks[..blocks.len() - 16]),
            false,
        ),
        (
            "half a block less",
            again(&IV, &blocks[..blocks.len() - 8]),
            false,
        ),
        ("no content", again(&IV, b""), false),
        ("a content without padding", again(&IV, &[0; 32]), false),
        (
            "padding in base64",
            format!("{header}..{iv}.{content}=.{tag}"),
            false,
        ),
        (
            "four parts",
            format!("{header}.{iv}.{content}.{tag}"),
            false,
        ),
        (
            "six parts",
            format!("{header}..{iv}.{content}.{tag}."),
            false,
        ),
        ("only dots", "....".to_owned(), false),
        ("no header", format!("..{iv}.{content}.{tag}"), false),
    ]);
}

#[test]
fn a256gcm_is_not_accepted() {
    let payload = expiring(&payload());
    let honest = Jwe::gcm(r#"{"alg":"dir","enc":"A256GCM"}"#, &payload, SECRET);
    let claims_cbc = Jwe::gcm(JWE_HEADER, &payload, SECRET);
    Fixture::new().assert_rows([
        ("A256GCM", honest.join(), false),
        ("with the header of CBC", claims_cbc.join(), false),
    ]);
}

#[test]
fn the_jwe_expires() {
    let payload = payload();
    Fixture::new().assert_rows(expiries().into_iter().map(|(row, claims, is_accepted)| {
        let payload = with(&payload, claims).to_string();
        (row, jwe(JWE_HEADER, &payload, SECRET), is_accepted)
    }));
}

#[test]
fn the_encrypted_content_is_the_payload() {
    let payload = expiring(&payload());
    let nested = jwt(JWT_HEADER, &payload, SECRET);
    let account = json!({ "providerId": "github", "userId": "user-1", "exp": 4e9 }).to_string();
    let rows = [
        ("a nested JWT", nested, false),
        ("Better Auth's account_data", account, false),
        ("exp twice", payload.replacen('{', r#"{"exp":1,"#, 1), false),
        ("nothing", String::new(), false),
    ];
    Fixture::new().assert_rows(
        rows.map(|(row, content, is_accepted)| {
            (row, jwe(JWE_HEADER, &content, SECRET), is_accepted)
        }),
    );
}

#[test]
fn each_of_several_secrets_opens_a_cookie() {
    const OTHER: &str = "another-secret-0123456789abcdefghij";
    let payload = payload();
    let fixture = Fixture::with(|sessions| sessions.secret(OTHER));
    let expiring = expiring(&payload);
    fixture.assert_rows([
        ("the first", jwe(JWE_HEADER, &expiring, SECRET), true),
        ("the second", jwe(JWE_HEADER, &expiring, OTHER), true),
        ("a third", jwe(JWE_HEADER, &expiring, "x"), false),
        ("the first, a JWT", jwt(JWT_HEADER, &expiring, SECRET), true),
        ("the second, a JWT", jwt(JWT_HEADER, &expiring, OTHER), true),
    ]);
}
