//! Secrets from a file that changes at runtime.

mod content;
mod events;
mod failures;
mod polling;
mod under_load;

use std::{
    fs::{self, File},
    panic,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use crate::support::*;

/// A temporary folder that is removed on drop.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{name}-{}-{count}", process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A layer with a secret file, and its clock.
pub(crate) struct SecretFile {
    pub(crate) layer: JwtAuthLayer,
    pub(crate) path: PathBuf,
    pub(crate) now: Arc<AtomicU64>,
    folder: Folder,
}

impl SecretFile {
    pub(crate) fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let folder = Folder::new(name);
        fs::write(folder.path("secrets"), content).unwrap();
        Self::in_folder(folder, |builder| builder)
    }

    pub(crate) fn in_folder(
        folder: Folder,
        configure: impl FnOnce(JwtAuthBuilder) -> JwtAuthBuilder,
    ) -> Self {
        let now = Arc::new(AtomicU64::new(NOW));
        let clock = Arc::clone(&now);
        let path = folder.path("secrets");
        let builder = JwtAuthLayer::builder()
            .secret_from_file(&path)
            .clock(move || at(clock.load(Ordering::Relaxed)));
        let layer = configure(builder).build().unwrap();
        Self {
            layer,
            path,
            now,
            folder,
        }
    }

    fn write(&self, content: &str) {
        write(&self.path, content);
    }

    /// Replaces the file, or anything else at its path, with a file with this content.
    pub(crate) fn recreate(&self, content: &str) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_dir(&self.path);
        fs::create_dir_all(self.path.parent().unwrap()).unwrap();
        self.write(content);
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Advances the clock until a poll is due, and runs the poll with a request.
    fn poll(&self) {
        self.advance(2);
        self.accepts("an unused secret of 32 bytes or more");
    }

    fn accepts(&self, secret: &str) -> bool {
        match reason(&self.layer, &signed_with(secret)) {
            "accepted" => true,
            "signature" | "not_configured" => false,
            other => panic!("{other}"),
        }
    }
}

/// Returns a token that stays valid although the clock is advanced.
pub(crate) fn signed_with(secret: &str) -> String {
    let claims = claims_with(serde_json::json!({ "exp": NOW + 1_000_000_000 }));
    sign(r#"{"alg":"HS256"}"#, claims.to_string(), secret)
}

pub(crate) fn secret(name: impl std::fmt::Display) -> String {
    format!("secret number {name}, of more than 32 bytes")
}

pub(crate) fn write(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
}

pub(crate) fn truncate(path: &Path, length: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(length).unwrap();
}

pub(crate) fn rename_over(path: &Path, content: &str) {
    let next = path.with_extension("next");
    fs::write(&next, content).unwrap();
    fs::rename(next, path).unwrap();
}

pub(crate) fn link(target: impl AsRef<Path>, path: &Path) {
    std::os::unix::fs::symlink(target, path).unwrap();
}

/// Runs `act` on another thread and panics after 20 seconds, because opening a FIFO may block
/// forever.
fn with_timeout<T: Send + 'static>(
    description: &str,
    act: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || sender.send(act()));
    match receiver.recv_timeout(Duration::from_secs(20)) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => panic!("{description}: timeout"),
        Err(RecvTimeoutError::Disconnected) => panic::resume_unwind(
            thread
                .join()
                .err()
                .unwrap_or_else(|| Box::new(description.to_owned())),
        ),
    }
}

fn make_fifo(path: &Path) {
    let status = process::Command::new("mkfifo").arg(path).status();
    assert!(status.unwrap().success());
}
