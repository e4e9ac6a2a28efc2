//! Looks up sessions in the Redis of a Better Auth server that keeps them there
//! (`secondaryStorage`); used by `build`.

mod address;
mod columns;
mod connection;
mod tls;

use std::{fmt, sync::Arc};

use redis::{ErrorKind, RedisError, ServerErrorKind};

pub(super) use self::columns::Columns;
use self::connection::Connections;
pub(super) use self::{address::Address, tls::Tls};
use super::{
    record::Record,
    source::{Found, SessionCredential, SessionSource},
};
use crate::lookups::LookupError;

/// The maximum size of a record, in bytes.
const MAX_RECORD_BYTES: usize = 64 * 1024;

/// The sessions in a Redis database.
pub(super) struct Redis {
    connections: Connections,
    /// The start of each of Better Auth's keys.
    prefix: String,
    columns: Columns,
}

impl Redis {
    pub(super) fn new(address: Address, tls: Tls, prefix: String, columns: Columns) -> Self {
        Self {
            connections: Connections::new(address, tls),
            prefix,
            columns,
        }
    }

    async fn look_up(&self, token: &str) -> Result<Option<Record>, LookupError> {
        let mut lease = self.connections.get().await?;
        let Some(json) = lease.get(format!("{}{token}", self.prefix)).await? else {
            return Ok(None);
        };
        let record = self.read(&json)?;
        let Some(user_id) = record.user_id() else {
            // `RecordReader` rejects it.
            return Ok(Some(record));
        };
        let key = format!("{}revoked-sessions-before-{user_id}", self.prefix);
        let is_revoked = match lease.get(key).await? {
            Some(before) => is_created_before(&record, &before)?,
            None => false,
        };
        Ok((!is_revoked).then_some(record))
    }

    fn read(&self, json: &[u8]) -> Result<Record, LookupError> {
        let json = { std::str::from_utf8(json).ok() }.filter(|json| json.len() <= MAX_RECORD_BYTES);
        let record: Option<Record> = json.and_then(Record::parse);
        let mut record = record.ok_or_else(|| {
            misconfigured(
                "the value of a session's key is not the JSON of a session and its user; check the database number and .redis_prefix(…)",
            )
        })?;
        self.columns.retain(&mut record);
        Ok(record)
    }
}

/// Returns whether a session was created before the time at which Better Auth ended all sessions of
/// the user, in milliseconds since the epoch. Better Auth 1.7 leaves their keys where they are.
fn is_created_before(record: &Record, milliseconds: &[u8]) -> Result<bool, LookupError> {
    let before = std::str::from_utf8(milliseconds).ok();
    let before: Option<u128> = before.and_then(|text| text.parse().ok());
    let before = before.ok_or_else(|| {
        misconfigured(
            "the value of a key revoked-sessions-before-… is not a number of milliseconds",
        )
    })?;
    let created = record.created_at();
    Ok(created.is_none_or(|created| created.as_millis() < before))
}

impl SessionSource for Redis {
    fn find(self: Arc<Self>, credential: SessionCredential) -> Found {
        Box::pin(async move { self.look_up(&credential.token).await })
    }
}

fn misconfigured(message: &str) -> LookupError {
    LookupError {
        message: message.to_owned(),
        is_outage: false,
    }
}

/// Describes an error. The code of a server's error is shown, but not its text, which may repeat a
/// part of the command.
fn explain(error: &RedisError) -> LookupError {
    let code = error.code().unwrap_or("an error without a code");
    let advice = match error.kind() {
        ErrorKind::AuthenticationFailed => {
            "Redis rejects the user name or the password; correct them in the URL"
        }
        ErrorKind::Server(ServerErrorKind::NoPerm) => {
            "the user of Redis may not execute GET on the keys of sessions; allow it in the ACL"
        }
        ErrorKind::Server(
            ServerErrorKind::Moved | ServerErrorKind::Ask | ServerErrorKind::CrossSlot,
        ) => "Redis is a cluster, which is not supported; use a SessionStore with your own client",
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::TryAgain,
        ) => {
            return LookupError {
                message: format!("Redis is not ready: {code}"),
                is_outage: true,
            };
        }
        ErrorKind::Server(_) | ErrorKind::Extension => match code {
            "NOAUTH" | "WRONGPASS" => {
                "Redis rejects the user name or the password; correct them in the URL"
            }
            "WRONGTYPE" => {
                "a session's key is not a string; check the database number and .redis_prefix(…)"
            }
            _ => "Redis rejects the command",
        },
        ErrorKind::Io => {
            return LookupError {
                message: format!("Redis cannot be reached: {error}"),
                is_outage: true,
            };
        }
        _ => "the server does not respond as Redis does; check the URL",
    };
    misconfigured(&format!("{advice} ({code})"))
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}
