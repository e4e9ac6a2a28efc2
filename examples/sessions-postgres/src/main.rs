//! An axum service that looks up the sessions of Better Auth in its PostgreSQL database. A user who
//! signs out or is banned is rejected by the next request, in every replica, and Better Auth itself
//! is never asked.
//!
//! ```sh
//! export DATABASE_URL=postgres://tasks:password@localhost/app
//! export BETTER_AUTH_SECRET=… # that of Better Auth
//! cargo run --manifest-path examples/sessions-postgres/Cargo.toml -- https://app.example.com
//! ```
//!
//! The argument is the origin of Better Auth, and `ADDR` is the address to listen on (default
//! `127.0.0.1:3000`). Better Auth must store its sessions in the database: with a `secondaryStorage`,
//! it needs `storeSessionInDatabase`. The database user may be one that reads these columns only:
//!
//! ```sql
//! grant select (id, token, "userId", "expiresAt", "createdAt", "impersonatedBy") on session to tasks;
//! grant select (id, name, email, role, banned, "banExpires") on "user" to tasks;
//! ```
//!
//! Sign in at Better Auth, copy the session cookie from the browser, and send it:
//!
//! ```sh
//! curl -i -b 'better-auth.session_token=…' http://127.0.0.1:3000/me
//! ```

use std::{env, error::Error, pin::Pin, time::Duration};

use axum::{Json, Router, routing::get};
use serde_json::{Value, json};
use sqlx::postgres::{PgPool, PgPoolOptions};
use tower_jwt_auth::{
    BetterAuthSessions, CurrentUser, JwtAuthLayer,
    sessions::{SessionStore, SessionStoreError, StoredSession},
};

const MAX_CONNECTIONS: u32 = 10;

/// The time after which a lookup fails if it has no connection. The layer abandons a lookup after two
/// seconds.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// Finds a session and its user by the session's token, which has a unique index.
///
/// All columns except the token become claims, so this query names those that handlers may see. The
/// plugin `admin()` adds `role`, `banned`, `banExpires`, and `impersonatedBy`; without it, omit them.
/// The members of the JSON objects have Better Auth's own names. If your columns have others, rename
/// them: `expires_at as "expiresAt"`.
///
/// Better Auth's migrations create `timestamptz` columns. A column of the type `timestamp` has no
/// offset, so the layer cannot compare it with the time. If it is in UTC, select
/// `"expiresAt" at time zone 'UTC' as "expiresAt"`, and the same for `banExpires` and `createdAt`.
const FIND_SESSION: &str = r#"
    select row_to_json(s)::text, row_to_json(u)::text
    from (
        select id, token, "userId", "expiresAt", "createdAt", "impersonatedBy" from session
    ) s
    join (
        select id, name, email, role, banned, "banExpires" from "user"
    ) u on u.id = s."userId"
    where s.token = $1
"#;

/// The database of Better Auth.
struct Database(PgPool);

impl SessionStore for Database {
    fn find<'a>(
        &'a self,
        token: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Option<StoredSession>, SessionStoreError>> + Send + 'a>>
    {
        Box::pin(async move {
            let row: Option<(String, String)> = sqlx::query_as(FIND_SESSION)
                .bind(token)
                .fetch_optional(&self.0)
                .await
                .map_err(store_error)?;
            // An expired session and a banned user are rejected by the layer.
            Ok(row.map(|(session, user)| StoredSession::from_json(session, user)))
        })
    }
}

fn store_error(error: sqlx::Error) -> SessionStoreError {
    let message = format!("PostgreSQL: {error}");
    match error {
        // Such as a wrong password or a missing column. The server can be reached.
        sqlx::Error::Database(_) => SessionStoreError::new(message),
        _ => SessionStoreError::unreachable(message),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Logs failed lookups, and why a request was rejected.
    tracing_subscriber::fmt()
        .with_env_filter("tower_jwt_auth=debug")
        .with_writer(std::io::stderr)
        .init();
    let origin = env::args().nth(1);
    let origin = origin.ok_or("pass the origin of Better Auth, such as https://app.example.com")?;
    let url = env::var("DATABASE_URL").map_err(|_| "set DATABASE_URL to postgres://…")?;

    let pool = PgPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(CONNECTION_TIMEOUT)
        // The first lookup connects, so the service also starts while the database is down.
        .connect_lazy(&url)?;
    let sessions = BetterAuthSessions::store(Database(pool), origin)
        .secret_from_env("BETTER_AUTH_SECRET")
        // More lookups would only wait for a connection.
        .max_lookups(MAX_CONNECTIONS as usize);
    let auth = JwtAuthLayer::builder().sessions(sessions).build()?;
    let router = Router::new().route("/me", get(me)).route_layer(auth);

    let address = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn me(user: CurrentUser) -> Json<Value> {
    Json(json!({ "user_id": user.user_id(), "email": user.email() }))
}
