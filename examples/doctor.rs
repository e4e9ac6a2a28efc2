//! Finds out why a service rejects the tokens of a Better Auth server.
//!
//! ```sh
//! cargo run --example doctor --features better-auth -- https://app.example.com
//! ```
//!
//! The argument is the origin of the Better Auth server, as your service passes it to
//! `JwtAuthLayer::better_auth`. The doctor fetches the key set and the metadata, and compares the
//! clocks. If standard input is not a terminal, it reads a token from there, so that the token does
//! not end up in the shell's history, and explains every check of it. It prints no value from the
//! token.
//!
//! For HS256 tokens, set the variables that `JwtAuthLayer::from_env` reads, and pass no origin:
//!
//! ```sh
//! BETTER_AUTH_SECRET=… BETTER_AUTH_AUDIENCE=… cargo run --example doctor --features better-auth < token.txt
//! ```
//!
//! The exit code is 0 if everything fits, 1 if something does not, and 2 for wrong arguments.

#[path = "doctor/server.rs"]
mod server;
#[path = "doctor/token.rs"]
mod token;

use std::{
    env,
    io::{self, IsTerminal, Read},
    process::ExitCode,
};

use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, KeySet, SharedKeys};

const USAGE: &str = "\
usage: doctor <origin of Better Auth> [options] [< file with a token]
       BETTER_AUTH_SECRET=… doctor [options] < file with an HS256 token

  --issuer <iss>      as .issuer(…); default: the origin; for HS256, in addition to BETTER_AUTH_ISSUER
  --audience <aud>    as .audience(…); default: the origin; for HS256, in addition to BETTER_AUTH_AUDIENCE
  --jwks-url <URL>    as .jwks_url(…); default: <origin>/api/auth/jwks; not for HS256
  --email-optional    as .email_optional()";

/// In bytes; more than the longest token that the layer accepts by default.
const MAX_INPUT: u64 = 64 * 1024;

/// The settings of the service, in the terms of the builder.
pub struct Settings {
    /// Whether the layer is that of `JwtAuthLayer::from_env`, for HS256 tokens. It has no origin.
    has_secret: bool,
    pub origin: String,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub jwks_url: Option<String>,
    pub email_optional: bool,
}

impl Settings {
    /// Returns `None` if the arguments are wrong, or if there is neither an origin nor a secret.
    fn from_args(args: impl Iterator<Item = String>) -> Option<Self> {
        let mut args = args.peekable();
        let origin = args.next_if(|origin| !origin.starts_with('-'));
        let mut settings = Self {
            has_secret: origin.is_none(),
            origin: origin.unwrap_or_default(),
            issuer: None,
            audience: None,
            jwks_url: None,
            email_optional: false,
        };
        while let Some(option) = args.next() {
            match option.as_str() {
                "--issuer" => settings.issuer = Some(args.next()?),
                "--audience" => settings.audience = Some(args.next()?),
                "--jwks-url" => settings.jwks_url = Some(args.next()?),
                "--email-optional" => settings.email_optional = true,
                _ => return None,
            }
        }
        let has_variable = || env::var_os("BETTER_AUTH_SECRET").is_some_and(|it| !it.is_empty());
        let fits = !settings.has_secret || has_variable() && settings.jwks_url.is_none();
        fits.then_some(settings)
    }

    pub fn issuer(&self) -> &str {
        self.issuer.as_deref().unwrap_or(&self.origin)
    }

    pub fn audience(&self) -> &str {
        self.audience.as_deref().unwrap_or(&self.origin)
    }

    /// A builder like that of the service.
    pub fn builder(&self) -> JwtAuthBuilder {
        let mut builder = if self.has_secret {
            JwtAuthLayer::builder_from_env()
        } else {
            JwtAuthLayer::better_auth(&self.origin)
        };
        if let Some(url) = &self.jwks_url {
            builder = builder.jwks_url(url);
        }
        if let Some(issuer) = &self.issuer {
            builder = builder.issuer(issuer);
        }
        if let Some(audience) = &self.audience {
            builder = builder.audience(audience);
        }
        if self.email_optional {
            builder = builder.email_optional();
        }
        builder
    }
}

/// What fits, and what does not.
#[derive(Default)]
pub struct Report {
    problems: Vec<String>,
}

impl Report {
    pub fn fits(&self, topic: &str, text: impl AsRef<str>) {
        println!("ok    {topic}: {}", text.as_ref());
    }

    pub fn note(&self, topic: &str, text: impl AsRef<str>) {
        println!("note  {topic}: {}", text.as_ref());
    }

    pub fn problem(&mut self, topic: &str, text: impl AsRef<str>) {
        println!("FAIL  {topic}: {}", text.as_ref());
        if !self.problems.iter().any(|known| known == topic) {
            self.problems.push(topic.to_owned());
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(mut settings) = Settings::from_args(env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut report = Report::default();
    let token = token_from_stdin(&mut report);
    if settings.has_secret {
        token::check_with_secret(&settings, token.as_deref(), &mut report);
    } else {
        check_settings(&mut settings, &mut report);
        let keys = server::check(&settings, &mut report).await;
        if let Some(token) = token {
            token::check(&settings, keys, &token, &mut report).await;
        }
    }

    match report.problems.as_slice() {
        [] => {
            println!("\nEverything fits.");
            ExitCode::SUCCESS
        }
        problems => {
            println!("\nThis does not fit: {}", problems.join(", "));
            ExitCode::FAILURE
        }
    }
}

/// Checks that the service can be configured with this origin. Otherwise, continues with the origin
/// that was probably meant.
fn check_settings(settings: &mut Settings, report: &mut Report) {
    // With shared keys instead of a URL, building the layer starts no fetch.
    let keys = SharedKeys::new(KeySet::default());
    let builder = JwtAuthLayer::better_auth(&settings.origin).shared_keys(keys);
    let built = builder.build();
    let url = settings.origin.parse::<url::Url>();
    if let Err(error) = built {
        let has_slash = settings.origin.ends_with('/');
        let topic = if has_slash { "trailing slash" } else { "URL" };
        report.problem(topic, error.to_string());
        if let Ok(url) = &url {
            settings.origin = url.origin().ascii_serialization();
        }
    }
    let is_remote = |url: &url::Url| !url.host_str().is_some_and(server::is_loopback);
    let is_unsafe = url.is_ok_and(|url| url.scheme() == "http" && is_remote(&url));
    if is_unsafe && settings.jwks_url.is_none() {
        report.problem("scheme", "the origin is not https: pass the public origin, which is the iss of the tokens; inside a Docker network, also call .jwks_url(…) and .allow_http()");
    }
}

/// Reads a token, unless a person would have to type it.
fn token_from_stdin(report: &mut Report) -> Option<String> {
    let stdin = io::stdin();
    let mut text = String::new();
    if !stdin.is_terminal()
        && let Err(error) = stdin.take(MAX_INPUT).read_to_string(&mut text)
    {
        report.problem("token", format!("cannot read standard input: {error}"));
        return None;
    }
    let text = text.trim();
    // A header field that was copied from the developer tools of a browser.
    let text = strip_prefix(text, "Authorization:");
    let text = strip_prefix(text, "Bearer ");
    if text.is_empty() {
        report.note("token", "none on standard input; to explain one, pipe it");
        return None;
    }
    Some(text.to_owned())
}

/// Removes a prefix, in upper or lower case, and the white space after it.
fn strip_prefix<'a>(text: &'a str, prefix: &str) -> &'a str {
    match text.split_at_checked(prefix.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => rest.trim_start(),
        _ => text,
    }
}
