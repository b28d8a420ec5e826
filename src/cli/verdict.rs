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

/// Reasons why a check leaves a network suspect; none if it is verified.
pub(super) fn doubts(verification: &Verification) -> Vec<String> {
    match verification.status {
        Status::Verified => Vec::new(),
        Status::Suspect => verification.reasons.clone(),
    }
}

/// The warning that the network of a run needs: its closing check left it suspect, or there was none.
pub(super) fn warning_of(folder: &RunFolder) -> Option<String> {
    let path = folder.path().display();
    if !folder.is_finished() {
        return Some(format!("training of {path} has not ended: its network has not been checked"));
    }
    let Some(verification) = folder.verification() else {
        return Some(format!(
            "the summary.json of {path} cannot be read: whether its network was found sound is not known; han-gpu measure --verify checks it anew"
        ));
    };
    let reasons = Some(verification).iter().flat_map(doubts).collect::<Vec<_>>().join("; ");
    (!reasons.is_empty()).then(|| format!("{path} is suspect: {reasons}"))
}

/// Says so, even where little else is said, if the network of a run is suspect or was never checked.
pub(super) fn tell_of(folder: &RunFolder) {
    if let Some(warning) = warning_of(folder) {
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
