//! Reads a file with secrets and detects changes; used by `watched` and the builder.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::policy::{MAX_SECRETS, SecretPolicy};
use crate::{
    config_error::Fault,
    events,
    key::{FOR_KEYS, Secret, mistaken_for_a_secret},
};

/// In bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;

type Content = Zeroizing<Vec<u8>>;

/// A file with one secret on each non-empty line, the current one first.
pub(in crate::key_source) struct SecretFile {
    path: PathBuf,
    policy: SecretPolicy,
    secrets: Vec<Secret>,
    /// The content from which the active secrets were read.
    active: Option<Content>,
    /// Different content that the last poll has read, if any. It becomes active when the next poll
    /// reads it again, so that a half-written file is never used.
    pending: Option<Result<Content, ReadError>>,
    /// The fault that was logged last.
    reported: Option<String>,
}

impl SecretFile {
    pub(super) fn open(path: PathBuf, policy: SecretPolicy) -> Result<Self, Fault> {
        let mut file = Self {
            path,
            policy,
            secrets: Vec::new(),
            active: None,
            pending: None,
            reported: None,
        };
        match read(&file.path) {
            Ok(content) => {
                file.secrets =
                    parse(&content, policy, MAX_SECRETS).map_err(|wrong| file.fault(&wrong))?;
                file.active = Some(content);
            }
            Err(unread) if unread.is_missing && policy.allow_missing => {}
            Err(unread) => return Err(file.fault(&unread.why)),
        }
        Ok(file)
    }

    pub(super) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Reads the file and returns whether the secrets changed. Content with more than `room`
    /// secrets is rejected.
    pub(super) fn poll(&mut self, room: usize) -> bool {
        let now = read(&self.path);
        if now
            .as_ref()
            .ok()
            .is_some_and(|content| self.active.as_ref() == Some(content))
        {
            self.pending = None;
            self.reported = None;
            return false;
        }
        if self.pending.as_ref() != Some(&now) {
            self.pending = Some(now);
            return false;
        }
        let judged = now.map_err(|unread| unread.why).and_then(|content| {
            parse(&content, self.policy, room).map(|secrets| (secrets, content))
        });
        match judged {
            Ok((secrets, content)) => {
                self.secrets = secrets;
                self.active = Some(content);
                self.pending = None;
                self.reported = None;
                true
            }
            Err(wrong) => {
                self.report(wrong);
                false
            }
        }
    }

    /// Logs a fault once. While no secret is active, each further fault is logged too, because an
    /// operator is then fixing the file.
    fn report(&mut self, wrong: String) {
        let is_first = match &self.reported {
            Some(reported) => self.active.is_none() && *reported != wrong,
            None => true,
        };
        if is_first {
            let consequence = if self.active.is_none() {
                "it gives no secret yet"
            } else {
                "the secrets active stay in use"
            };
            events::fault(&self.fault(&wrong), consequence);
            self.reported = Some(wrong);
        }
    }

    fn fault(&self, wrong: &str) -> Fault {
        Fault::new(format!("the secret file {}: {wrong}", self.path.display()))
    }
}

impl fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The reason why a file could not be read.
#[derive(PartialEq, Eq)]
struct ReadError {
    why: String,
    is_missing: bool,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self {
            why: format!("cannot be read ({error}); check the path and who may read it"),
            is_missing: error.kind() == io::ErrorKind::NotFound,
        }
    }
}

impl ReadError {
    fn no_file() -> Self {
        Self::because(
            "is not a regular file; give the path of a file with a secret in each line".into(),
        )
    }

    fn because(why: String) -> Self {
        Self {
            why,
            is_missing: false,
        }
    }
}

fn read(path: &Path) -> Result<Content, ReadError> {
    // Checked before opening the file, because opening a FIFO blocks until a writer appears.
    if !fs::metadata(path)?.is_file() {
        return Err(ReadError::no_file());
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ReadError::no_file());
    }
    // Allocated at full size, because a buffer that grows leaves copies of secrets in freed memory.
    let room = usize::try_from(metadata.len().min(MAX_FILE_BYTES)).unwrap_or_default() + 1;
    let mut content = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE_BYTES {
        return Err(ReadError::because(format!(
            "is larger than {} KiB; is it the right file?",
            MAX_FILE_BYTES / 1024
        )));
    }
    Ok(content)
}

fn parse(content: &[u8], policy: SecretPolicy, room: usize) -> Result<Vec<Secret>, String> {
    if let Some(kind) = mistaken_for_a_secret(content) {
        return Err(format!("holds {kind} and no shared secret; {FOR_KEYS}"));
    }
    if content.starts_with(b"\xEF\xBB\xBF") {
        return Err("starts with a byte order mark; save it as UTF-8 without one".into());
    }
    let text = std::str::from_utf8(content)
        .map_err(|_| "is not UTF-8; save it as text, with one secret in each line".to_owned())?;
    let mut secrets = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() {
            continue;
        }
        let secret = Secret::from(line);
        if let Some(weakness) = secret.weakness(policy.allow_short) {
            return Err(format!("the secret in line {} {weakness}", index + 1));
        }
        secrets.push(secret);
    }
    if secrets.is_empty() {
        return Err("is empty; write the secret that your issuer signs with into it".into());
    }
    if secrets.len() > room {
        return Err(format!(
            "has {} secrets where there is room for {room}; drop those that no token is signed with any more",
            secrets.len()
        ));
    }
    Ok(secrets)
}
