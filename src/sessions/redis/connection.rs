//! The connection to Redis: created by the first lookup, shared by all, and replaced after an error.

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{
    AsyncCommands, AsyncConnectionConfig, ErrorKind, RedisError, ServerErrorKind,
    aio::MultiplexedConnection,
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::OwnedMutexGuard,
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    address::{Address, Place},
    explain, misconfigured,
    tls::{Tls, explain_tls},
};
use crate::lookups::LookupError;

/// The time limit of a TLS handshake. It ends before the lookup does, so that the log names the
/// handshake: a Redis without TLS waits for the rest of a command.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_millis(1_500);

/// The time for which a lookup waits for the connection that another one creates. It ends before the
/// lookup does, and then that connection is given up: the runtime that creates it may stall.
const TURN_TIMEOUT: Duration = Duration::from_millis(1_500);

/// The connection to one server.
pub(super) struct Connections {
    address: Address,
    tls: Tls,
    current: Mutex<Option<Arc<Shared>>>,
    turn: Mutex<Turn>,
}

/// Held while a connection is created, so that lookups share it.
type Turn = Arc<tokio::sync::Mutex<()>>;

/// A connection, which is closed when nobody uses it any more.
struct Shared {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The use of a connection by a lookup. If the lookup fails or is abandoned, the connection is not used
/// again, because a server that hangs or a network that drops packets may never close it.
pub(super) struct Lease<'c> {
    connection: MultiplexedConnection,
    shared: Arc<Shared>,
    connections: &'c Connections,
    is_sound: bool,
}

impl Lease<'_> {
    /// Returns the value of a key.
    pub(super) async fn get(&mut self, key: String) -> Result<Option<Vec<u8>>, LookupError> {
        self.is_sound = false;
        let value: Result<_, RedisError> = self.connection.get(key).await;
        self.is_sound = value.as_ref().err().is_none_or(is_response);
        value.map_err(|error| explain(&error))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if self.is_sound {
            return;
        }
        let mut current = self.connections.current();
        if current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, &self.shared))
        {
            *current = None;
        }
    }
}

impl Connections {
    pub(super) fn new(address: Address, tls: Tls) -> Self {
        Self {
            address,
            tls,
            current: Mutex::default(),
            turn: Mutex::default(),
        }
    }

    /// Returns the current connection, or creates one.
    pub(super) async fn get(&self) -> Result<Lease<'_>, LookupError> {
        if let Some(lease) = self.lease() {
            return Ok(lease);
        }
        let _turn = self.take_turn().await;
        if let Some(lease) = self.lease() {
            return Ok(lease);
        }
        let shared = Arc::new(self.connect().await?);
        *self.current() = Some(Arc::clone(&shared));
        Ok(self.lease_of(shared))
    }

    /// Waits until this lookup may create the connection.
    async fn take_turn(&self) -> OwnedMutexGuard<()> {
        loop {
            let turn = Arc::clone(&self.turn());
            let taken = timeout(TURN_TIMEOUT, Arc::clone(&turn).lock_owned()).await;
            if let Ok(taken) = taken {
                return taken;
            }
            let mut current = self.turn();
            if Arc::ptr_eq(&current, &turn) {
                *current = Turn::default();
            }
        }
    }

    fn lease(&self) -> Option<Lease<'_>> {
        let shared = self.current().clone()?;
        // The server has closed the connection if its driver has ended.
        (!shared.driver.is_finished()).then(|| self.lease_of(shared))
    }

    fn lease_of(&self, shared: Arc<Shared>) -> Lease<'_> {
        Lease {
            connection: shared.connection.clone(),
            shared,
            connections: self,
            is_sound: false,
        }
    }

    async fn connect(&self) -> Result<Shared, LookupError> {
        match &self.address.place {
            Place::Tcp {
                host,
                port,
                has_tls,
            } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await;
                let stream = stream.map_err(unreachable)?;
                stream.set_nodelay(true).map_err(unreachable)?;
                if !has_tls {
                    return self.log_in(stream).await;
                }
                let config = self
                    .tls
                    .config()
                    .await
                    .map_err(|problem| misconfigured(&problem))?;
                let name = ServerName::try_from(host.clone());
                let name = name.map_err(|_| misconfigured("the host is not a name for TLS"))?;
                let handshake = TlsConnector::from(config).connect(name, stream);
                let stream = timeout(HANDSHAKE_TIMEOUT, handshake).await;
                let stream = stream.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                self.log_in(stream.map_err(explain_tls)?).await
            }
            #[cfg(unix)]
            Place::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await;
                self.log_in(stream.map_err(unreachable)?).await
            }
            #[cfg(not(unix))]
            Place::Unix(_) => Err(misconfigured("this system has no Unix sockets")),
        }
    }

    async fn log_in<S>(&self, stream: S) -> Result<Shared, LookupError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // The lookup has its own time limit, and its connection is not used again afterwards.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let settings = &self.address.settings;
        let created = MultiplexedConnection::new_with_config(settings, stream, config).await;
        let (connection, driver) = created.map_err(|error| match error.kind() {
            // The crate `redis` omits the code.
            ErrorKind::Server(ServerErrorKind::ResponseError) if settings.db() != 0 => {
                misconfigured(
                    "Redis rejects SELECT; check the database number and the password in the URL, and allow SELECT in the ACL",
                )
            }
            _ => explain(&error),
        })?;
        Ok(Shared {
            connection,
            driver: tokio::spawn(driver),
        })
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Shared>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether an error is a response of the server.
fn is_response(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

fn unreachable(error: io::Error) -> LookupError {
    LookupError {
        message: format!("Redis cannot be reached: {error}"),
        is_outage: true,
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}
