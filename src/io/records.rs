//! What `metrics.csv` and `summary.json` say.

use super::metrics::MetricsRow;
use crate::conditional::Network;
use crate::estimate::{Estimate, Forward, Verification};
use crate::lattice::LatticeKind;
use serde::{Deserialize, Serialize};

/// One row of `metrics.csv`: averages over one batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Steps done.
    pub step: u32,
    /// Inverse temperature of the step.
    pub beta: f64,
    /// `E_q[ln q + beta E] / N`: an upper bound on `-ln Z / N`.
    pub beta_f_per_site: f64,
    /// Its standard error.
    pub beta_f_per_site_error: f64,
    /// `E_q[E] / N`.
    pub energy_per_site: f64,
    /// Its standard error.
    pub energy_per_site_error: f64,
    /// Effective sample size of the batch, in (0, 1].
    pub ess: f64,
    /// `E_q[ln q + beta E] + ln Z` in nats, where ln Z is known.
    pub kl: Option<f64>,
    /// Norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Seconds of training so far, earlier sessions of the run included.
    pub elapsed_s: f64,
    /// Configurations drawn and learned from per second since the last row.
    pub configurations_per_s: f64,
}

impl MetricsRow for Metrics {
    const COLUMNS: &'static [&'static str] = &[
        "step",
        "beta",
        "beta_f_per_site",
        "beta_f_per_site_error",
        "energy_per_site",
        "energy_per_site_error",
        "ess",
        "kl",
        "gradient_norm",
        "learning_rate",
        "elapsed_s",
        "configurations_per_s",
    ];

    fn step(&self) -> u32 {
        self.step
    }

    fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }
}

/// What `summary.json` says of a finished run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Colours of Potts spins; absent for Ising spins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub states: Option<u32>,
    /// Which sites are neighbours.
    pub lattice: LatticeKind,
    /// Architecture of the network.
    pub network: Network,
    /// Side of the lattice.
    pub size: u32,
    /// Inverse temperature.
    pub beta: f64,
    /// J.
    pub coupling: f64,
    /// H.
    pub field: f64,
    /// Couplings of single bonds, as in `config.toml`; absent where there are none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub couplings: String,
    /// Training steps.
    pub steps: u32,
    /// Parameters of the nets, masked zeros included.
    pub parameters: usize,
    /// The device it ended on.
    pub device: String,
    /// Seconds of training.
    pub elapsed_s: f64,
    /// Fresh samples that the figures below are taken from.
    pub samples: usize,
    /// F / N from ln Z; nothing at beta = 0.
    pub free_energy_per_site: Option<Estimate>,
    /// `E_q[ln q + beta E] / N`: the variational bound, above `beta F / N` by the KL.
    pub beta_f_per_site: Estimate,
    /// `E_q[E] / N`, of the network, not reweighted.
    pub energy_per_site: Estimate,
    /// ln Z by importance sampling.
    pub ln_z: Estimate,
    /// ln Z where it is known exactly.
    pub ln_z_exact: Option<f64>,
    /// `(ln_z - ln_z_exact) / error`.
    pub ln_z_deviation: Option<f64>,
    /// `E_q[ln q + beta E] + ln Z` in nats, with the exact ln Z where known, else with the estimate.
    pub kl: Estimate,
    /// Effective sample size, in (0, 1].
    pub ess: f64,
    /// Figures from configurations by Monte Carlo.
    pub forward: Option<Forward>,
    /// Whether an independent reference agrees.
    pub verification: Verification,
    /// Share of the largest importance weight.
    pub largest_weight_share: f64,
}
