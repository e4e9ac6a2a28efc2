//! Reads a file with secrets and detects changes; used by `watched` and the builder.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use zeroize::Zeroizing;

use super::policy::{MAX_SECRETS, SecretPolicy};
use crate::{
    config_error::Fault,
    events,
    key::{PUBLIC_KEY_ADVICE, Secret, mistaken_for_a_secret},
};

/// In bytes. A file with the maximum number of secrets is much smaller.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The time after the last change of a file from which its content is considered complete. It is
/// longer than the interval between two polls, because the clock of a file server may be wrong.
const SETTLE_TIME: Duration = Duration::from_secs(10);

type Content = Zeroizing<Vec<u8>>;

/// A file with one secret on each non-empty line, the current one first.
pub(in crate::key_source) struct SecretFile {
    path: PathBuf,
    policy: SecretPolicy,
    secrets: Vec<Secret>,
    /// The content from which the active secrets were read.
    active: Option<Content>,
    /// The result of the last poll, if it differs from the active content. It becomes active when
    /// the next poll reads it again, so that a half-written file is never used. Content that has not
    /// been written to for a while is complete and becomes active at once, so that a service without
    /// traffic accepts the first token under a new secret.
    pending: Option<Result<Content, ReadError>>,
    /// The error that was logged last.
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
            Ok((content, _)) => {
                file.secrets =
                    parse(&content, policy, MAX_SECRETS).map_err(|problem| file.fault(&problem))?;
                file.active = Some(content);
            }
            Err(error) if error.is_missing && policy.allow_missing => {}
            Err(error) => return Err(file.fault(&error.reason)),
        }
        Ok(file)
    }

    pub(super) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Reads the file and returns whether the secrets have changed. Content with more than
    /// `max_secrets` secrets is rejected.
    pub(super) fn poll(&mut self, max_secrets: usize) -> bool {
        let (result, is_settled) = match read(&self.path) {
            Ok((content, is_settled)) => (Ok(content), is_settled),
            Err(error) => (Err(error), false),
        };
        if result
            .as_ref()
            .ok()
            .is_some_and(|content| self.active.as_ref() == Some(content))
        {
            self.pending = None;
            if self.reported.take().is_some() {
                self.report_use();
            }
            return false;
        }
        if is_settled {
            self.pending = None;
        } else if self.pending.as_ref() != Some(&result) {
            self.pending = Some(result);
            return false;
        }
        let parsed = result.map_err(|error| error.reason).and_then(|content| {
            parse(&content, self.policy, max_secrets).map(|secrets| (secrets, content))
        });
        match parsed {
            Ok((secrets, content)) => {
                self.secrets = secrets;
                self.active = Some(content);
                self.pending = None;
                self.reported = None;
                self.report_use();
                true
            }
            Err(problem) => {
                self.report(problem);
                false
            }
        }
    }

    /// Logs an error once. While no secret is active, each new error is also logged, because the
    /// operator is probably still setting up the file.
    fn report(&mut self, problem: String) {
        let is_first = match &self.reported {
            Some(reported) => self.active.is_none() && *reported != problem,
            None => true,
        };
        if is_first {
            let consequence = if self.active.is_none() {
                "it provides no secret yet"
            } else {
                "the active secrets stay in use"
            };
            events::fault(&self.fault(&problem), consequence);
            self.reported = Some(problem);
        }
    }

    fn report_use(&self) {
        events::secrets_read(&self.name(), self.secrets.len());
    }

    fn fault(&self, problem: &str) -> Fault {
        Fault::new(format!("{}: {problem}", self.name()))
    }

    fn name(&self) -> String {
        if may_be_shown(&self.path) {
            format!("the secret file {}", self.path.display())
        } else {
            "the file set with .secret_from_file(…)".to_owned()
        }
    }
}

impl fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SecretFile");
        if may_be_shown(&self.path) {
            debug.field("path", &self.path);
        }
        debug.finish_non_exhaustive()
    }
}

/// Returns whether a path can be shown, because it is unlikely to be a secret that was set instead of
/// the path of its file.
pub(super) fn may_be_shown(path: &Path) -> bool {
    path.is_absolute() || path.starts_with(".") || path.starts_with("..") || path.exists()
}

/// The reason why a file could not be read.
#[derive(PartialEq, Eq)]
struct ReadError {
    reason: String,
    is_missing: bool,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self {
            reason: format!("it cannot be read ({error}); check the path and the permissions"),
            is_missing: error.kind() == io::ErrorKind::NotFound,
        }
    }
}

impl ReadError {
    fn not_a_file() -> Self {
        Self::new(
            "it is not a regular file; set the path of a file with one secret per line".into(),
        )
    }

    fn new(reason: String) -> Self {
        Self {
            reason,
            is_missing: false,
        }
    }
}

/// Returns the content of a file, and whether it was last changed long enough ago to be complete.
fn read(path: &Path) -> Result<(Content, bool), ReadError> {
    // Checked before opening the file, because opening a FIFO blocks until a writer appears.
    if !fs::metadata(path)?.is_file() {
        return Err(ReadError::not_a_file());
    }
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ReadError::not_a_file());
    }
    // Allocated at full size, because a growing buffer would leave copies of secrets in freed
    // memory.
    let capacity = usize::try_from(metadata.len().min(MAX_FILE_BYTES)).unwrap_or_default() + 1;
    let mut content = Zeroizing::new(Vec::with_capacity(capacity));
    (&mut file)
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE_BYTES {
        return Err(ReadError::new(format!(
            "it is larger than {} KiB; check that it is the right file",
            MAX_FILE_BYTES / 1024
        )));
    }
    // Read after the content, because a write before this moment has changed the time.
    let modified = file.metadata()?.modified().ok();
    let age = modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
    // A file that is being rewritten may be empty before its time changes. Windows may change the
    // time only when the writer closes the file.
    let may_settle = cfg!(unix) && !content.is_empty();
    let is_settled = may_settle && age.is_some_and(|age| age >= SETTLE_TIME);
    Ok((content, is_settled))
}

fn parse(content: &[u8], policy: SecretPolicy, max_secrets: usize) -> Result<Vec<Secret>, String> {
    if let Some(kind) = mistaken_for_a_secret(content) {
        return Err(format!(
            "it contains {kind}, not a shared secret; {PUBLIC_KEY_ADVICE}"
        ));
    }
    if content.starts_with(b"\xEF\xBB\xBF") {
        return Err("it starts with a byte order mark; save it as UTF-8 without one".into());
    }
    let text = std::str::from_utf8(content).map_err(|_| {
        "it is not UTF-8; save it as UTF-8 text with one secret per line".to_owned()
    })?;
    let mut secrets = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() {
            continue;
        }
        let secret = Secret::from(line);
        if let Some(weakness) = secret.weakness(policy.min_len()) {
            return Err(format!("the secret on line {} {weakness}", index + 1));
        }
        secrets.push(secret);
    }
    if secrets.is_empty() {
        return Err("it is empty; write your issuer's signing secret to it".into());
    }
    if secrets.len() > max_secrets {
        return Err(format!(
            "it has {} secrets, but at most {max_secrets} are allowed; remove those that no longer sign tokens",
            secrets.len()
        ));
    }
    Ok(secrets)
}
