//! A Better Auth, and a user who signs in and consents in a browser.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
};

use reqwest::{Client, Response, header::LOCATION, redirect::Policy};
use serde_json::{Value, json};

use super::transcript::Transcript;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/better-auth");

/// The URL of all clients. Nothing listens here: the tests read the code from the URL.
pub const REDIRECT: &str = "http://127.0.0.1:9/callback";

/// The only user.
const EMAIL: &str = "ada@example.com";

const PASSWORD: &str = "password";

/// A server, which ends when its standard input is closed.
pub struct BetterAuth {
    pub origin: String,
    process: Child,
    browser: Client,
}

impl BetterAuth {
    /// Starts a server that issues tokens for these resources. Returns `None` if the test is skipped.
    pub fn start(resource: &str, other_resource: &str, transcript: &Transcript) -> Option<Self> {
        if !is_available(FOLDER) {
            return None;
        }
        let mut process = Command::new("node")
            .arg("server.mjs")
            .current_dir(FOLDER)
            .env("BETTER_AUTH_SECRET", "a secret of the tests of the example")
            .env("PORT", "0")
            .env("RESOURCE", resource)
            .env("OTHER_RESOURCE", other_resource)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let first = lines.next().expect("Better Auth starts");
        let first: Value = serde_json::from_str(&first).expect("the first line is JSON");
        transcript.step(&format!("Better Auth {first}"));
        let transcript = transcript.clone();
        thread::spawn(move || {
            lines.for_each(|request| transcript.better_auth(&request));
        });
        Some(Self {
            origin: first["baseURL"].as_str().expect("an origin").to_owned(),
            process,
            browser: Client::builder().redirect(Policy::none()).build().unwrap(),
        })
    }

    /// Returns the ID of the user.
    pub async fn user_id(&self) -> String {
        let sign_in = json!({ "email": EMAIL, "password": PASSWORD });
        let response = self.post("sign-in/email", "", sign_in).await;
        let answer: Value = response.json().await.unwrap();
        answer["user"]["id"].as_str().expect("an ID").to_owned()
    }

    /// Opens the URL to which a client sends the browser, signs in, consents, and returns the URL of
    /// the client to which Better Auth sends the browser then.
    pub async fn authorize(&self, url: &str) -> String {
        let page = self.browser.get(url).send().await.unwrap();
        let location = page.headers()[LOCATION].to_str().unwrap().to_owned();
        let sign_in = json!({
            "email": EMAIL, "password": PASSWORD, "oauth_query": query(&location),
        });
        let response = self.post("sign-in/email", "", sign_in).await;
        let cookies = cookies(&response);
        let location = redirect(response).await;
        if !location.contains("/consent") {
            return location;
        }
        let consent = json!({ "accept": true, "oauth_query": query(&location) });
        redirect(self.post("oauth2/consent", &cookies, consent).await).await
    }

    async fn post(&self, endpoint: &str, cookies: &str, body: Value) -> Response {
        let url = format!("{}/api/auth/{endpoint}", self.origin);
        let request = self.browser.post(url).header("origin", &self.origin);
        let request = request.header("cookie", cookies).json(&body);
        request.send().await.unwrap().error_for_status().unwrap()
    }
}

impl Drop for BetterAuth {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Returns whether Node and the packages of this folder are installed.
pub fn is_available(folder: &str) -> bool {
    let node = Command::new("node").arg("--version").output();
    let has_packages = std::path::Path::new(folder).join("node_modules").is_dir();
    if node.is_ok() && has_packages {
        return true;
    }
    let fix = format!("install Node, and run npm ci --ignore-scripts --prefix {folder}");
    assert!(env::var("REQUIRE_BETTER_AUTH").is_err(), "{fix}");
    println!("skipped: {fix}");
    false
}

async fn redirect(response: Response) -> String {
    let answer: Value = response.json().await.unwrap();
    let url = answer["url"].as_str();
    url.unwrap_or_else(|| panic!("no redirect: {answer}"))
        .to_owned()
}

/// Returns the signed query, which the page sends back.
fn query(location: &str) -> String {
    let (_, query) = location.split_once('?').expect("a query");
    query.to_owned()
}

fn cookies(response: &Response) -> String {
    let cookies = response.headers().get_all("set-cookie").iter();
    let pair = |cookie: &str| cookie.split(';').next().unwrap().to_owned();
    let cookies: Vec<String> = cookies.map(|it| pair(it.to_str().unwrap())).collect();
    cookies.join("; ")
}
