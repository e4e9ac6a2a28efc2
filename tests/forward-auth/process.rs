//! Processes that end with the test.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

/// A process that is stopped on drop, or when the test is killed.
pub struct Process(Child);

impl Process {
    /// Starts the command's program with its arguments and variables, as another user if one is
    /// given.
    pub fn start(command: &Command, user: Option<u32>, stderr: Stdio) -> Self {
        // The shell stops the program when the test's end of the pipe is closed for any reason.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", r#""$@" & read _; kill $!; wait $! 2>/dev/null"#, "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(user) = user {
            shell.uid(user).gid(user);
        }
        Self(shell.spawn().expect("sh starts"))
    }

    fn first_line(&mut self) -> String {
        let stdout = self.0.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the example prints where it listens");
        line
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A running example.
pub struct Replica {
    pub addr: SocketAddr,
    pub log: Log,
    _process: Process,
}

/// What a process has written to stderr.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<String>>);

impl Log {
    fn read(stderr: ChildStderr) -> Self {
        let log = Self::default();
        let written = log.clone();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                *written.0.lock().expect("no thread panics") += &(line + "\n");
            }
        });
        log
    }

    pub fn text(&self) -> String {
        self.0.lock().expect("no thread panics").clone()
    }
}

/// Starts the example for nginx, on a free port.
pub fn replica(secret: &str) -> Replica {
    let mut command = Command::new(example());
    command
        .arg("nginx")
        .env("ADDR", "127.0.0.1:0")
        .env("BETTER_AUTH_SECRET", secret)
        // The developer's variables would be used too.
        .env_remove("BETTER_AUTH_ISSUER")
        .env_remove("BETTER_AUTH_AUDIENCE");
    let mut process = Process::start(&command, None, Stdio::piped());
    let log = Log::read(process.0.stderr.take().expect("stderr is piped"));
    let line = process.first_line();
    let addr = line
        .split_once("http://")
        .and_then(|(_, after)| after.split(' ').next())
        .and_then(|addr| addr.parse().ok());
    Replica {
        addr: addr.unwrap_or_else(|| panic!("no address in {line:?}; {:?}", log.text())),
        log,
        _process: process,
    }
}

/// The example that cargo has built, beside the folder `deps` with this test.
fn example() -> PathBuf {
    let test = env::current_exe().expect("this test is a file");
    let built = test.ancestors().nth(2).expect("a folder above deps");
    let example = built.join("examples/forward_auth");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/forward_auth.rs");
    let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    let is_fresh = match (changed(&example), changed(&source)) {
        (Ok(example), Ok(source)) => example >= source,
        _ => false,
    };
    assert!(
        is_fresh,
        "{} is missing or older than its source. `cargo test --test` does not build the examples; \
         run `cargo build --example forward_auth` first",
        example.display(),
    );
    example
}
