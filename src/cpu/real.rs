//! The two precisions.

use super::ln_sigmoid::ln_sigmoids;
use crate::conditional::REWARD_QUANTUM;
use num_traits::Float;
use std::fmt::Debug;
use std::iter::Sum;
use std::ops::AddAssign;

/// A value that comes back in hundreds of thousands of places: rounded always to the same side, their sum would be off by much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Around<R> {
    /// The number nearest to the value.
    pub near: R,
    /// The one on the value's other side.
    pub other: R,
    /// In which share of cases to take `other` for the mean to be right.
    pub share: f32,
}

impl<R: Copy> Around<R> {
    /// One of the two, by a number in [0, 1) that is evenly spread over the places.
    #[inline(always)]
    pub fn rounded(&self, number: f32) -> R {
        if number < self.share { self.other } else { self.near }
    }
}

/// f32 or f64.
pub trait Real: Float + AddAssign + Sum + Default + Debug + Send + Sync + 'static {
    /// From f64, rounded.
    fn of(value: f64) -> Self;

    /// From an integer, rounded.
    fn of_integer(value: i32) -> Self;

    /// To f64, exactly.
    fn widen(self) -> f64;

    /// A value, to be rounded to either side, to multiples of a power of two if numbers are not further apart.
    fn around(value: f64, quantum: f64) -> Around<Self>;

    /// A value rounded up or down to a multiple of [`REWARD_QUANTUM`], by a number in [0, 1) that is evenly spread over the places where it
    /// comes back. At f64, the value.
    fn up_or_down(value: f64, number: f32) -> f64;

    /// `coarse + rest`, where the rest is far smaller, up or down to the next number that is a multiple of [`REWARD_QUANTUM`]. At f64, the sum.
    fn sum_up_or_down(coarse: Self, rest: Self, number: f32) -> Self;

    /// `exp(-|self|)`.
    fn exp_minus_abs(self) -> Self;

    /// `[p, 2^-p]` with `2^p <= self < 2^(p + 1)`, for positive normal numbers; 0 counts as the smallest of them.
    fn power_of_two(self) -> [Self; 2];

    /// `ln(1 + self)` for `self` in [0, 1].
    fn ln_1p_of_unit(self) -> Self;

    /// `ln(1 + exp(self))` without overflow or cancellation.
    #[inline(always)]
    fn softplus(self) -> Self {
        let positive = if self < Self::zero() { Self::zero() } else { self };
        positive + self.exp_minus_abs().ln_1p_of_unit()
    }

    /// `ln(1 / (1 + exp(-x)))` of values x and the derivatives `1 / (1 + exp(x))`, good to 2e-7. Nets of pairs do little else.
    #[inline(always)]
    fn ln_sigmoids<const N: usize>(values: &[Self; N]) -> [[Self; N]; 2] {
        [values.map(|x| -(-x).softplus()), values.map(|x| (-x).sigmoid())]
    }

    /// `1 / (1 + exp(-self))` without overflow.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let e = self.exp_minus_abs();
        let upper = Self::one() / (Self::one() + e);
        if self < Self::zero() { e * upper } else { upper }
    }

    /// +1 or -1 by a heat bath with `self` as logit, decided by a number in [0, 1]. Numbers near 0 are known to more digits than those near 1: they decide whether
    /// a spin is against its field.
    #[inline(always)]
    fn heat_bath(self, number: Self) -> i8 {
        let e = self.exp_minus_abs();
        let is_against = number < e / (Self::one() + e);
        if is_against == (self < Self::zero()) { 1 } else { -1 }
    }

    /// PReLU: `self` if positive, else `slope * self`.
    #[inline(always)]
    fn prelu(self, slope: Self) -> Self {
        if self > Self::zero() { self } else { slope * self }
    }
}

/// Its exponential and logarithm are polynomials, good to 2e-7 of the value: calls to the system's library would keep
/// loops over lanes from being vectorised.
impl Real for f32 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn of_integer(value: i32) -> Self {
        value as Self
    }

    #[inline(always)]
    fn exp_minus_abs(self) -> Self {
        // Below this the result is no normal number any more. NaN stays NaN.
        let x = if self.abs() > 87.0 { -87.0 } else { -self.abs() };
        let power = (x * std::f32::consts::LOG2_E - 0.5).ceil();
        // ln 2 in two parts, the first with few digits so that its multiples are exact.
        let rest = x - power * 0.693_359_4 - power * -2.121_944_4e-4;
        let series = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
        let sum = series.into_iter().fold(0.0, |sum, factor| sum * rest + factor);
        // Beside so large a number the last bits are those of the whole number itself. A cast would be done one by one: it looks at what is out of range.
        let bits = (power + 12_582_912.0).to_bits();
        sum * Self::from_bits((bits << 23).wrapping_add(127 << 23))
    }

    #[inline(always)]
    fn ln_sigmoids<const N: usize>(values: &[Self; N]) -> [[Self; N]; 2] {
        ln_sigmoids(values)
    }

    #[inline(always)]
    fn power_of_two(self) -> [Self; 2] {
        let biased = (self.to_bits() >> 23).max(1);
        [(biased as i32 - 127) as Self, Self::from_bits((254 - biased.min(253)) << 23)]
    }

    #[inline(always)]
    fn ln_1p_of_unit(self) -> Self {
        // The factors are fitted one after the other, each rounded before the next, so that errors have no direction.
        let series = [
            -0.003_310_810_5,
            0.020_169_048,
            -0.057_595_447,
            0.106_732_91,
            -0.153_509_1,
            0.196_937_6,
            -0.249_582_48,
            0.333_304_76,
            -0.499_999_3,
            1.0,
        ];
        self * series.into_iter().fold(0.0, |sum, factor| sum * self + factor)
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self.into()
    }

    #[inline(always)]
    fn up_or_down(value: f64, number: f32) -> f64 {
        (value / REWARD_QUANTUM + f64::from(number)).floor() * REWARD_QUANTUM
    }

    #[inline(always)]
    fn sum_up_or_down(coarse: Self, rest: Self, number: f32) -> Self {
        let size = coarse.abs().max(2.0);
        let distance = size.next_up() - size;
        coarse + (rest / distance + number).floor() * distance
    }

    fn around(value: f64, quantum: f64) -> Around<Self> {
        let size = (value as Self).abs();
        let step = quantum.max((size.next_up() - size).widen());
        let near = (value / step).round() * step;
        let rest = value - near;
        let other = near + step.copysign(rest);
        Around { near: near as Self, other: other as Self, share: (rest.abs() / step) as f32 }
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn of_integer(value: i32) -> Self {
        value.into()
    }

    #[inline(always)]
    fn exp_minus_abs(self) -> Self {
        (-self.abs()).exp()
    }

    #[inline(always)]
    fn power_of_two(self) -> [Self; 2] {
        let biased = (self.to_bits() >> 52).max(1);
        [(biased as i32 - 1023) as Self, Self::from_bits((2046 - biased.min(2045)) << 52)]
    }

    #[inline(always)]
    fn ln_1p_of_unit(self) -> Self {
        self.ln_1p()
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }

    #[inline(always)]
    fn up_or_down(value: f64, _: f32) -> f64 {
        value
    }

    #[inline(always)]
    fn sum_up_or_down(coarse: Self, rest: Self, _: f32) -> Self {
        coarse + rest
    }

    fn around(value: f64, _: f64) -> Around<Self> {
        Around { near: value, other: value, share: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Around, REWARD_QUANTUM, Real};

    #[test]
    fn powers_of_two_bracket_their_numbers() {
        for x in [1.0_f32, 1.5, 2.0, 0.75, 3e-30, 7e30] {
            for [power, inverse] in [x.power_of_two().map(f64::from), f64::from(x).power_of_two()] {
                assert!((1.0..2.0).contains(&(f64::from(x) * inverse)), "{x}: 2^{power}, {inverse}");
                assert_eq!(inverse, (-power).exp2());
            }
        }
    }

    #[test]
    fn numbers_around_a_value_have_it_as_their_mean() {
        let values = [0.1, -0.3, 1.0, -1.0, 0.932_417_777, -1.763e-3, 77.123_456_789];
        for (value, quantum) in values.into_iter().flat_map(|value| [(value, 0.0), (value, REWARD_QUANTUM)]) {
            let Around { near, other, share } = f32::around(value, quantum);
            let multiple = |number: f32| quantum == 0.0 || (f64::from(number) / quantum).fract() == 0.0;
            assert!(multiple(near) && multiple(other), "{near} and {other} around {value}");
            assert!((0.0..=0.5).contains(&share), "{value}: {share}");
            let mean = f64::from(near) + f64::from(share) * (f64::from(other) - f64::from(near));
            assert!((mean - value).abs() < 1e-13, "{value}: {mean}");
            assert_eq!(f64::around(value, quantum).rounded(0.5), value);
        }
    }

    #[test]
    fn sums_go_up_or_down_with_the_right_mean() {
        let sums =
            [(-0.25, 1.23e-4), (-2.375, 3.3e-6), (-5.5, 2.0e-4), (-1.0 / 4096.0, 2.44e-4), (-700.0, 0.1)];
        for (coarse, rest) in sums {
            let numbers = (0..4096).map(|number| number as f32 / 4096.0);
            let rounded = numbers.map(|number| f32::sum_up_or_down(coarse, rest, number));
            let distance = REWARD_QUANTUM.max(f64::from(coarse.abs().next_up() - coarse.abs()));
            let exact = f64::from(coarse) + f64::from(rest);
            let mut mean = 0.0;
            for found in rounded.map(f64::from) {
                assert!(
                    (found - exact).abs() < distance && (found / distance).fract() == 0.0,
                    "{found}, {exact}"
                );
                mean += found / 4096.0;
            }
            assert!((mean - exact).abs() < distance / 1000.0, "{mean}, {exact}");
        }
        assert_eq!(f64::sum_up_or_down(-0.25, 1e-9, 0.9), -0.25 + 1e-9);
    }

    #[test]
    fn polynomials_keep_the_digits_of_f32() {
        let mut worst: [f64; 2] = [0.0; 2];
        for step in 0..200_000 {
            let x = step as f32 * 4e-4;
            let exact = f64::from(-x).exp();
            worst[0] = worst[0].max((f64::from(x.exp_minus_abs()) / exact - 1.0).abs());
            let unit = step as f32 / 200_000.0;
            let exact = f64::from(unit).ln_1p().max(1e-300);
            let error = if unit == 0.0 { 0.0 } else { f64::from(unit.ln_1p_of_unit()) / exact - 1.0 };
            worst[1] = worst[1].max(error.abs());
        }
        assert!(worst.iter().all(|&error| error < 3e-7), "{worst:?}");
        assert!(f32::NAN.exp_minus_abs().is_nan() && f32::NAN.softplus().is_nan());
        assert_eq!(0.0_f32.ln_1p_of_unit(), 0.0);
        assert!(1e4_f32.softplus() == 1e4 && (-1e4_f32).softplus() < 1e-37 && (-1e4_f32).sigmoid() < 1e-37);
        assert!(f32::INFINITY.softplus().is_infinite());
    }
}
