//! `jwtVerify` of `jose` accepts every token that we accept, at the same time. Better Auth uses it,
//! and it checks `crit` and base64 more strictly than `jsonwebtoken`.

use std::{
    env,
    io::{self, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use tower_jwt_auth_oracle::{Case, SECRETS, any_case};

const TOKENS: usize = 10_000;
const NOW: u64 = 1_800_000_000;

#[test]
fn jose_accepts_every_token_that_we_accept() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../better-auth");
    if !folder.join("node_modules/jose").exists() {
        let required = env::var("REQUIRE_BETTER_AUTH").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "REQUIRE_BETTER_AUTH=1, but jose is not installed"
        );
        let _ = writeln!(
            io::stderr(),
            "skipped: jose is not installed; to run it: npm ci --ignore-scripts --prefix tests/better-auth"
        );
        return;
    }
    let cases = cases();
    let ours: Vec<bool> = cases
        .iter()
        .map(|case| case.policy.verifier(NOW).verify(&case.token(NOW)).is_ok())
        .collect();
    let theirs = verify_with_jose(&folder, &cases);

    let accepted = ours.iter().filter(|&&ours| ours).count();
    // `println!` would be hidden if the test passes.
    let _ = writeln!(
        io::stderr(),
        "oracle, jose: {TOKENS} tokens, {accepted} accepted"
    );
    assert!(accepted * 5 >= TOKENS, "fewer than a fifth are accepted");
    for (index, case) in cases.iter().enumerate() {
        let by_any_secret = theirs[2 * index].is_null() || theirs[2 * index + 1].is_null();
        assert!(
            !ours[index] || by_any_secret,
            "{:?} for {}: {case:?}",
            (&theirs[2 * index], &theirs[2 * index + 1]),
            case.token(NOW)
        );
    }
}

fn cases() -> Vec<Case> {
    let mut runner = TestRunner::default();
    let any_case = any_case();
    let case = |_| any_case.new_tree(&mut runner).expect("a case").current();
    (0..TOKENS).map(case).collect()
}

/// Verifies each token with each configured secret in one process. Null means accepted; any other
/// value is the error code.
fn verify_with_jose(folder: &Path, cases: &[Case]) -> Vec<Value> {
    let mut jose = Command::new("node")
        .arg("jose-oracle.mjs")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut requests = String::new();
    for case in cases {
        for secret in &SECRETS[..2] {
            let request = json!({
                "token": case.token(NOW),
                "secret_b64url": BASE64_URL_SAFE_NO_PAD.encode(secret),
                "now": NOW,
                "issuer": case.policy.issuer(),
                "audience": case.policy.audience(),
                "leeway": case.policy.leeway,
            });
            requests += &format!("{request}\n");
        }
    }
    let mut stdin = jose.stdin.take().expect("stdin is piped");
    // Written on another thread, because jose responds before it has read all input.
    let writer = thread::spawn(move || stdin.write_all(requests.as_bytes()));
    let output = jose.wait_with_output().expect("jose ends");
    writer.join().expect("no panic").expect("jose reads all");
    let responses = String::from_utf8(output.stdout).expect("UTF-8");
    let responses: Vec<Value> = responses
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["code"].take())
        .collect();
    assert_eq!(responses.len(), 2 * cases.len());
    responses
}
