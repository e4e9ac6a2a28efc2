//! A Better Auth server on Node, and its users.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, ORIGIN, SET_COOKIE},
    request::Builder,
};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};

/// A running server, which is stopped on drop.
pub struct Server {
    pub origin: String,
    /// The version of Better Auth.
    pub version: String,
    process: Child,
    // The server exits when this is closed, even if the test is killed.
    _stdin: ChildStdin,
}

/// A server's program and its packages.
pub struct Program {
    folder: &'static str,
    arguments: &'static [&'static str],
    packages: &'static [&'static str],
}

impl Program {
    const BETTER_AUTH: Self = Self {
        folder: "tests/better-auth",
        arguments: &["--import", "./release.mjs", "server.mjs"],
        packages: &["better-auth", "better-auth-1.4", "pg"],
    };

    #[cfg(all(
        feature = "aws-lc-rs",
        feature = "introspection",
        feature = "jwks",
        feature = "sessions-custom"
    ))]
    pub const OAUTH_PROVIDER: Self = Self {
        folder: "tests/better-auth/introspection",
        arguments: &["server.mjs"],
        packages: &["@better-auth/oauth-provider"],
    };
}

/// A user who has signed up.
pub struct User {
    pub id: String,
    pub session_token: String,
    /// The cookie `session_token`, as the browser sends it.
    pub session_cookie: String,
    /// The JWT in the cookie `session_data`, if the server caches sessions there.
    pub session_data: Option<String>,
}

impl Server {
    /// Starts a server with these variables in its environment, on a free port.
    ///
    /// Returns `None` if Node or its packages are missing. With `REQUIRE_BETTER_AUTH=1`, this is a
    /// failure instead.
    pub fn start(variables: &[(&str, &str)]) -> Option<Self> {
        Self::start_program(&Program::BETTER_AUTH, variables)
    }

    /// Starts another server, as [`start`](Self::start) does.
    pub fn start_program(program: &Program, variables: &[(&str, &str)]) -> Option<Self> {
        let mut process = command(program, variables)?.spawn().expect("node starts");
        let stdin = process.stdin.take().expect("stdin is piped");
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the server prints where it listens");
        let ready: Value = serde_json::from_str(&line).expect("the line is JSON");
        let text = |name: &str| ready[name].as_str().expect("a string").to_owned();
        Some(Self {
            origin: text("baseURL"),
            version: text("version"),
            process,
            _stdin: stdin,
        })
    }

    /// Starts a server that must fail with these variables, and returns its stderr, or `None` as
    /// [`start`](Self::start).
    pub fn start_error(variables: &[(&str, &str)]) -> Option<String> {
        let mut command = command(&Program::BETTER_AUTH, variables)?;
        let mut process = command.stderr(Stdio::piped()).spawn().expect("node starts");
        // Kept open until the server has failed, because the server exits when this is closed.
        let stdin = process.stdin.take();
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("text");
        drop(stdin);
        let output = process.wait_with_output().expect("the server exits");
        assert_eq!(line, "", "the server reports that it is ready");
        assert!(!output.status.success());
        Some(String::from_utf8(output.stderr).expect("text"))
    }

    pub async fn sign_up(&self, email: &str) -> User {
        let body = json!({ "name": "Ada Lovelace", "email": email, "password": "correct horse" });
        let (headers, body) = self
            .send(
                Method::POST,
                "/api/auth/sign-up/email",
                None,
                body.to_string(),
            )
            .await;
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        User {
            id: answer["user"]["id"].as_str().expect("an id").to_owned(),
            session_token: headers["set-auth-token"]
                .to_str()
                .expect("ASCII")
                .to_owned(),
            session_cookie: cookie(&headers, "better-auth.session_token").expect("a session"),
            session_data: cookie(&headers, "better-auth.session_data"),
        }
    }

    /// Returns the token that an endpoint issues to a user.
    pub async fn token(&self, endpoint: &str, user: &User) -> String {
        let (_, body) = self
            .send(
                Method::GET,
                endpoint,
                Some(&user.session_token),
                String::new(),
            )
            .await;
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// Sends a body to an endpoint of the test server, and returns the response's body.
    #[cfg(all(feature = "aws-lc-rs", feature = "jwks"))]
    pub async fn post(&self, endpoint: &str, body: &str) -> String {
        let (_, body) = self
            .send(Method::POST, endpoint, None, body.to_owned())
            .await;
        String::from_utf8(body.into()).expect("text")
    }

    pub async fn text(&self, endpoint: &str) -> String {
        let (_, body) = self.send(Method::GET, endpoint, None, String::new()).await;
        String::from_utf8(body.into()).expect("text")
    }

    /// Sends a request with a bearer token; the response must be 200.
    async fn send(
        &self,
        method: Method,
        path: &str,
        session_token: Option<&str>,
        body: String,
    ) -> (HeaderMap, Bytes) {
        let credential = session_token.map_or(Credential::Anonymous, Credential::Bearer);
        let response = self.exchange(method, path, credential, body).await;
        assert_eq!(
            response.status(),
            200,
            "{path}: {}",
            String::from_utf8_lossy(response.body())
        );
        let (parts, body) = response.into_parts();
        (parts.headers, body)
    }

    /// Sends a request, a `POST` if it has a body, and returns any response.
    pub async fn ask(&self, path: &str, credential: Credential<'_>, body: &str) -> Response<Bytes> {
        let method = if body.is_empty() {
            Method::GET
        } else {
            Method::POST
        };
        self.exchange(method, path, credential, body.to_owned())
            .await
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        credential: Credential<'_>,
        body: String,
    ) -> Response<Bytes> {
        let request = Request::builder()
            .method(method)
            .header(CONTENT_TYPE, "application/json");
        let request = match credential {
            Credential::Anonymous => request,
            Credential::Bearer(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            Credential::Cookies(cookies) => request.header(COOKIE, cookies),
            Credential::Fields(fields) => { fields.iter() }
                .fold(request, |request, (name, value)| {
                    request.header(*name, *value)
                }),
        };
        self.request(path, request, body).await
    }

    /// Posts a form, and returns any response.
    #[cfg(all(
        feature = "aws-lc-rs",
        feature = "introspection",
        feature = "jwks",
        feature = "sessions-custom"
    ))]
    pub async fn post_form(
        &self,
        path: &str,
        authorization: &str,
        form: String,
    ) -> Response<Bytes> {
        let request = Request::builder()
            .method(Method::POST)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.request(path, request, form).await
    }

    async fn request(&self, path: &str, request: Builder, body: String) -> Response<Bytes> {
        let request = request
            .uri(format!("{}{path}", self.origin))
            .header(ORIGIN, &self.origin)
            .body(Full::from(body))
            .expect("a request");
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let response = client.request(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Response::from_parts(parts, body)
    }
}

/// The credential of a request to the server.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    Anonymous,
    Bearer(&'a str),
    Cookies(&'a str),
    /// Several credentials: header fields.
    #[cfg_attr(not(feature = "sessions"), allow(dead_code))]
    Fields(&'a [(&'a str, &'a str)]),
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The command that starts a server, or `None` if the test is skipped.
fn command(program: &Program, variables: &[(&str, &str)]) -> Option<Command> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(program.folder);
    if let Some(missing) = missing_requirement(program, &folder) {
        let required = env::var("REQUIRE_BETTER_AUTH").is_ok_and(|value| value == "1");
        assert!(!required, "REQUIRE_BETTER_AUTH=1, and {missing}");
        // Not with `println!`, whose output is hidden if a test passes.
        let _ = writeln!(
            io::stderr(),
            "skipped: {missing}; to run it: npm ci --ignore-scripts --prefix {}",
            program.folder
        );
        return None;
    }
    let mut command = Command::new("node");
    command
        .args(program.arguments)
        .current_dir(folder)
        // The developer's variables, such as BETTER_AUTH_SECRETS, would override ours.
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    Some(command)
}

fn missing_requirement(program: &Program, folder: &Path) -> Option<String> {
    let node = Command::new("node")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if !node.is_ok_and(|status| status.success()) {
        Some("Node is not installed".to_owned())
    } else if !{ program.packages.iter() }
        .all(|name| folder.join("node_modules").join(name).exists())
    {
        Some(format!(
            "{}/node_modules is missing or incomplete",
            program.folder
        ))
    } else {
        None
    }
}

pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get_all(SET_COOKIE).iter().find_map(|cookie| {
        let pair = cookie.to_str().ok()?.split(';').next()?;
        let (found, value) = pair.split_once('=')?;
        (found == name).then(|| value.to_owned())
    })
}
