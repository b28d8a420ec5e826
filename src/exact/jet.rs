//! Forward differentiation to second order, so that energy and specific heat follow from the one formula for ln Z.

use std::ops::{Add, Div, Mul, Sub};

/// A value with its first and second derivative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Jet {
    pub(super) value: f64,
    pub(super) first: f64,
    pub(super) second: f64,
}

impl Jet {
    pub(super) fn constant(value: f64) -> Self {
        Self { value, first: 0.0, second: 0.0 }
    }

    pub(super) fn variable(value: f64) -> Self {
        Self { value, first: 1.0, second: 0.0 }
    }

    /// Chain rule, given a function's value and derivatives at `self.value`.
    fn chain(self, value: f64, first: f64, second: f64) -> Self {
        Self {
            value,
            first: first * self.first,
            second: second * self.first * self.first + first * self.second,
        }
    }

    pub(super) fn ln(self) -> Self {
        self.chain(self.value.ln(), 1.0 / self.value, -1.0 / (self.value * self.value))
    }

    pub(super) fn exp(self) -> Self {
        let value = self.value.exp();
        self.chain(value, value, value)
    }

    pub(super) fn tanh(self) -> Self {
        let (t, slope) = (self.value.tanh(), self.value.cosh().powi(-2));
        self.chain(t, slope, -2.0 * t * slope)
    }

    pub(super) fn sinh(self) -> Self {
        self.chain(self.value.sinh(), self.value.cosh(), self.value.sinh())
    }

    /// `ln tanh x` for x > 0.
    pub(super) fn ln_tanh(self) -> Self {
        let (s, c) = ((2.0 * self.value).sinh(), (2.0 * self.value).cosh());
        self.chain(self.value.tanh().ln(), 2.0 / s, -4.0 * c / (s * s))
    }

    /// `2 asinh(sqrt(x / 2))` for x > 0, that is `acosh(1 + x)`.
    pub(super) fn acosh_1p(self) -> Self {
        let x = self.value;
        let root = (x * (x + 2.0)).sqrt();
        self.chain(2.0 * (x / 2.0).sqrt().asinh(), 1.0 / root, -(x + 1.0) / (root * root * root))
    }

    /// `ln(2 cosh x)` for x >= 0.
    pub(super) fn ln_2cosh(self) -> Self {
        let x = self.value;
        let small = (-2.0 * x).exp();
        self.chain(x + small.ln_1p(), x.tanh(), 4.0 * small / (1.0 + small).powi(2))
    }

    /// `ln(2 sinh x)` for x > 0.
    pub(super) fn ln_2sinh(self) -> Self {
        let x = self.value;
        let small = (-2.0 * x).exp();
        let rest = -(-2.0 * x).exp_m1();
        self.chain(x + rest.ln(), 1.0 / x.tanh(), -4.0 * small / (rest * rest))
    }

    /// `ln sum_i sign_i exp(x_i)`.
    pub(super) fn ln_sum_exp(terms: &[(f64, Self)]) -> Self {
        let largest = terms.iter().map(|(_, x)| x.value).fold(f64::NEG_INFINITY, f64::max);
        // First derivatives as large as the lattice are nearly equal: only their differences are squared.
        let slope = terms[0].1.first;
        let mut sum = Self::constant(0.0);
        for (sign, x) in terms {
            let weight = sign * (x.value - largest).exp();
            sum = sum + Self { first: x.first - slope, ..*x }.chain(weight, weight, weight);
        }
        let rest = sum.ln();
        Self { value: rest.value + largest, first: rest.first + slope, second: rest.second }
    }
}

impl Add for Jet {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            first: self.first + other.first,
            second: self.second + other.second,
        }
    }
}

impl Sub for Jet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + other * -1.0
    }
}

impl Mul<f64> for Jet {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self { value: self.value * factor, first: self.first * factor, second: self.second * factor }
    }
}

impl Mul for Jet {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            first: self.first * other.value + self.value * other.first,
            second: self.second * other.value + 2.0 * self.first * other.first + self.value * other.second,
        }
    }
}

impl Div for Jet {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let x = other.value;
        self * other.chain(1.0 / x, -1.0 / (x * x), 2.0 / (x * x * x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_agree_with_central_differences() {
        type Named = (&'static str, fn(Jet) -> Jet);
        let functions: [Named; 10] = [
            ("ln", Jet::ln),
            ("exp", Jet::exp),
            ("tanh", Jet::tanh),
            ("sinh", Jet::sinh),
            ("ln_tanh", Jet::ln_tanh),
            ("acosh_1p", Jet::acosh_1p),
            ("ln_2cosh", Jet::ln_2cosh),
            ("ln_2sinh", Jet::ln_2sinh),
            ("ln_sum_exp", |x| Jet::ln_sum_exp(&[(1.0, x * x), (-1.0, x * 0.1), (1.0, x.sinh())])),
            ("quotient", |x| x.sinh() / (x * x)),
        ];
        let h = 1e-4;
        for (name, f) in functions {
            for x in [0.3, 0.9, 2.0] {
                let [below, here, above] = [x - h, x, x + h].map(|x| f(Jet::variable(x)));
                let first = (above.value - below.value) / (2.0 * h);
                let second = (above.first - below.first) / (2.0 * h);
                assert!((here.first - first).abs() < 1e-6 * (1.0 + first.abs()), "{name} at {x}");
                assert!((here.second - second).abs() < 1e-6 * (1.0 + second.abs()), "{name} at {x}");
            }
        }
    }
}
