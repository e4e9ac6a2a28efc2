//! [`ConfigError`]: the errors in a configuration, collected by the builders.

use std::fmt;

/// Error returned by a builder if the configuration is invalid.
///
/// The builders check the whole configuration, so one `ConfigError` contains every problem. A
/// single problem is shown as its message; several are shown as a list, each with its fix. `Debug`
/// prints the same as `Display`, because a `main` that returns a `Result` prints it.
///
/// ```
/// use tower_jwt_auth::JwtAuthLayer;
///
/// let error = JwtAuthLayer::builder().secret("too short").build().unwrap_err();
/// assert!(error.to_string().contains("at least 32 are required"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    faults: Vec<Fault>,
}

impl ConfigError {
    /// Returns the message of each problem, in the order in which `build` found them. There is at
    /// least one.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let error = JwtAuthLayer::builder().secret("short").issuer("").build().unwrap_err();
    /// assert_eq!(error.problems().count(), 2);
    /// ```
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.faults.iter().map(|fault| fault.message.as_str())
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.faults.as_slice() {
            return f.write_str(&only.message);
        }
        write!(f, "{} configuration errors:", self.faults.len())?;
        for fault in &self.faults {
            write!(f, "\n- {}", fault.message)?;
            if let Some(hint) = fault.hint {
                write!(f, ": {hint}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An error in a configuration. Its message may name a variable or a file, but never contains their
/// contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    message: String,
    /// The fix, which is shown only in a list, because some single messages have a fixed wording.
    hint: Option<&'static str>,
}

impl Fault {
    /// Creates an error with a message that contains both the problem and the fix.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    /// `alternative` is a sentence about what can be set instead.
    pub(crate) fn missing_variable(name: &str, alternative: Option<&'static str>) -> Self {
        let advice = alternative.unwrap_or_default();
        Self {
            message: format!("{name} environment variable is required{advice}"),
            hint: match alternative {
                Some(_) => None,
                None => Some("set it to the secret that your issuer signs with"),
            },
        }
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

impl From<Fault> for ConfigError {
    fn from(fault: Fault) -> Self {
        Self {
            faults: vec![fault],
        }
    }
}

/// Collects errors, so that a builder reports all of them at once.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn add(&mut self, message: impl Into<String>) {
        self.push(Fault::new(message));
    }

    /// Adds the errors that a [`ConfigError`] contains.
    pub(crate) fn take(&mut self, error: ConfigError) {
        self.0.extend(error.faults);
    }

    /// Adds the errors in the settings that this part of the configuration names.
    #[cfg(feature = "_lookups")]
    pub(crate) fn take_from(&mut self, part: &str, faults: Self) {
        self.0.extend(faults.0.into_iter().map(|fault| Fault {
            message: format!("in {part}: {}", fault.message),
            ..fault
        }));
    }

    #[cfg(feature = "jwks-custom")]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_result(self) -> Result<(), ConfigError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ConfigError { faults: self.0 })
        }
    }
}
