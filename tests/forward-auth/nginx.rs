//! nginx with the configuration of the example.

use std::{
    env, fs,
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{
    net::UnixStream,
    time::{sleep, timeout},
};

use crate::process::Process;

/// The configuration of the example.
pub const CONF: &str = include_str!("../../examples/forward_auth/nginx.conf");

pub struct Nginx {
    /// The sockets for HTTP/1.1 and HTTP/2.
    pub http1: PathBuf,
    pub http2: PathBuf,
    // Stopped before its folder is removed.
    _process: Process,
    _folder: Folder,
}

impl Nginx {
    /// Starts nginx with this configuration, but with these addresses instead of the example's.
    pub async fn start(
        conf: &str,
        forward_auth: [SocketAddr; 2],
        backend: [SocketAddr; 2],
    ) -> Self {
        let folder = Folder::new();
        let (http1, http2) = (folder.0.join("http1"), folder.0.join("http2"));
        let mut text = conf.to_owned();
        // Includes the next character, because one port may be a prefix of another.
        for (here, there) in [
            ("127.0.0.1:3000;", format!("{};", forward_auth[0])),
            ("127.0.0.1:3001;", format!("{};", forward_auth[1])),
            ("127.0.0.1:4000;", format!("{};", backend[0])),
            ("127.0.0.1:4001;", format!("{};", backend[1])),
            // The log of requests is not needed if the test passes.
            ("error_log stderr", "error_log nginx.log".to_owned()),
            // Sockets in the folder, because a free port may be taken a moment later.
            ("127.0.0.1:8080;", format!("unix:{};", http1.display())),
            ("127.0.0.1:8081 ", format!("unix:{} ", http2.display())),
        ] {
            assert_eq!(text.matches(here).count(), 1, "{here}");
            text = text.replace(here, &there);
        }
        fs::write(folder.0.join("nginx.conf"), text).expect("the folder can be written to");

        let mut command = Command::new(program().expect("nginx was found"));
        command.arg("-p").arg(&folder.0).args([
            "-c",
            "nginx.conf",
            "-e",
            "stderr",
            "-g",
            "daemon off;",
        ]);
        let process = Process::start(&command, folder.unprivileged(), Stdio::inherit());
        wait_for(&http1).await;
        wait_for(&http2).await;
        Self {
            http1,
            http2,
            _process: process,
            _folder: folder,
        }
    }
}

async fn wait_for(socket: &Path) {
    let connected = async {
        while UnixStream::connect(socket).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = timeout(Duration::from_secs(20), connected).await;
    waited.expect("nginx listens; its errors are above");
}

/// Returns whether nginx is missing, and prints how to install it.
pub fn is_missing() -> bool {
    if program().is_some() {
        return false;
    }
    let required = env::var("REQUIRE_NGINX").is_ok_and(|value| value == "1");
    assert!(!required, "REQUIRE_NGINX=1, and nginx is not installed");
    // Not with `println!`, whose output is hidden if a test passes.
    let _ = writeln!(
        io::stderr(),
        "skipped: nginx is not installed; to run it: apt-get install nginx"
    );
    true
}

/// Debian installs nginx in a folder that only root has in its path.
fn program() -> Option<&'static str> {
    ["nginx", "/usr/sbin/nginx"].into_iter().find(|program| {
        let mut version = Command::new(program);
        let status = version.arg("-v").stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    })
}

/// A folder that is removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("forward-auth-{}-{count}", std::process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).expect("a folder can be created");
        Self(folder)
    }

    /// Returns the user to run nginx as if this test runs as root, and gives the folder to that
    /// user.
    fn unprivileged(&self) -> Option<u32> {
        const NOBODY: u32 = 65534;
        let owner = fs::metadata(&self.0).expect("the folder exists").uid();
        let is_root = owner == 0;
        if is_root {
            chown(&self.0, Some(NOBODY), Some(NOBODY)).expect("root may change the owner");
        }
        is_root.then_some(NOBODY)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
