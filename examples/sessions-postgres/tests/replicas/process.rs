//! Programs that the tests start, and that end with them.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

pub const BETTER_AUTH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/better-auth");

/// A process that is stopped on drop, or when the test is killed.
pub struct Process(Child);

impl Process {
    /// Starts a command that ends when its standard input is closed.
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(command.spawn().expect("the program starts"))
    }

    /// Waits for the first line that it prints.
    pub fn first_line(&mut self) -> String {
        let stdout = self.0.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("text");
        assert_ne!(line, "", "the program ends before it is ready");
        line
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Returns a command that runs a program, and sends it this signal when its standard input is closed.
pub fn until_closed(program: &Path, signal: &str) -> Command {
    let mut shell = Command::new("sh");
    let script = format!(r#""$@" & read _; kill -{signal} $!; wait $!"#);
    shell.args(["-c", &script, "sh"]).arg(program);
    shell
}

/// The user who runs PostgreSQL: it refuses to run as root.
#[derive(Clone, Copy)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

impl User {
    /// Returns the user `postgres` if this process runs as root.
    pub fn for_postgres() -> Option<Self> {
        let id = |arguments: &[&str]| {
            let output = Command::new("id").args(arguments).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        (id(&["-u"]) == Some(0)).then(|| Self {
            uid: id(&["-u", "postgres"]).expect("the user postgres"),
            gid: id(&["-g", "postgres"]).expect("the group of postgres"),
        })
    }

    pub fn runs(user: Option<Self>, command: &mut Command) -> &mut Command {
        match user {
            Some(user) => command.uid(user.uid).gid(user.gid),
            None => command,
        }
    }
}

/// Returns the folder of PostgreSQL's programs, or `None` if the test is skipped. With
/// `REQUIRE_POSTGRES=1`, this is a failure instead.
pub fn postgres_programs() -> Option<PathBuf> {
    let found = installed_postgres();
    let missing = if found.is_none() {
        "PostgreSQL is not installed"
    } else if Command::new("node").arg("--version").output().is_err() {
        "Node is not installed"
    } else if !Path::new(BETTER_AUTH).join("node_modules/pg").exists() {
        "tests/better-auth/node_modules is missing or incomplete: npm ci --ignore-scripts --prefix tests/better-auth"
    } else {
        return found;
    };
    let required = env::var("REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
    assert!(!required, "REQUIRE_POSTGRES=1, and {missing}");
    // Not with `println!`, whose output is hidden if a test passes.
    let _ = writeln!(io::stderr(), "skipped: {missing}");
    None
}

fn installed_postgres() -> Option<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    // Debian and Ubuntu install the programs outside the PATH.
    let debian = Path::new("/usr/lib/postgresql").read_dir();
    let debian = debian.into_iter().flatten().flatten();
    { debian.map(|version| version.path().join("bin")) }
        .chain(env::split_paths(&on_path))
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}
