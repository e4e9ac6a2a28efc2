//! A Redis server with the sessions of [`crate::sessions`].

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};

use crate::{
    keys::SECRET,
    sessions::{record, token},
    tokens::USERS,
};

/// A server that is stopped on drop.
pub struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    /// Starts `redis-server`, if it is installed.
    pub fn start() -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        drop(listener);
        let port_text = port.to_string();
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port_text, "--save", ""])
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let redis = Self { process, port };
        redis.store_sessions();
        Some(redis)
    }

    /// The layer that looks sessions up in this server.
    pub fn layer(&self) -> JwtAuthLayer {
        let url = format!("redis://127.0.0.1:{}", self.port);
        let sessions = BetterAuthSessions::redis(url, "https://app.example.com").secret(SECRET);
        let layer = JwtAuthLayer::builder().sessions(sessions).build();
        layer.expect("the configuration is valid")
    }

    fn store_sessions(&self) {
        let mut stream = loop {
            match TcpStream::connect(("127.0.0.1", self.port)) {
                Ok(stream) => break stream,
                Err(_) => sleep(Duration::from_millis(10)),
            }
        };
        for user in 0..USERS {
            let token = token(user);
            let (key, record) = (format!("better-auth:{token}"), record(&token).to_string());
            let (key_len, len) = (key.len(), record.len());
            let command =
                format!("*3\r\n$3\r\nSET\r\n${key_len}\r\n{key}\r\n${len}\r\n{record}\r\n");
            stream.write_all(command.as_bytes()).expect("Redis reads");
            let mut reply = [0; 5];
            stream.read_exact(&mut reply).expect("Redis replies");
            assert_eq!(&reply, b"+OK\r\n");
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
