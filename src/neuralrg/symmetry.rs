//! How the density of a flow has the symmetry `x -> -x` of the field.

use serde::{Deserialize, Serialize};
use std::f64::consts::LN_2;

/// A way to a density that is exactly even.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Symmetry {
    /// The flow is odd: in every coupling scales are even functions, and shifts odd ones.
    #[default]
    Odd,
    /// The flow is any one, with density q; the density of configurations is `[q(x) + q(-x)] / 2`, since a coin turns half of them (Li and Wang).
    Mixture,
}

impl Symmetry {
    /// All ways.
    pub const ALL: [Self; 2] = [Self::Odd, Self::Mixture];

    /// The name, as in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Odd => "odd",
            Self::Mixture => "mixture",
        }
    }

    /// Whether it is the default: files of earlier versions do not name it.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// `ln [(q(x) + q(-x)) / 2]` of both logarithms, the same to the last bit where they change places.
pub(super) fn mean_density(ln_q: f64, of_image: f64) -> f64 {
    ln_q.max(of_image) + (-(ln_q - of_image).abs()).exp().ln_1p() - LN_2
}

/// `q(x) / [q(x) + q(-x)]`: the probability that no coin turned x.
pub(super) fn own_share(ln_q: f64, of_image: f64) -> f64 {
    (1.0 + (of_image - ln_q).exp()).recip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_far_apart_and_equal_ones_have_their_mean_and_shares() {
        for (a, b) in [(-3.0, -3.0), (-1.0, -2.5), (-2000.0, -10.0), (5.0, 900.0)] {
            let found = mean_density(a, b);
            let largest = f64::max(a, b);
            let expected = largest + (0.5 * ((a - largest).exp() + (b - largest).exp())).ln();
            assert!((found - expected).abs() < 1e-12, "{a}, {b}: {found}, {expected}");
            assert_eq!(found, mean_density(b, a));
            assert!((own_share(a, b) + own_share(b, a) - 1.0).abs() < 1e-12);
        }
        assert_eq!(own_share(0.0, 0.0), 0.5);
        assert!((own_share(1.0, 0.0) - 0.731_058_578_630_004_9).abs() < 1e-15);
    }
}
