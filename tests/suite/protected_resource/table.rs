//! The duties in `docs/protected-resources.md`. `contributing` checks that each test exists.

const GUIDE: &str = include_str!("../../../docs/protected-resources.md");

/// The requirements of the standards, and those that they express in other words.
const WORDS: [&str; 8] = [
    "MUST",
    "MUST NOT",
    "SHOULD",
    "SHOULD NOT",
    "REQUIRED",
    "RECOMMENDED",
    "should",
    "form",
];

/// The parties that fulfil a duty without a test.
const OTHERS: [&str; 4] = [
    "**application**: ",
    "**authorization server**: ",
    "**MCP server**: ",
    "**not used**: ",
];

/// The tables with their headings, and the cells of their rows.
fn duties() -> Vec<(&'static str, Vec<Vec<&'static str>>)> {
    let (_, part) = GUIDE
        .split_once("\n## Duties of a resource server\n")
        .unwrap();
    let tables = part.split("\n### ").skip(1);
    let tables = tables.map(|table| {
        let (heading, text) = table.split_once('\n').unwrap();
        (heading, rows(text))
    });
    tables.collect()
}

/// The cells of the rows of a table without its heading.
fn rows(text: &'static str) -> Vec<Vec<&'static str>> {
    let lines = text.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    lines.map(cells).collect()
}

fn has_test(row: &[&str]) -> bool {
    row[4].contains('`')
}

#[test]
fn each_duty_has_a_test_or_another_party() {
    for (heading, rows) in duties() {
        for row in rows {
            let &[section, word, duty, here, test] = &*row else {
                panic!("{heading}: {row:?}");
            };
            let all_are_set = [section, duty, here].iter().all(|cell| !cell.is_empty());
            assert!(all_are_set && WORDS.contains(&word), "{heading}: {row:?}");
            let of_another = OTHERS.iter().any(|party| here.starts_with(party));
            let is_without = test == "—" && of_another;
            assert!(has_test(&row) || is_without, "{heading}: {row:?}");
        }
    }
}

#[test]
fn the_duties_are_counted() {
    let (_, part) = GUIDE
        .split_once("\n## Duties of a resource server\n")
        .unwrap();
    let (counts, _) = part.split_once("\n### ").unwrap();
    let mut expected = Vec::new();
    let (mut all, mut tested) = (0, 0);
    for (heading, rows) in duties() {
        let with_test = rows.iter().filter(|row| has_test(row)).count();
        expected.push(format!("{heading} {} {with_test}", rows.len()));
        (all, tested) = (all + rows.len(), tested + with_test);
    }
    expected.push(format!("all {all} {tested}"));
    let counts: Vec<_> = rows(counts).iter().map(|row| row.join(" ")).collect();
    assert_eq!(counts, expected);
}
