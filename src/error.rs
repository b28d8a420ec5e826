//! The library's one error type. Every message names the offending value and the way out.

use std::path::{Path, PathBuf};

/// Result with the library's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong in the library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting outside its legal range.
    #[error("{name} = {value} is not possible: {expected}")]
    Setting {
        /// Name of the setting, as in `config.toml`.
        name: &'static str,
        /// The value given.
        value: String,
        /// What would be accepted.
        expected: String,
    },
    /// A configuration file that cannot be understood.
    #[error("{path}: {message}", path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to write instead.
        message: String,
    },
    /// No device answers to the name or index given.
    #[error("no device {wanted:?}; there are: {available}")]
    NoDevice {
        /// What was asked for.
        wanted: String,
        /// The devices of this machine, comma separated.
        available: String,
    },
    /// The device cannot hold or run what was asked of it.
    #[error("{device}: {limit}; {way_out}")]
    DeviceLimit {
        /// Name of the device.
        device: String,
        /// Which limit, and what goes beyond it.
        limit: String,
        /// The setting that fits it.
        way_out: String,
    },
    /// The device failed while running.
    #[error("{device}: {message}")]
    Device {
        /// Name of the device.
        device: String,
        /// The driver's or wgpu's message.
        message: String,
    },
    /// A shader could not be assembled: a fault of this library.
    #[error("shader {name}: {message}")]
    Shader {
        /// Name of the kernel.
        name: String,
        /// What the preprocessor or validator said.
        message: String,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    File {
        /// `read`, `write`, `create`, ...
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file was read but does not hold what it should.
    #[error("{path}: {message}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was found, what was expected.
        message: String,
    },
    /// A run folder that already exists.
    #[error("{path} already holds a run; choose another --out, continue it with --resume {path}, or overwrite it with --force", path = path.display())]
    RunExists {
        /// The folder.
        path: PathBuf,
    },
    /// A folder with other files where a run was to begin.
    #[error("{path} has files, of which none is a run's settings; choose another --out, or write beside them with --force", path = path.display())]
    FolderInUse {
        /// The folder.
        path: PathBuf,
    },
    /// Monte Carlo chains that do not forget where they started.
    #[error(
        "the Monte Carlo at {system} is not in equilibrium: {reason}; train without it (--objective reverse --set verification_samples=0), or choose another temperature or field"
    )]
    NotEquilibrated {
        /// Size, beta, J and H.
        system: String,
        /// The quantities that do not agree, and after how many sweeps.
        reason: String,
    },
    /// Work that its observer stopped.
    #[error("stopped before its end")]
    Stopped,
    /// NaN or infinity in training.
    #[error(
        "training diverged at step {step}: {what} of level {level} ({level_name}) is not finite; the checkpoint of step {checkpoint_step} is good: resume from it, or start a new run from its nets with --init-from and a lower learning_rate or a clip"
    )]
    NotFinite {
        /// Step (1-based) at which it was seen first.
        step: u64,
        /// Index of the hierarchy level.
        level: usize,
        /// Its name.
        level_name: String,
        /// Parameters, ln q or gradient.
        what: &'static str,
        /// Step of the last good checkpoint (0: the initial one).
        checkpoint_step: u64,
    },
}

impl Error {
    /// A setting outside its range.
    pub fn setting(name: &'static str, value: impl ToString, expected: impl Into<String>) -> Self {
        Self::Setting { name, value: in_few_digits(value.to_string()), expected: expected.into() }
    }

    /// A file operation that failed.
    pub fn file(action: &'static str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::File { action, path: path.as_ref().to_owned(), source }
    }

    /// A file with unexpected content.
    pub fn content(path: impl AsRef<Path>, message: impl Into<String>) -> Self {
        Self::Content { path: path.as_ref().to_owned(), message: message.into() }
    }

    /// Whether the fault lies in what the user typed (exit code 2) rather than in the world (exit code 1).
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Setting { .. }
                | Self::Config { .. }
                | Self::NoDevice { .. }
                | Self::RunExists { .. }
                | Self::FolderInUse { .. }
        )
    }
}

/// Numbers from here on, which no integer of 64 bits reaches, are quoted by their power of ten.
const LARGE: f64 = 1e20;

/// A value as a message quotes it: 1e30 without its thirty zeros.
fn in_few_digits(value: String) -> String {
    match value.parse::<f64>() {
        Ok(number) if number.is_finite() && number.abs() >= LARGE => format!("{number:e}"),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_in_few_digits() {
        let quoted = |value: f64| Error::setting("beta", value, "less").to_string();
        assert_eq!(quoted(1e30), "beta = 1e30 is not possible: less");
        assert_eq!(quoted(-2.5e20), "beta = -2.5e20 is not possible: less");
        assert_eq!(
            Error::setting("seed", u64::MAX, "less").to_string(),
            "seed = 18446744073709551615 is not possible: less"
        );
        assert_eq!(quoted(-0.44), "beta = -0.44 is not possible: less");
        let text = "a name of more than twenty letters";
        assert_eq!(
            Error::setting("device", text, "less").to_string(),
            format!("device = {text} is not possible: less")
        );
    }
}
