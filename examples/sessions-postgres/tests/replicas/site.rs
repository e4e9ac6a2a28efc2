//! A Better Auth server with its database, its users, and three replicas of the example.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, Request, Response, StatusCode,
        header::{CONTENT_TYPE, COOKIE, ORIGIN, SET_COOKIE},
    },
};
use http_body_util::BodyExt;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};

use super::{
    postgres::{Postgres, execute},
    process::{BETTER_AUTH, Process, until_closed},
};

const SECRET: &str = "test-only-0123456789abcdefghijklmnopqrstuvwxyz";

const PASSWORD: &str = "correct horse";

pub struct Site {
    pub database: String,
    origin: String,
    /// The origins of the replicas.
    replicas: [String; 3],
    /// What the replicas and Better Auth log.
    log: PathBuf,
    _processes: Vec<Process>,
}

/// A user with a session.
pub struct Account {
    pub id: String,
    pub email: String,
    /// Name and value of the session cookie.
    pub cookie: String,
}

impl Site {
    /// Starts a Better Auth of this release, which creates its tables, and the replicas.
    pub async fn start(postgres: &Postgres, release: &str) -> Self {
        let database = postgres.create_database(&format!("auth-{release}")).await;
        let log = postgres.file(&format!("log-{release}"));
        let log_file = File::create(&log).unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut better_auth = Process::start(
            Command::new("node")
                .args(["--import", "./release.mjs", "server.mjs"])
                .current_dir(BETTER_AUTH)
                // The developer's variables would override these.
                .env_clear()
                .env("PATH", path)
                .env("RELEASE", release)
                .env("BETTER_AUTH_SECRET", SECRET)
                .env("DATABASE_URL", &database)
                .env("ADMIN", "1")
                .stderr(log_file.try_clone().unwrap()),
        );
        let ready: Value = serde_json::from_str(&better_auth.first_line()).unwrap();
        let origin = ready["baseURL"].as_str().unwrap().to_owned();
        let mut processes = vec![better_auth];
        let replicas = [(); 3].map(|()| {
            let program = Path::new(env!("CARGO_BIN_EXE_sessions-postgres"));
            let mut replica = Process::start(
                until_closed(program, "TERM")
                    .arg(&origin)
                    .env("ADDR", "127.0.0.1:0")
                    .env("BETTER_AUTH_SECRET", SECRET)
                    .env("DATABASE_URL", &database)
                    .stderr(log_file.try_clone().unwrap()),
            );
            let line = replica.first_line();
            let url = line.trim().strip_prefix("Listening on ").unwrap();
            let url = url.to_owned();
            processes.push(replica);
            url
        });
        Self {
            database,
            origin,
            replicas,
            log,
            _processes: processes,
        }
    }

    pub async fn sign_up(&self, name: &str) -> Account {
        let email = format!("{name}@example.com");
        let body = json!({ "name": name, "email": email, "password": PASSWORD });
        let (cookie, answer) = self.post("sign-up/email", "", body).await;
        Account {
            id: answer["user"]["id"].as_str().unwrap().to_owned(),
            email,
            cookie: cookie.unwrap(),
        }
    }

    /// Starts another session of a user, and returns its cookie.
    pub async fn sign_in(&self, account: &Account) -> String {
        let body = json!({ "email": account.email, "password": PASSWORD });
        self.post("sign-in/email", "", body).await.0.unwrap()
    }

    pub async fn change_password(&self, cookie: &str) -> String {
        let body = json!({
            "currentPassword": PASSWORD,
            "newPassword": "battery staple",
            "revokeOtherSessions": true,
        });
        self.post("change-password", cookie, body).await.0.unwrap()
    }

    /// Sends a request to an endpoint of Better Auth; the response must be 200. Returns the session
    /// cookie that it sets, if any.
    pub async fn post(&self, endpoint: &str, cookie: &str, body: Value) -> (Option<String>, Value) {
        let request = Request::post(format!("{}/api/auth/{endpoint}", self.origin))
            .header(ORIGIN, &self.origin)
            .header(CONTENT_TYPE, "application/json")
            .header(COOKIE, cookie)
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = send(request).await;
        let text = String::from_utf8_lossy(response.body());
        assert_eq!(response.status(), StatusCode::OK, "{endpoint}: {text}");
        let answer = serde_json::from_str(&text).unwrap();
        (session_cookie(response.headers()), answer)
    }

    /// Executes a statement with one parameter, which sets columns of one row.
    pub async fn set(&self, statement: &str, parameter: &str) {
        let rows = execute(&self.database, statement, parameter).await;
        assert_eq!(rows, 1, "{statement}");
    }

    /// Sends a session cookie to all replicas at once, and returns the statuses.
    pub async fn ask(&self, cookie: &str) -> [u16; 3] {
        let [first, second, third] = &self.replicas;
        let asked = tokio::join!(ask(first, cookie), ask(second, cookie), ask(third, cookie));
        [asked.0.0, asked.1.0, asked.2.0]
    }

    /// Sends a session cookie to one replica, and returns its user's ID.
    pub async fn user_id(&self, cookie: &str) -> Option<String> {
        let (_, user) = ask(&self.replicas[0], cookie).await;
        Some(user["user_id"].as_str()?.to_owned())
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

async fn ask(replica: &str, cookie: &str) -> (u16, Value) {
    let request = Request::get(format!("{replica}/me")).header(COOKIE, cookie);
    let response = send(request.body(Body::empty()).unwrap()).await;
    let body = serde_json::from_slice(response.body()).unwrap_or_default();
    (response.status().as_u16(), body)
}

async fn send(request: Request<Body>) -> Response<Bytes> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (parts, body) = client.request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, body)
}

fn session_cookie(headers: &HeaderMap) -> Option<String> {
    headers.get_all(SET_COOKIE).iter().find_map(|cookie| {
        let pair = cookie.to_str().ok()?.split(';').next()?;
        let value = pair.strip_prefix("better-auth.session_token=")?;
        (!value.is_empty()).then(|| pair.to_owned())
    })
}
