//! A measured network against configurations that it did not draw.

use super::reference::{MonteCarloCheck, log_weights_of, monte_carlo_check_of, references};
use super::{Measurement, Settings, symmetrised_ln_q};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::estimate::{Estimate, Forward, Status, Verification, forward, verify};
use crate::exact;
use crate::mc::Stage;
use std::ops::ControlFlow;

/// Configurations of a check by Monte Carlo where a run's settings name none.
const FEWEST: usize = 2000;

/// The configurations that a measured network is checked against.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Against {
    /// Nothing.
    #[default]
    Nothing,
    /// Configurations of the system, `[count][sites]`.
    Given(Vec<i8>),
    /// So many configurations by a Monte Carlo of its own.
    MonteCarlo(usize),
}

impl Against {
    /// A Monte Carlo of as many configurations as a run's closing check has, or of the default number.
    pub fn monte_carlo(verification_samples: usize) -> Self {
        Self::MonteCarlo(verification_samples.max(FEWEST))
    }
}

/// The outcome of a check; nothing where there was none, or it was stopped.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    /// Figures of the network on the configurations.
    pub forward: Option<Forward>,
    /// The verdict.
    pub verification: Option<Verification>,
}

impl Checked {
    /// Checks a network by the exact ln Z, where it is known, and by configurations. `see` is told how far the Monte Carlo is, and may stop it; `told` how many
    /// images of the configurations are evaluated.
    ///
    /// # Errors
    /// When the device fails.
    pub fn against(
        against: Against,
        backend: &mut dyn Backend,
        settings: &Settings,
        measurement: &Measurement,
        see: &mut dyn FnMut(Stage) -> ControlFlow<()>,
        mut told: impl FnMut(usize),
    ) -> Result<Self> {
        let ensemble = &measurement.ensemble;
        let exact = exact::ln_z(&ensemble.system, ensemble.beta);
        let ln_z = exact.map_or(measurement.importance.ln_z, Estimate::exact);
        let elements = settings.elements(backend.model());
        let mut ln_q = |spins: &[i8]| {
            told(0);
            symmetrised_ln_q(&mut *backend, &elements, settings.beta, spins, &mut told)
        };
        let check = match against {
            Against::Nothing => return Ok(Self::default()),
            Against::Given(spins) => {
                let ln_w = log_weights_of(ensemble, &spins, ln_q(&spins)?);
                MonteCarloCheck::Forward(forward(&ln_w, ln_z))
            }
            Against::MonteCarlo(count) => {
                match monte_carlo_check_of(ensemble, count, settings.seed, ln_z, ln_q, see) {
                    // The measurement is wanted all the same.
                    Err(Error::Stopped) => return Ok(Self::default()),
                    check => check?,
                }
            }
        };
        let mut verification = verify(&measurement.importance, references(exact, Some(&check)));
        let bond_dimension = backend.model().options.bond_dimension;
        if verification.status == Status::Suspect && bond_dimension > 0 {
            verification.reasons.insert(0, wider(bond_dimension));
        }
        Ok(Self { forward: check.into_forward(), verification: Some(verification) })
    }
}

/// The first cure of a network that is suspect with a tensor network inside its boxes.
fn wider(bond_dimension: usize) -> String {
    format!(
        "boxes are drawn by a tensor network of bond dimension {bond_dimension}, which loses configurations where that is too small: give a larger --bond-dimension first"
    )
}
