//! The users that Better Auth's admin plugin has banned.

use serde_json::json;

use super::records::{Lookups, REMOVED, ok, record};
use crate::support::NOW;

#[tokio::test]
async fn a_banned_user_is_rejected_until_the_ban_ends() {
    let lookups = Lookups::start().await;
    let past = "2027-01-15T08:00:00.000Z";
    let future = "2027-01-15T08:00:01.000Z";
    for (banned, expires, reason) in [
        (json!(REMOVED), json!(REMOVED), "accepted"),
        (json!(false), json!(future), "accepted"),
        (json!(null), json!(null), "accepted"),
        (json!(0), json!(null), "accepted"),
        (json!(true), json!(REMOVED), "banned"),
        (json!(true), json!(null), "banned"),
        (json!(true), json!(future), "banned"),
        (json!(true), json!(past), "accepted"),
        // An end in another form is not understood, so the ban does not end.
        (json!(true), json!(NOW * 1000 - 1), "banned"),
        (json!(true), json!((NOW * 1000 - 1).to_string()), "banned"),
        (json!(true), json!("2027-01-15"), "banned"),
        (json!(true), json!(""), "banned"),
        (json!(true), json!(false), "banned"),
        (json!(true), json!({}), "banned"),
        // Databases without booleans.
        (json!(1), json!(null), "banned"),
        (json!(1), json!(past), "accepted"),
        (json!("true"), json!(null), "banned"),
        (json!("1"), json!(null), "banned"),
        (json!([]), json!(null), "banned"),
    ] {
        let row = format!("{banned} until {expires}");
        let user = json!({ "banned": banned, "banExpires": expires });
        let found = lookups.reason(ok(record(json!({}), user))).await;
        assert_eq!(found, reason, "{row}");
    }
    // A column of the session with this name is the application's.
    let session = json!({ "banned": true });
    assert_eq!(
        lookups.reason(ok(record(session, json!({})))).await,
        "accepted"
    );
}
