//! Positive numbers of any size: at low temperature the weights of one row differ by more than f64 spans.

use std::f64::consts::LN_2;

/// Bits of an f64 below its exponent, and what is added to that.
const FRACTION: u32 = 52;
const BIAS: i32 = 1023;

/// `mantissa * 2^exponent` with a mantissa in [1, 2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wide {
    mantissa: f64,
    exponent: i32,
}

impl Wide {
    /// As good as zero, without being an exception: its exponent is far below all others, and leaves room for sums.
    pub(super) const NOTHING: Self = Self { mantissa: 1.0, exponent: i32::MIN / 4 };

    /// `mantissa * 2^exponent` for a mantissa that is positive and normal.
    fn new(mantissa: f64, exponent: i32) -> Self {
        let bits = mantissa.to_bits();
        let fraction = bits & ((1 << FRACTION) - 1);
        Self {
            mantissa: f64::from_bits(fraction | (BIAS as u64) << FRACTION),
            exponent: exponent + (bits >> FRACTION) as i32 - BIAS,
        }
    }

    /// `e^x`.
    pub(super) fn exp(x: f64) -> Self {
        let exponent = (x / LN_2).round();
        Self::new(exponent.mul_add(-LN_2, x).exp(), exponent as i32)
    }

    /// Natural logarithm.
    pub(super) fn ln(self) -> f64 {
        self.mantissa.ln() + f64::from(self.exponent) * LN_2
    }

    /// This number over `2^exponent`.
    pub(super) fn halved(self, exponent: u32) -> Self {
        Self { exponent: self.exponent - exponent as i32, ..self }
    }

    /// The product.
    pub(super) fn times(self, other: Self) -> Self {
        Self::new(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }

    /// The sum, and the share of each in it.
    pub(super) fn plus(self, other: Self) -> (Self, [f64; 2]) {
        let exponent = self.exponent.max(other.exponent);
        let [a, b] = [self, other].map(|x| x.mantissa * power_of_two(x.exponent - exponent));
        (Self::new(a + b, exponent), [a / (a + b), b / (a + b)])
    }
}

/// `2^exponent` for exponents up to 0; 0 below the normal numbers.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + BIAS).max(0) as u64) << FRACTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_sums_and_logarithms_agree_beyond_the_range_of_f64() {
        for x in [-30_000.0, -800.0, -0.3, 0.0, 1e-9, 0.7, 650.0, 40_000.0_f64] {
            let exp = Wide::exp(x);
            assert!((exp.ln() - x).abs() <= 1e-15 * x.abs().max(1.0), "{x}: {}", exp.ln());
            assert!((1.0..2.0).contains(&exp.mantissa));
            let (sum, shares) = exp.plus(exp.times(Wide::exp(1.0)));
            assert!((sum.ln() - x - 1.0_f64.exp().ln_1p()).abs() <= 1e-15 * x.abs().max(1.0));
            let share = 1.0 / (1.0 + 1.0_f64.exp());
            assert!((shares[0] - share).abs() < 1e-12 && (shares[1] - 1.0 + share).abs() < 1e-12);
        }
    }

    #[test]
    fn what_is_far_smaller_adds_nothing() {
        let one = Wide::exp(0.0);
        assert_eq!(one.plus(Wide::NOTHING), (one, [1.0, 0.0]));
        assert_eq!(one.plus(Wide::NOTHING.times(Wide::exp(40_000.0))), (one, [1.0, 0.0]));
        assert_eq!(one.plus(Wide::exp(-2000.0)), (one, [1.0, 0.0]));
        assert_eq!(Wide::exp(-600.0).plus(one).0, one);
        assert!(Wide::exp(-600.0).plus(one).1[0] > 0.0);
    }
}
