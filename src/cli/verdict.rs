//! The verdict of a run's closing check, wherever the run is used; and `--strict`, which makes a suspect result a failure.

use crate::estimate::{Status, Verification};
use crate::io::RunFolder;

/// A suspect result under `--strict`: exit code 3.
#[derive(Debug, thiserror::Error)]
#[error("the result is suspect, and --strict was given: {0}")]
pub(super) struct Suspect(pub(super) String);

/// The option of commands that give results.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(super) struct Strict {
    /// End with exit code 3 if there is a reason to doubt a result
    #[arg(long)]
    strict: bool,
}

impl Strict {
    /// Fails if there is a reason to doubt a result and `--strict` was given.
    pub(super) fn check(self, doubts: &[String]) -> anyhow::Result<()> {
        match self.strict && !doubts.is_empty() {
            true => Err(Suspect(doubts.join("; ")).into()),
            false => Ok(()),
        }
    }
}

/// Says so, even where little else is said, if the network of a run is suspect or was never checked.
pub(super) fn tell_of(folder: &RunFolder) {
    if let Some(warning) = folder.warning() {
        super::complain(&format!("WARNING    {warning}"));
    }
}

/// The verdict and its reasons, as a line of a result.
pub(super) fn describe(verification: &Verification) -> String {
    let status = match verification.status {
        Status::Verified => "verified",
        Status::Suspect => "SUSPECT",
    };
    format!("{status:<9} {}", verification.reasons.join("; "))
}
