//! A measurement of a run's network with the checks, as `measure --json` prints it.

use super::{Checked, Measurement};
use crate::estimate::{Forward, Verification};
use crate::mps::Levels;
use serde::Serialize;

/// Share of the effective sample size by a network's own samples below which that by Monte Carlo tells of configurations that these lack.
const MISSED: f64 = 0.8;

/// Where the samples of a measurement come from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Origin {
    /// The run folder.
    pub run: String,
    /// Name of the device.
    pub device: String,
    /// Seed of the samples.
    pub seed: u32,
    /// The warning that the run needs, if it needs one.
    pub warning: Option<String>,
    /// The effective sample size by Monte Carlo at the end of training, where the samples are those of the same network.
    pub forward_ess: Option<f64>,
}

/// Says so if Monte Carlo, at the end of training, saw configurations that the samples hardly have.
fn missed(forward_ess: f64, measurement: &Measurement) -> Option<String> {
    let ess = measurement.importance.ess.value;
    (forward_ess < MISSED * ess).then(|| {
        format!(
            "the effective sample size is {ess:.3} by these samples and was {forward_ess:.3} by Monte Carlo after training: configurations that the network hardly draws are missing here, and errors are too small; train further, or draw more"
        )
    })
}

/// A measurement with the checks.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport<'a> {
    run: String,
    device: String,
    /// Seed of the samples.
    pub seed: u32,
    /// The measurement.
    #[serde(flatten)]
    pub measurement: &'a Measurement,
    /// Reasons to doubt it, and what the samples do not tell.
    pub warnings: Vec<String>,
    /// Divergences of all levels, where they were asked for.
    #[serde(flatten)]
    pub levels: Option<Levels>,
    /// Figures on configurations that the network did not draw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<Forward>,
    /// The verdict, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// Reasons to doubt it, those of the verdict too.
    #[serde(skip)]
    pub doubts: Vec<String>,
}

impl<'a> RunReport<'a> {
    /// Puts it together. Doubts of the check are part of its verdict where that is told, else they are warnings.
    pub fn new(
        origin: Origin,
        measurement: &'a Measurement,
        Checked { forward, verification }: Checked,
        levels: Option<Levels>,
        tells_verdict: bool,
    ) -> Self {
        let Origin { run, device, seed, warning, forward_ess } = origin;
        // A check of its own knows more.
        let missed = forward_ess.filter(|_| forward.is_none()).and_then(|ess| missed(ess, measurement));
        let warning: Vec<String> = warning.into_iter().chain(missed).collect();
        let seen: Vec<String> = verification.iter().flat_map(Verification::doubts).cloned().collect();
        let mut doubts = measurement.doubts();
        doubts.extend(warning.iter().chain(&seen).cloned());
        let mut warnings = measurement.warnings();
        warnings.extend(warning);
        warnings.extend(levels.as_ref().and_then(|levels| levels.disagreement(measurement.kl)));
        warnings.extend(seen.into_iter().filter(|_| !tells_verdict));
        let verification = verification.filter(|_| tells_verdict);
        Self { run, device, seed, measurement, warnings, levels, forward, verification, doubts }
    }
}
