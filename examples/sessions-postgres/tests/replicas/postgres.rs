//! A PostgreSQL server.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::chown,
    path::PathBuf,
    process::{self, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::process::{Process, User, postgres_programs, until_closed};

/// A server with data in a temporary folder.
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<User>,
    port: u16,
    server: Option<Process>,
}

impl Postgres {
    /// Creates a server and starts it. Returns `None` if the test is skipped.
    pub async fn start() -> Option<Self> {
        static SEQUENCE: AtomicU32 = AtomicU32::new(0);
        let programs = postgres_programs()?;
        let number = SEQUENCE.fetch_add(1, Ordering::Relaxed);
        let folder = format!("sessions-postgres-{}-{number}", process::id());
        let mut postgres = Self {
            programs,
            folder: env::temp_dir().join(folder),
            user: User::for_postgres(),
            port: free_port(),
            server: None,
        };
        postgres.create();
        postgres.resume().await;
        Some(postgres)
    }

    fn create(&self) {
        fs::create_dir(&self.folder).unwrap();
        if let Some(User { uid, gid }) = self.user {
            chown(&self.folder, Some(uid), Some(gid)).unwrap();
        }
        let mut initdb = Command::new(self.programs.join("initdb"));
        let initdb = initdb
            .args(["--username=postgres", "--auth=trust", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C"])
            .arg(self.folder.join("data"))
            .current_dir(&self.folder);
        let output = User::runs(self.user, initdb).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
    }

    /// Starts the server again, and returns when it accepts connections.
    pub async fn resume(&mut self) {
        let program = self.programs.join("postgres");
        // This signal does not wait for the clients.
        let mut command = until_closed(&program, "QUIT");
        command
            .arg("-D")
            .arg(self.folder.join("data"))
            .args(["-p", &self.port.to_string()])
            // A half hour's offset in all times.
            .args(["-c", "timezone=Asia/Kolkata", "-c", "fsync=off"])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            .current_dir(&self.folder)
            .stderr(Stdio::null());
        self.server = Some(Process::start(User::runs(self.user, &mut command)));
        let start = Instant::now();
        while let Err(error) = PgConnection::connect(&self.url("postgres")).await {
            assert!(start.elapsed() < Duration::from_secs(20), "{error}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops the server, which closes all connections.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Returns the path of a temporary file.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Creates a database, and returns its URL.
    pub async fn create_database(&self, name: &str) -> String {
        let statement = format!(r#"create database "{name}""#);
        execute(&self.url("postgres"), &statement, "").await;
        self.url(name)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Executes a statement, with a parameter unless that is empty, and returns the number of rows.
pub async fn execute(url: &str, statement: &str, parameter: &str) -> u64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let mut query = sqlx::query(AssertSqlSafe(statement));
    if !parameter.is_empty() {
        query = query.bind(parameter);
    }
    let result = query.execute(&mut connection).await.unwrap();
    result.rows_affected()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
