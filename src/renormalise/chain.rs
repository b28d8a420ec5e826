//! Exact decimation of the Ising chain: every second spin is summed out, which squares the transfer matrix `exp(K s s' + h (s + s') / 2)`.

use super::ln_cosh;
use std::f64::consts::LN_2;

/// Couplings of a chain.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Chain {
    /// K = beta J.
    pub coupling: f64,
    /// h = beta H.
    pub field: f64,
}

impl Chain {
    /// The chain of every second spin, and the constant that every summed one adds to ln Z:
    ///
    /// `ln Z_N(K, h) = (N / 2) constant + ln Z_(N/2)(K', h')` with `exp(4 K') = 1 + sinh^2 2K / cosh^2 h`, which is `tanh K' = tanh^2 K` at h = 0,
    /// `exp(2 (h' - h)) = cosh(2K + h) / cosh(2K - h)` and `exp(constant) = 2 cosh h exp(K')`; in logarithms, so that large and small K keep their digits.
    pub fn decimated(self) -> (Self, f64) {
        let Self { coupling, field } = self;
        let ln_ratio = 2.0 * (ln_sinh(2.0 * coupling.abs()) - ln_cosh(field));
        let decimated =
            Self { coupling: softplus(ln_ratio) / 4.0, field: field + added_field(coupling, field) };
        (decimated, decimated.coupling + LN_2 + ln_cosh(field))
    }
}

/// `ln(cosh(2K + h) / cosh(2K - h)) / 2 = artanh(tanh 2K tanh h)`, of which the first form keeps its digits for large numbers and the second one for small ones.
fn added_field(coupling: f64, field: f64) -> f64 {
    let product = (2.0 * coupling).tanh() * field.tanh();
    if product.abs() < 0.5 {
        product.atanh()
    } else {
        0.5 * (ln_cosh(2.0 * coupling + field) - ln_cosh(2.0 * coupling - field))
    }
}

/// `ln sinh x` for x >= 0.
fn ln_sinh(x: f64) -> f64 {
    if x < 1.0 { x.sinh().ln() } else { x + (-(-2.0 * x).exp_m1()).ln() - LN_2 }
}

/// `ln(1 + e^x)`.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// A chain in the course of its decimation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decimated {
    /// Its couplings.
    pub chain: Chain,
    /// ln Z of the spins that were summed out, per site of the chain at the start: in the end all of ln Z per site of the infinite chain, but for what is left of it.
    pub constant_per_site: f64,
}

/// A chain and what becomes of it, iteration by iteration: `iterations + 1` of them.
pub fn flow(chain: Chain, iterations: usize) -> Vec<Decimated> {
    let mut share = 1.0;
    let start = Decimated { chain, constant_per_site: 0.0 };
    let next = |&Decimated { chain, constant_per_site }: &Decimated| {
        let (chain, constant) = chain.decimated();
        share /= 2.0;
        Some(Decimated { chain, constant_per_site: constant_per_site + share * constant })
    };
    std::iter::successors(Some(start), next).take(iterations + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::lattice::{Interaction, Lattice, System};

    const CHAINS: [(f64, f64); 9] = [
        (0.3, 0.0),
        (2.0, 0.0),
        (-0.7, 0.0),
        (0.9, 0.2),
        (-0.9, 0.4),
        (1e-5, -3.0),
        (40.0, 1e-9),
        (-30.0, 75.0),
        (3.0, -60.0),
    ];

    fn ln_z(sites: u32, Chain { coupling, field }: Chain) -> f64 {
        let system = System::uniform(Lattice::chain(sites).unwrap(), Interaction { coupling, field });
        exact::ln_z(&system, 1.0).unwrap()
    }

    #[test]
    fn the_partition_function_of_a_closed_chain_stays_the_same() {
        for (coupling, field) in CHAINS {
            let chain = Chain { coupling, field };
            for sites in [4, 6, 32, 1000] {
                let (decimated, constant) = chain.decimated();
                let (before, half) = (ln_z(sites, chain), sites / 2);
                let after = f64::from(half) * constant + ln_z(half, decimated);
                assert!(
                    (before - after).abs() < 1e-12 * before.abs().max(1.0),
                    "{sites}, {chain:?}: {before}, {after}"
                );
            }
        }
    }

    #[test]
    fn without_a_field_tanh_is_squared() {
        for coupling in [1e-8, 0.01, 0.4, 1.0, 3.0, -2.0_f64] {
            let (Chain { coupling: decimated, field }, _) = Chain { coupling, field: 0.0 }.decimated();
            let expected = coupling.tanh().powi(2);
            assert!(
                (decimated.tanh() / expected - 1.0).abs() < 1e-13 && field == 0.0,
                "{coupling}: {decimated}"
            );
        }
        // Cold: K' = K - ln(2) / 2, and no overflow.
        let (cold, _) = Chain { coupling: 1e4, field: 0.0 }.decimated();
        assert!((cold.coupling - (1e4 - LN_2 / 2.0)).abs() < 1e-11, "{cold:?}");
    }

    #[test]
    fn the_square_of_the_transfer_matrix_is_that_of_the_new_couplings() {
        for (coupling, field) in [(0.4, 0.3), (1.5, -0.8), (-0.6, 0.9), (1e-4, 1e-4), (0.2, 1e-7)] {
            let (new, constant) = Chain { coupling, field }.decimated();
            let entry = |Chain { coupling, field }: Chain, a: f64, b: f64| {
                (coupling * a * b + field * (a + b) / 2.0).exp()
            };
            for (a, b) in [(1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)] {
                let old = Chain { coupling, field };
                let square: f64 = [1.0, -1.0].map(|s| entry(old, a, s) * entry(old, s, b)).iter().sum();
                let made = constant.exp() * entry(new, a, b);
                assert!((made / square - 1.0).abs() < 1e-14, "{old:?}: {made}, {square}");
            }
        }
    }

    #[test]
    fn what_was_summed_out_adds_up_to_the_free_energy_of_the_infinite_chain() {
        let chain = Chain { coupling: 1.2, field: 0.1 };
        let last = flow(chain, 40)[40];
        let per_site = ln_z(1 << 16, chain) / f64::from(1 << 16);
        assert!((last.constant_per_site - per_site).abs() < 1e-10, "{last:?}, {per_site}");
        assert!(last.chain.coupling < 1e-12 && last.chain.field > chain.field);
    }
}
