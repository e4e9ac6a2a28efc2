//! Elliptic curve keys in PEM whose curve is described by its parameters (RFC 5480 section 2.1.1).

use tower_jwt_auth::VerifyingKey;

use crate::support::{signing_keys::*, *};

#[test]
fn the_error_for_an_explicit_curve_names_the_command_that_converts_it() {
    for (row, body) in [
        ("P-256", P256),
        ("P-256 without the seed of the curve", P256_WITHOUT_SEED),
        ("P-384", P384),
        ("P-521", P521),
    ] {
        let unix = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
        let windows = unix.replace('\n', "\r\n");
        for pem in [format!("\n{unix}\n"), unix, windows] {
            for error in [
                VerifyingKey::from_pem(&pem).unwrap_err().to_string(),
                fault(any_audience().public_key_pem(&*pem)),
            ] {
                assert_contains(&error, "must be named", row);
                assert_contains(
                    &error,
                    "openssl ec -pubin -param_enc named_curve -pubout",
                    row,
                );
            }
        }
    }
}

// Generated with `openssl ecparam -genkey -param_enc explicit`.

const P256: &str = "\
MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA
AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////
///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd
NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5
RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA
//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABEH14G0a1lo8RUjUG1obLBUD
+dPUmQbRUrFX+SK2DTyINu5V1tXq6R1xEXYQ/hxvIQUMinl+SuCWxGE/iHt48dY=";

const P256_WITHOUT_SEED: &str = "\
MIIBMzCB7AYHKoZIzj0CATCB4AIBATAsBgcqhkjOPQEBAiEA/////wAAAAEAAAAA
AAAAAAAAAAD///////////////8wRAQg/////wAAAAEAAAAAAAAAAAAAAAD/////
//////////wEIFrGNdiqOpPns+u9VXaYhrxlHQawzFOw9jvOPD4n0mBLBEEEaxfR
8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84z
V2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqtpxeehPO5ysL8YyVR
AgEBA0IABFnbnpvgfei9wYqMCoZ+lu0HPbgXxj/RNCWYmNg3jK9iuuXl/Xap49FV
YtZb1FpiPTKI9Kyzo3KDFKQHkLRu4ww=";

const P384: &str = "\
MIIBzDCCAWQGByqGSM49AgEwggFXAgEBMDwGByqGSM49AQECMQD/////////////
/////////////////////////////v////8AAAAAAAAAAP////8wewQw////////
//////////////////////////////////7/////AAAAAAAAAAD////8BDCzMS+n
4j7n5JiOBWvj+C0ZGB2cbv6BQRIDFAiPUBOHWsZWOY2KLtGdKoXI7dPsKu8DFQCj
NZJqoxmieh0AiWpnc6SCes2scwRhBKqHyiK+iwU3jrHHHvMgrXRuHTtii6ebmFn3
QeCCVCo4VQLyXb9VKWw6VF44cnYKtzYX3kqWJixvXZ6Yv5KS3Cn49B29KJoUfOna
MRO18LjACmCxzh1+gZ16Qx18kOoOXwIxAP//////////////////////////////
/8djTYH0Ny3fWBoNskiwp3rs7BlqzMUpcwIBAQNiAAQYn5VcL7wmt6+pNsvRu7YH
hdG0JUuD5MDljIQX47yTWf6a4yfNAzgXFxJUYzOgx6FneCVvg2XJST4+L0Ft+b/q
3CnYYi4lRef5VgXfXN0CtK7BD5ERqYBr8QO6a0vK9po=";

const P521: &str = "\
MIICXTCCAdAGByqGSM49AgEwggHDAgEBME0GByqGSM49AQECQgH/////////////
////////////////////////////////////////////////////////////////
/////////zCBnwRCAf//////////////////////////////////////////////
///////////////////////////////////////8BEIAUZU+uWGOHJofkpohoLaF
QO6i2nJbmbMV87i0iZGO8QnhVhk5Uex+k3sWUsC9O7G/BzVz34g9LDTx70Uf1GtQ
PwADFQDQnogAKRy4U5bMZxc5MoSqoNpkugSBhQQAxoWOBrcEBOnNnj7LZiOVtEKc
ZIE5BT+1Ifgor2BrTT26oUted+/nWSj+HcEnov+o3jNIs8GFakKb+X5+McLlvWYB
GDkpaniaO8AEXIpftCx9G9mY9URJV5tEaBevvRcnPmYsl+5ymV70JkDFULkBP60H
YTU8cIaicsJAiL6Udp/RZlACQgH/////////////////////////////////////
//////pRhoeDvy+Wa3/MAUj3CaXQO7XJuImcR667b7cekThkCQIBAQOBhgAEAGQ8
tlFA2nauQp+DW1XKuCP78phVoEhyjSUUc7YHE/OAABKGiIF2PQcPJFBtSourlZmS
wQHI37l7Lpoy7+OyMgWkAOZuREDw3XVwdJp61gv4Kc6URZaj5G47HaZlpg97C5dr
dEIezrADHSRFTupF7a7U6ziTBjpMf8HbtIA86v3nYRTs";
