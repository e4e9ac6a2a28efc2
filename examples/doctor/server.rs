//! Checks the server: its key set, its metadata, and its clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{Client, StatusCode, Url, redirect::Policy};
use serde_json::Value;
use tower_jwt_auth::KeySet;

use super::{Report, Settings};

const TIMEOUT: Duration = Duration::from_secs(10);

/// In bytes.
const MAX_BODY_LEN: usize = 1024 * 1024;

/// In seconds: the leeway of `JwtAuthLayer::better_auth`.
pub const LEEWAY: i64 = 5;

const BASE_PATH: &str = "/api/auth";

/// Other values of `basePath` that are tried.
const OTHER_BASE_PATHS: [&str; 3] = ["/auth", "/api", ""];

struct Page {
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    body: String,
}

impl Page {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// Returns whether this is Better Auth's answer to `/ok`.
    fn is_better_auth(&self) -> bool {
        self.json().is_some_and(|json| json["ok"] == true)
    }
}

/// Checks the server, and returns its key set if it publishes one.
pub async fn check(settings: &Settings, report: &mut Report) -> Option<String> {
    let client = Client::builder()
        .timeout(TIMEOUT)
        .redirect(Policy::none())
        .build()
        .expect("the settings are valid");
    let origin = &settings.origin;
    let default = format!("{origin}{BASE_PATH}/jwks");
    let url = settings.jwks_url.as_ref().unwrap_or(&default);
    let page = match fetch(&client, url).await {
        Ok(page) => page,
        Err(error) => {
            report.problem("connection", connection_problem(url, &error));
            return None;
        }
    };
    check_clock(&page, report);
    let keys = match page.status {
        StatusCode::OK => key_set(url, &page, report),
        status => {
            let (topic, text) = wrong_status(&client, settings, url, &page, status).await;
            report.problem(topic, text);
            None
        }
    };
    if page.status != StatusCode::TOO_MANY_REQUESTS {
        check_metadata(&client, settings, url, report).await;
    }
    keys
}

async fn fetch(client: &Client, url: &str) -> reqwest::Result<Page> {
    let mut response = client.get(url).send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_BODY_LEN {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Page {
        status: response.status(),
        headers: response.headers().clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

fn connection_problem(url: &str, error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let host = url.parse().ok();
    let host = host.as_ref().and_then(Url::host_str);
    let advice = if host.is_some_and(is_loopback) {
        "check that Better Auth is running on that port; in a Docker container, localhost is the container itself: pass the name of the other container with .jwks_url(…) and .allow_http()"
    } else {
        "check the host, its DNS name, its certificate, and the firewall"
    };
    format!("cannot fetch {url} ({cause}); {advice}")
}

pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_address = |address: std::net::IpAddr| address.is_loopback();
    host == "localhost" || address.parse().is_ok_and(is_address)
}

fn key_set(url: &str, page: &Page, report: &mut Report) -> Option<String> {
    match KeySet::from_jwks(&page.body) {
        Ok(set) => {
            let algorithms: Vec<String> = set
                .keys()
                .iter()
                .map(|key| key.algorithm().to_string())
                .collect();
            let text = format!("{} at {url}", algorithms.join(", "));
            report.fits("key set", text);
            for skipped in set.skipped() {
                report.note("key set", format!("a key cannot be used: {skipped}"));
            }
            Some(page.body.clone())
        }
        Err(_) if page.body.trim_start().starts_with('<') => {
            let text = format!(
                "{url} is a web page; the host is that of the front end, or its router catches the path"
            );
            report.problem("base path", text);
            None
        }
        Err(error) => {
            report.problem("key set", format!("{url}: {error}"));
            None
        }
    }
}

async fn wrong_status(
    client: &Client,
    settings: &Settings,
    url: &str,
    page: &Page,
    status: StatusCode,
) -> (&'static str, String) {
    match status {
        StatusCode::NOT_FOUND if settings.jwks_url.is_none() => {
            not_found(client, &settings.origin, url).await
        }
        StatusCode::TOO_MANY_REQUESTS => {
            let wait = page.header("retry-after").or(page.header("x-retry-after"));
            let wait = wait.and_then(|seconds| seconds.parse::<u32>().ok());
            let wait = wait.map_or(String::new(), |seconds| {
                format!("; try again in {seconds} seconds")
            });
            let text = format!(
                "{url} answers 429{wait}. Better Auth's rate limiter counts the services behind one address as one client: set rateLimit: {{ customRules: {{ \"/jwks\": false }} }}"
            );
            ("rate limit", text)
        }
        status if status.is_redirection() => {
            let target = page.header("location").and_then(|to| to.parse().ok());
            let is_https = target.is_some_and(|to: Url| to.scheme() == "https");
            let topic = if is_https && url.starts_with("http:") {
                "scheme"
            } else {
                "redirect"
            };
            let text = format!(
                "{url} answers with a redirect, which the layer never follows; pass the address that it leads to"
            );
            (topic, text)
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (
            "access",
            format!(
                "{url} answers {status}; the key set is public, so exclude it from the proxy's access control"
            ),
        ),
        status => (
            "key set",
            format!("{url} answers {status}; the log of Better Auth has the cause"),
        ),
    }
}

/// Finds out whether the base path or the plugin is missing.
async fn not_found(client: &Client, origin: &str, url: &str) -> (&'static str, String) {
    let is_at = async |base: &str| {
        let page = fetch(client, &format!("{origin}{base}/ok")).await;
        page.is_ok_and(|page| page.is_better_auth())
    };
    if is_at(BASE_PATH).await {
        let text = format!("{url} answers 404, but Better Auth is there: add jwt() to its plugins");
        return ("plugin", text);
    }
    for base in OTHER_BASE_PATHS {
        if is_at(base).await {
            let text = format!(
                "{url} answers 404, but Better Auth is at {origin}{base}, because its basePath is changed; call .jwks_url(\"{origin}{base}/jwks\")"
            );
            return ("base path", text);
        }
    }
    let text = format!(
        "{url} answers 404; if the basePath of Better Auth is changed, call .jwks_url(\"{origin}/<basePath>/jwks\"); otherwise, check that this is the host of Better Auth"
    );
    ("base path", text)
}

/// Compares the metadata that an OAuth provider publishes. Without that plugin, there is none.
async fn check_metadata(client: &Client, settings: &Settings, jwks_url: &str, report: &Report) {
    let origin = &settings.origin;
    let base = jwks_url.strip_suffix("/jwks").unwrap_or(jwks_url);
    let mut found = false;
    for url in [
        format!("{base}/.well-known/openid-configuration"),
        format!("{origin}/.well-known/oauth-authorization-server{BASE_PATH}"),
    ] {
        let Ok(page) = fetch(client, &url).await else {
            continue;
        };
        let json = page.json().filter(|_| page.status == StatusCode::OK);
        let Some(issuer) = json.as_ref().and_then(|json| json["issuer"].as_str()) else {
            continue;
        };
        found = true;
        if issuer == settings.issuer() {
            report.fits("metadata", format!("{url} names the configured issuer"));
        } else {
            report.note("metadata", format!("{url} names the issuer {issuer:?}; for access tokens of the OAuth provider, use JwtAuthLayer::better_auth_oauth(…)"));
        }
        let keys = json.as_ref().and_then(|json| json["jwks_uri"].as_str());
        if keys.is_some_and(|keys| keys != jwks_url) {
            report.note(
                "metadata",
                format!("{url} names another key set than {jwks_url}"),
            );
        }
    }
    if !found {
        report.note(
            "metadata",
            "none, which is normal without the OAuth provider",
        );
    }
}

/// Compares the `Date` of a response, which may have been cached for `Age` seconds.
fn check_clock(page: &Page, report: &mut Report) {
    let Some(date) = page.header("date").and_then(seconds_of_date) else {
        report.note("clock", "the server sends no Date");
        return;
    };
    let age = page.header("age").and_then(|age| age.parse::<i64>().ok());
    let ahead = date + age.unwrap_or(0) - now();
    if ahead.abs() > LEEWAY {
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        report.problem("clock", format!("the clock of the server is {} s {direction} the clock here; synchronize both with NTP, because the layer accepts a difference of {LEEWAY} s", ahead.abs()));
    } else {
        report.fits("clock", format!("the clocks differ by at most {LEEWAY} s"));
    }
}

/// The current time, in seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}

/// Reads a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7), in seconds since
/// 1970.
fn seconds_of_date(text: &str) -> Option<i64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";

    let (_, date) = text.split_once(", ")?;
    let mut parts = date.split([' ', ':']);
    let day: i64 = parts.next()?.parse().ok()?;
    let month = i64::try_from(MONTHS.find(parts.next()?)? / 3).ok()? + 1;
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (year, hour, minute, second) = (number()?, number()?, number()?, number()?);
    // Years start in March, so that a leap day is the last day of a year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    Some(((days - 719_468) * 24 + hour) * 3600 + minute * 60 + second)
}
