//! The doctor, as a process, with broken setups of a real Better Auth server.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{API_SECRET, SECRET, server::Server};

const TOKEN: &str = "/api/auth/token";
const PUBLIC: &str = "https://app.example.com";

/// The result of a run.
struct Diagnosis {
    exit_code: Option<i32>,
    output: String,
}

impl Diagnosis {
    /// Asserts that exactly these topics are reported, and that the output contains each text.
    #[track_caller]
    fn assert_names(&self, topics: &[&str], texts: &[&str]) {
        let output = &self.output;
        println!("{output}");
        assert_eq!(self.exit_code, Some(1), "{output}");
        let last = output.lines().last().unwrap_or_default();
        assert_eq!(last, format!("This does not fit: {}", topics.join(", ")));
        for text in texts {
            assert!(output.contains(text), "{text:?} is missing: {output}");
        }
    }
}

/// Runs the doctor with these arguments and this input.
fn diagnose(args: &[&str], input: &str) -> Diagnosis {
    diagnose_with(&[], args, input)
}

/// Runs the doctor with these environment variables.
fn diagnose_with(variables: &[(&str, &str)], args: &[&str], input: &str) -> Diagnosis {
    let mut doctor = Command::new(example())
        .args(args)
        .env_remove("BETTER_AUTH_SECRET")
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the doctor starts");
    let mut stdin = doctor.stdin.take().expect("stdin is piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let result = doctor.wait_with_output().expect("it ends");
    let output = String::from_utf8(result.stdout).expect("text");
    for part in input.trim().split('.').filter(|part| part.len() > 20) {
        assert!(!output.contains(part), "a part of the token: {output}");
    }
    assert!(!output.contains("ada@"), "a claim: {output}");
    Diagnosis {
        exit_code: result.status.code(),
        output,
    }
}

fn start(variables: &[(&str, &str)]) -> Option<Server> {
    Server::start(&[&[("BETTER_AUTH_SECRET", SECRET)], variables].concat())
}

async fn token_of(server: &Server) -> String {
    let ada = server.sign_up("ada@example.com").await;
    server.token(TOKEN, &ada).await
}

/// Starts a server with these variables, and diagnoses it and one of its tokens.
async fn diagnosis(variables: &[(&str, &str)], options: &[&str]) -> Option<Diagnosis> {
    let server = start(variables)?;
    let token = token_of(&server).await;
    let args = [&[server.origin.as_str()], options].concat();
    Some(diagnose(&args, &token))
}

#[tokio::test]
async fn a_working_setup_fits() {
    let Some(server) = start(&[]) else { return };
    let token = token_of(&server).await;
    for input in [&format!("{token}\n"), ""] {
        let diagnosis = diagnose(&[&server.origin], input);
        assert_eq!(diagnosis.exit_code, Some(0), "{}", diagnosis.output);
        assert!(diagnosis.output.ends_with("\nEverything fits.\n"));
    }
    assert_eq!(diagnose(&[], "").exit_code, Some(2), "no arguments");
}

#[tokio::test]
async fn a_different_issuer_is_named_by_its_difference() {
    for (issuer, topic) in [
        ("https://app.example.com/", "trailing slash"),
        ("http://app.example.com", "scheme"),
        ("http://localhost:3000", "Docker host"),
        ("https://app.example.com/api/auth", "path"),
    ] {
        let options = ["--issuer", PUBLIC];
        let Some(diagnosis) = diagnosis(&[("ISSUER", issuer)], &options).await else {
            return;
        };
        diagnosis.assert_names(&[topic], &["FAILED       issuer", ".issuer(…)"]);
    }
}

#[tokio::test]
async fn a_trailing_slash_of_the_argument_is_named() {
    let Some(server) = start(&[]) else { return };
    let diagnosis = diagnose(&[&format!("{}/", server.origin)], &token_of(&server).await);
    diagnosis.assert_names(&["trailing slash"], &["ok    token: it is accepted"]);
}

#[tokio::test]
async fn a_changed_base_path_is_found() {
    let Some(server) = start(&[("BASE_PATH", "/auth")]) else {
        return;
    };
    let url = format!("{}/auth/jwks", server.origin);
    let call = format!(".jwks_url({url:?})");
    diagnose(&[&server.origin], "").assert_names(&["base path"], &["404", &call]);
    let fixed = diagnose(&[&server.origin, "--jwks-url", &url], "");
    assert_eq!(fixed.exit_code, Some(0), "{}", fixed.output);
}

#[tokio::test]
async fn a_clock_that_is_ahead_is_named() {
    let Some(diagnosis) = diagnosis(&[("CLOCK_OFFSET", "3600")], &[]).await else {
        return;
    };
    diagnosis.assert_names(
        &["clock"],
        &["s ahead of the clock here", "iat is in the future"],
    );
}

#[tokio::test]
async fn an_hs256_token_is_named_by_its_algorithm() {
    let variables = [
        ("HS256_TOKEN", "separate"),
        ("API_TOKEN_SECRET", API_SECRET),
    ];
    let Some(server) = start(&variables) else {
        return;
    };
    let ada = server.sign_up("ada@example.com").await;
    let token = server.token(super::TOKEN, &ada).await;
    let diagnosis = diagnose(&[&server.origin], &token);
    diagnosis.assert_names(
        &["algorithm"],
        &["FAILED       algorithm", ".secret_from_env(…)"],
    );
}

#[tokio::test]
async fn another_audience_is_named() {
    let audience = "https://api.example.com";
    let variables = [("AUDIENCE", audience)];
    let Some(wrong) = diagnosis(&variables, &[]).await else {
        return;
    };
    wrong.assert_names(&["audience"], &["FAILED       audience", ".audience(…)"]);
    let fixed = diagnosis(&variables, &["--audience", audience]).await;
    assert_eq!(fixed.map(|fixed| fixed.exit_code), Some(Some(0)));
}

#[tokio::test]
async fn a_missing_email_is_named() {
    let variables = [("NO_EMAIL", "1")];
    let Some(missing) = diagnosis(&variables, &[]).await else {
        return;
    };
    missing.assert_names(&["email"], &["FAILED       email", ".email_optional()"]);
    let fixed = diagnosis(&variables, &["--email-optional"]).await;
    assert_eq!(fixed.map(|fixed| fixed.exit_code), Some(Some(0)));
}

#[tokio::test]
async fn the_rate_limit_of_better_auth_is_named() {
    let Some(server) = start(&[("RATE_LIMIT", "1")]) else {
        return;
    };
    let first = diagnose(&[&server.origin], "");
    assert_eq!(first.exit_code, Some(0), "{}", first.output);
    let token = token_of(&server).await;
    let diagnosis = diagnose(&[&server.origin], &token);
    diagnosis.assert_names(&["rate limit"], &["429; try again in", "customRules"]);
}

#[tokio::test]
async fn an_expired_token_is_named() {
    let Some(diagnosis) = diagnosis(&[("TOKEN_TTL", "-60")], &[]).await else {
        return;
    };
    diagnosis.assert_names(&["expired"], &["FAILED       times", "leeway 5 s"]);
}

#[tokio::test]
async fn a_session_token_is_named_by_its_form() {
    let Some(server) = start(&[]) else { return };
    let ada = server.sign_up("ada@example.com").await;
    let diagnosis = diagnose(&[&server.origin], &ada.session_token);
    diagnosis.assert_names(&["form"], &["authClient.token()"]);
}

#[tokio::test]
async fn a_token_of_another_server_is_named_by_its_key_and_host() {
    let (Some(server), Some(other)) = (start(&[]), start(&[])) else {
        return;
    };
    let diagnosis = diagnose(&[&server.origin], &token_of(&other).await);
    diagnosis.assert_names(&["key", "port", "audience"], &["also FAILED  issuer"]);
}

#[tokio::test]
async fn an_hs256_token_is_explained_with_the_settings_of_from_env() {
    let variables = [
        ("HS256_TOKEN", "separate"),
        ("API_TOKEN_SECRET", API_SECRET),
        ("AUDIENCE", PUBLIC),
    ];
    let Some(server) = start(&variables) else {
        return;
    };
    let ada = server.sign_up("ada@example.com").await;
    let token = server.token(super::TOKEN, &ada).await;
    let secret = ("BETTER_AUTH_SECRET", API_SECRET);
    let audience = ("BETTER_AUTH_AUDIENCE", PUBLIC);
    let fits = diagnose_with(&[secret, audience], &[], &token);
    assert_eq!(fits.exit_code, Some(0), "{}", fits.output);
    let pasted = format!("authorization: Bearer {token}");
    let options = diagnose_with(
        &[secret],
        &["--audience", PUBLIC, "--email-optional"],
        &pasted,
    );
    assert_eq!(options.exit_code, Some(0), "{}", options.output);
    let jwks_url = diagnose_with(&[secret], &["--jwks-url", PUBLIC], &token);
    assert_eq!(jwks_url.exit_code, Some(2), "{}", jwks_url.output);
    let no_audience = diagnose_with(&[secret], &[], &token);
    no_audience.assert_names(
        &["audience"],
        &["aud is set, but no audience is configured"],
    );
    let other = [("BETTER_AUTH_SECRET", SECRET), audience];
    diagnose_with(&other, &[], &token).assert_names(&["signature"], &["a different secret"]);
    let all = [
        secret,
        ("BETTER_AUTH_AUDIENCE", "https://other.example.com"),
        ("BETTER_AUTH_ISSUER", PUBLIC),
    ];
    let all = diagnose_with(&all, &[], &token);
    all.assert_names(
        &["issuer", "audience"],
        &["FAILED       issuer", "also FAILED  audience"],
    );
    let weak = diagnose_with(&[("BETTER_AUTH_SECRET", "short")], &[], "");
    weak.assert_names(&["settings"], &["at least 32 are required"]);
}

#[tokio::test]
async fn a_stopped_server_is_named() {
    let Some(server) = start(&[]) else { return };
    let token = token_of(&server).await;
    let origin = server.origin.clone();
    drop(server);
    diagnose(&[&origin], &token).assert_names(&["connection"], &["in a Docker container"]);
}

#[tokio::test]
async fn the_guide_shows_the_output_of_the_doctor() {
    let guide = include_str!("../../docs/better-auth.md");
    let (_, section) = guide.split_once("### Run the doctor").unwrap();
    let shown = section.split("```text\n").nth(1).unwrap();
    let shown = shown.split("```").next().unwrap();
    let variables = [("ISSUER", "https://app.example.com/"), ("AUDIENCE", PUBLIC)];
    let Some(server) = start(&variables) else {
        return;
    };
    let args = [&*server.origin, "--issuer", PUBLIC, "--audience", PUBLIC];
    let output = diagnose(&args, &token_of(&server).await).output;
    assert_eq!(shown, output.replace(&server.origin, PUBLIC));
}

/// The example that cargo has built, beside the folder `deps` with this test.
fn example() -> PathBuf {
    let test = env::current_exe().expect("this test is a file");
    let built = test.ancestors().nth(2).expect("a folder above deps");
    let example = built.join("examples/doctor");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    let is_fresh = ["doctor.rs", "doctor/server.rs", "doctor/token.rs"]
        .iter()
        .all(
            |source| match (changed(&example), changed(&folder.join(source))) {
                (Ok(example), Ok(source)) => example >= source,
                _ => false,
            },
        );
    assert!(
        is_fresh,
        "{} is missing or older than its source. `cargo test --test` does not build the examples; \
         run `cargo build --example doctor --all-features` first",
        example.display(),
    );
    example
}
