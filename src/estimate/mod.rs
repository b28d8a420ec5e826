//! Estimators on arrays, in f64: importance sampling, Markov chains, honest errors. No device.

mod agreement;
mod bins;
mod forward;
mod importance;
mod mutual_information;
#[cfg(test)]
mod noise;
mod overlap;
mod power_law;
mod regression;
mod series;
mod verification;

pub use agreement::{LARGEST_DISAGREEMENT, deviation_of_means};
pub use bins::Bins;
pub use forward::{Forward, forward};
pub use importance::{Importance, Weighted, importance, kl};
pub use mutual_information::mutual_information;
pub use overlap::Overlap;
pub use power_law::{PowerLaw, power_law};
pub use regression::{Regression, regression};
pub use series::{Autocorrelation, Series};
pub use verification::{References, Status, Verification, verify, verify_flow};

use serde::Serialize;

/// A value with its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Best value.
    pub value: f64,
    /// One standard deviation.
    pub error: f64,
}

impl Estimate {
    /// A value without error.
    pub fn exact(value: f64) -> Self {
        Self { value, error: 0.0 }
    }

    /// Mean of independent values with its standard error (NaN for fewer than two values).
    pub fn mean(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self { value: mean, error: (variance / count).sqrt() }
    }

    /// Distance from a reference in standard errors. An error below the rounding of f32 weights counts as that.
    pub fn deviation(self, reference: f64) -> f64 {
        let rounding = (1e-7 * reference.abs()).max(f64::MIN_POSITIVE);
        (self.value - reference) / if self.error < rounding { rounding } else { self.error }
    }
}
