//! Renormalisation of Ising spins in real space: couplings of coarser lattices (K = beta J, h = beta H), and configurations of block spins.
//!
//! [`decimation`] is the approximate recursion of the square lattice, [`chain`] the exact one in one dimension, [`blocks`] measures the coupling that the majority rule leaves.

pub mod blocks;
pub mod chain;
pub mod decimation;
mod drawn;

pub use drawn::draw;

/// `ln cosh x`, to all digits for small and for large x.
fn ln_cosh(x: f64) -> f64 {
    let size = x.abs();
    if size < 1.0 {
        0.5 * size.sinh().powi(2).ln_1p()
    } else {
        size + (-2.0 * size).exp().ln_1p() - std::f64::consts::LN_2
    }
}

#[cfg(test)]
mod tests {
    use super::ln_cosh;

    #[test]
    fn the_logarithm_of_cosh_keeps_its_digits() {
        for x in [0.0, 1e-9, 1e-3, 0.3, 0.999_999, 1.0, 3.0, -2.0_f64] {
            let (value, series) = (ln_cosh(x), x * x / 2.0 - x.powi(4) / 12.0 + x.powi(6) / 45.0);
            let expected = if x.abs() < 0.01 { series } else { x.cosh().ln() };
            assert!((value - expected).abs() <= 2e-15 * expected.abs(), "{x}: {value}, not {expected}");
        }
        assert_eq!(ln_cosh(1e6), 1e6 - std::f64::consts::LN_2);
    }
}
