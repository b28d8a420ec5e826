//! Weight, means and variance of a set of configurations, from those of its parts: sums of positive terms only.

use super::wide::Wide;
use crate::lattice::Interaction;

/// Largest beta times J and H at which the mean energy is the integral of its variance: it is a small mean of large numbers.
const SMALL: f64 = 1e-4;

/// Mean of -E at high temperature, by Gauss's rule with two points, since `dU / dbeta = -var(E)` and U = 0 at beta = 0; nothing where beta times `largest`, the larger of J and
/// H in size, is not small.
pub(super) fn gain_when_hot(beta: f64, largest: f64, variance: impl Fn(f64) -> f64) -> Option<f64> {
    let half = beta / 2.0;
    let point = 3.0_f64.sqrt().recip();
    let at = |offset: f64| variance(half + offset * half);
    (beta * largest <= SMALL).then(|| half * (at(-point) + at(point)))
}

/// Moments of configurations of some spins. Sums of bonds and of spins are exact integers until configurations mix, so that
/// configurations of one energy have no variance by rounding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    /// Sum of `exp(-beta E)`, over 2 for every spin.
    pub(super) weight: Wide,
    /// Mean sum of `s_i s_j` over bonds.
    pub(super) bonds: f64,
    /// Mean sum of spins.
    pub(super) spins: f64,
    /// Variance of the energy.
    pub(super) variance: f64,
}

impl Moments {
    /// Of no configuration.
    pub(super) const EMPTY: Self = Self { weight: Wide::NOTHING, bonds: 0.0, spins: 0.0, variance: 0.0 };

    /// Each of these configurations with each of some further spins and bonds, which do not depend on it.
    pub(super) fn with(self, other: &Self) -> Self {
        Self {
            weight: self.weight.times(other.weight),
            bonds: self.bonds + other.bonds,
            spins: self.spins + other.spins,
            variance: self.variance + other.variance,
        }
    }

    /// These configurations and those.
    pub(super) fn and(self, other: Self, Interaction { coupling, field }: Interaction) -> Self {
        let (weight, [here, there]) = self.weight.plus(other.weight);
        let (bonds, spins) = (other.bonds - self.bonds, other.spins - self.spins);
        let gap = coupling * bonds + field * spins;
        Self {
            weight,
            bonds: self.bonds + there * bonds,
            spins: self.spins + there * spins,
            variance: here * self.variance + there * other.variance + here * there * gap * gap,
        }
    }

    /// As many copies of these configurations.
    pub(super) fn times(self, copies: f64) -> Self {
        Self { weight: self.weight.times(Wide::exp(copies.ln())), ..self }
    }

    /// Mean of -E.
    pub(super) fn gain(&self, Interaction { coupling, field }: Interaction) -> f64 {
        coupling * self.bonds + field * self.spins
    }
}
