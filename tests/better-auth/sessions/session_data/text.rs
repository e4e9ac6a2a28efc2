//! Names in any script, and cookies that are too long for one.

use super::*;

#[tokio::test]
async fn any_name_is_accepted_without_a_lookup() {
    for site in releases()
        .into_iter()
        .flat_map(|server| each_form(server, ""))
    {
        let service = service(site, Duration::ZERO, |it| it).await;
        for (name, expected) in [
            ("Zoë 李 😀", "Zoë 李 😀"),
            (r"a\u2028b\u2029c", "a\u{2028}b\u{2029}c"),
            (r"a\ud800b", "a\u{fffd}b"),
            (r"\udc00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud83d\ude00", "😀"),
            (r#"\"},\"expiresAt\":1}\\"#, r#""},"expiresAt":1}\"#),
            ("<script>&amp;%00+/=;", "<script>&amp;%00+/=;"),
        ] {
            let ada = Cached::with(site, name, "").await;
            let (answer, lookups) = ask(site, &service, &ada, &ada.cookies()).await;
            assert_eq!(
                (answer.outcome(), lookups),
                ((200, &*ada.id), 0),
                "{site}: {name}"
            );
            assert_eq!(answer.user["name"], expected, "{site}");
        }
    }
}

#[tokio::test]
async fn a_split_cookie_is_joined() {
    for site in releases()
        .into_iter()
        .flat_map(|server| each_form(server, "bio"))
    {
        let service = service(site, Duration::ZERO, |it| it).await;
        // The text of the forms differs in length, but each needs ten chunks or more.
        let bio: String = (0..30_000)
            .map(|index| char::from(b'a' + (index * index % 23) as u8))
            .collect();
        let ada = Cached::with(site, "Ada", &format!(r#","bio":"{bio}""#)).await;
        let chunks = ada.data.len();
        assert!(chunks >= 10, "{site}: {chunks} chunks");
        let edited = |edit: &dyn Fn(&mut Vec<String>)| {
            let mut data = ada.data.clone();
            edit(&mut data);
            data
        };
        for (row, data, lookups) in [
            ("in order", ada.data.clone(), 0),
            ("reversed", edited(&|data| data.reverse()), 0),
            ("sorted as texts", edited(&|data| data.sort()), 0),
            ("rotated", edited(&|data| data.rotate_left(3)), 0),
            ("one twice", edited(&|data| data.push(data[4].clone())), 0),
            ("a gap", edited(&|data| drop(data.remove(4))), 1),
            ("without the first", edited(&|data| drop(data.remove(0))), 1),
            ("without the last", edited(&|data| drop(data.pop())), 1),
            ("none", Vec::new(), 1),
        ] {
            let (answer, found) = ask(site, &service, &ada, &ada.beside(&data)).await;
            assert_eq!(answer.outcome(), (200, &*ada.id), "{site}: {row}");
            assert_eq!(found, lookups, "{site}: {row}");
            assert_eq!(answer.user["claims"]["bio"], bio, "{site}: {row}");
        }
    }
}
