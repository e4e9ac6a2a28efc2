//! A `redis-server` in a temporary folder, and commands to it. `tests/better-auth` uses it too.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const START_TIMEOUT: Duration = Duration::from_secs(10);

const MAX_STARTS: usize = 10;

/// A running server, which is killed on drop.
pub(super) struct RedisServer {
    pub(super) port: u16,
    folder: Arc<Folder>,
    options: Vec<String>,
    process: Child,
}

impl RedisServer {
    /// Starts an empty server on a free port and on a Unix socket.
    ///
    /// Returns `None` if there is no `redis-server`. With `REQUIRE_REDIS=1`, this is a failure instead.
    pub(super) fn start() -> Option<Self> {
        Self::start_in(Folder::new(), &["--port"])
    }

    /// Starts a server in this folder, whose last option gets a free port.
    pub(super) fn start_in(folder: Arc<Folder>, options: &[&str]) -> Option<Self> {
        // Another process may use the port between its choice and its use.
        for _ in 0..MAX_STARTS {
            let port = free_port();
            let mut options: Vec<String> = options.iter().map(|&option| option.into()).collect();
            options.push(port.to_string());
            let process = match spawn(&folder, &options) {
                Ok(process) => process,
                Err(error) => return skip(&error),
            };
            let mut server = Self {
                port,
                folder: Arc::clone(&folder),
                options,
                process,
            };
            if server.becomes_ready() {
                return Some(server);
            }
        }
        panic!("redis-server does not start");
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.0.join("redis.sock")
    }

    /// Ends the server without any warning to its clients.
    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts the killed server again, with the data of the last `SAVE`.
    pub(super) fn restart(&mut self) {
        // A connection to another server may use the port for a moment.
        for _ in 0..MAX_STARTS {
            self.process = spawn(&self.folder, &self.options).unwrap();
            if self.becomes_ready() {
                return;
            }
        }
        panic!("redis-server does not restart");
    }

    /// Sends a signal, such as `STOP`.
    pub(super) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(
            status
                .expect("this test needs the program `kill`")
                .success()
        );
    }

    /// Returns the response to a command: a line, or the bytes of a value.
    pub(super) fn command(&self, parts: &[&str]) -> String {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        let response = self.try_command(&parts).unwrap();
        assert!(!response.starts_with('-'), "{response}");
        response
    }

    fn try_command(&self, parts: &[&[u8]]) -> io::Result<String> {
        let mut stream = UnixStream::connect(self.socket())?;
        send(&mut stream, parts)?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some(length) = line.strip_prefix('$') else {
            return Ok(line.trim_end().to_owned());
        };
        let length = length.trim_end().parse().unwrap_or(0);
        let mut value = vec![0; length];
        stream.read_exact(&mut value)?;
        Ok(String::from_utf8_lossy(&value).into_owned())
    }

    pub(super) fn set(&self, key: &str, value: impl AsRef<[u8]>) {
        let parts = [b"SET", key.as_bytes(), value.as_ref()];
        assert_eq!(self.try_command(&parts).unwrap(), "+OK");
    }

    /// Starts to record the commands that the server receives.
    pub(super) fn monitor(&self) -> Monitor<'_> {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        send(&mut stream, &[b"MONITOR"]).unwrap();
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert_eq!(line, "+OK\r\n");
        Monitor {
            server: self,
            lines,
        }
    }

    /// Waits until the server responds, and returns whether it does.
    fn becomes_ready(&mut self) -> bool {
        let start = Instant::now();
        let own_id = format!("process_id:{}", self.process.id());
        while start.elapsed() < START_TIMEOUT {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            let info = self.try_command(&[b"INFO", b"server"]);
            if info.is_ok_and(|info| info.contains(&own_id)) {
                return true;
            }
            thread::sleep(Duration::from_millis(2));
        }
        false
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The commands that a server receives.
pub(super) struct Monitor<'s> {
    server: &'s RedisServer,
    lines: BufReader<UnixStream>,
}

impl Monitor<'_> {
    /// Returns the commands since the last call, each as quoted words.
    pub(super) fn commands(&mut self) -> Vec<String> {
        const END: &str = "end-of-the-commands";

        self.server.command(&["ECHO", END]);
        let mut commands = Vec::new();
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).unwrap();
            let (_, command) = line.trim_end().split_once("] ").unwrap();
            if command.contains(END) {
                return commands;
            }
            commands.push(command.to_owned());
        }
    }
}

/// A folder that is removed on drop.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    /// Creates an empty folder.
    pub(super) fn new() -> Arc<Self> {
        static SEQUENCE: AtomicU32 = AtomicU32::new(0);
        let number = SEQUENCE.fetch_add(1, Ordering::Relaxed);
        let name = format!("tower-jwt-auth-redis-{}-{number}", std::process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Arc::new(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn spawn(folder: &Folder, options: &[String]) -> io::Result<Child> {
    let mut command = Command::new("redis-server");
    command
        .current_dir(&folder.0)
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--unixsocket", "redis.sock"])
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

fn skip<T>(error: &io::Error) -> Option<T> {
    let required = env::var("REQUIRE_REDIS").is_ok_and(|value| value == "1");
    assert!(!required, "REQUIRE_REDIS=1, and redis-server: {error}");
    // Not with `println!`, whose output is hidden if a test passes.
    let _ = writeln!(io::stderr(), "skipped: redis-server: {error}");
    None
}

fn send(stream: &mut UnixStream, parts: &[&[u8]]) -> io::Result<()> {
    let mut command = format!("*{}\r\n", parts.len()).into_bytes();
    for part in parts {
        command.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
        command.extend_from_slice(part);
        command.extend_from_slice(b"\r\n");
    }
    stream.write_all(&command)
}
