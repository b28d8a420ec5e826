//! Numbers of configurations side by side: every lane is a configuration of its own, so that the compiler makes vectors of all arithmetic.

use crate::cpu::Real;
use std::ops::{Deref, DerefMut};

/// Configurations side by side.
pub const LANES: usize = 16;

/// One number of each of 16 configurations. They lie in whole lines of the cache: a vector that crosses from one line to the next takes two loads.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub(crate) struct Lanes<R>(pub(crate) [R; LANES]);

impl<R: Real> Lanes<R> {
    #[inline(always)]
    pub(crate) fn all(value: R) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    pub(crate) fn zero() -> Self {
        Self::all(R::zero())
    }

    #[inline(always)]
    pub(crate) fn map(mut self, function: impl Fn(R) -> R) -> Self {
        for lane in 0..LANES {
            self.0[lane] = function(self.0[lane]);
        }
        self
    }

    #[inline(always)]
    pub(crate) fn with(mut self, other: Self, function: impl Fn(R, R) -> R) -> Self {
        for lane in 0..LANES {
            self.0[lane] = function(self.0[lane], other.0[lane]);
        }
        self
    }

    #[inline(always)]
    pub(crate) fn plus(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    #[inline(always)]
    pub(crate) fn minus(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    #[inline(always)]
    pub(crate) fn times(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }

    /// `self + factor * other` in one rounding.
    #[inline(always)]
    pub(crate) fn plus_scaled(self, factor: R, other: Self) -> Self {
        self.with(other, |sum, value| factor.mul_add(value, sum))
    }

    /// `self + a * b` in one rounding.
    #[inline(always)]
    pub(crate) fn plus_product(mut self, a: Self, b: Self) -> Self {
        for lane in 0..LANES {
            self.0[lane] = a.0[lane].mul_add(b.0[lane], self.0[lane]);
        }
        self
    }

    /// The sum over lanes, always in the same order.
    #[inline(always)]
    pub(crate) fn sum(self) -> R {
        self.0.into_iter().sum()
    }

    #[inline(always)]
    pub(crate) fn tanh(self) -> Self {
        self.map(|value| {
            let e = (value + value).exp_minus_abs();
            ((R::one() - e) / (R::one() + e)).copysign(value)
        })
    }
}

impl<R> Deref for Lanes<R> {
    type Target = [R; LANES];

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<R> DerefMut for Lanes<R> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}
