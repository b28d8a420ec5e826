//! The two precisions.

use num_traits::Float;
use std::fmt::Debug;
use std::iter::Sum;
use std::ops::AddAssign;

/// f32 or f64.
pub trait Real: ndarray::LinalgScalar + Float + AddAssign + Sum + Default + Debug + Send + Sync {
    /// From f64, rounded.
    fn of(value: f64) -> Self;

    /// To f64, exactly.
    fn widen(self) -> f64;

    /// `ln(1 + exp(self))` without overflow or cancellation.
    #[inline(always)]
    fn softplus(self) -> Self {
        self.max(Self::zero()) + (-self.abs()).exp().ln_1p()
    }

    /// `1 / (1 + exp(-self))` without overflow.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let e = (-self.abs()).exp();
        let upper = Self::one() / (Self::one() + e);
        if self < Self::zero() { e * upper } else { upper }
    }

    /// PReLU: `self` if positive, else `slope * self`.
    #[inline(always)]
    fn prelu(self, slope: Self) -> Self {
        if self > Self::zero() { self } else { slope * self }
    }
}

impl Real for f32 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self.into()
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
}
