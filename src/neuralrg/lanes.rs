//! Numbers of configurations side by side: every lane is a configuration of its own, so that the compiler makes vectors of all arithmetic.

use crate::cpu::Real;
use std::ops::{Deref, DerefMut};

/// Configurations side by side.
pub const LANES: usize = 16;

/// One number of each of 16 configurations. They lie in whole lines of the cache: a vector that crosses from one line to the next takes two loads.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub(super) struct Lanes<R>(pub(super) [R; LANES]);

impl<R: Real> Lanes<R> {
    #[inline(always)]
    pub(super) fn all(value: R) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    pub(super) fn zero() -> Self {
        Self::all(R::zero())
    }

    #[inline(always)]
    pub(super) fn map(mut self, function: impl Fn(R) -> R) -> Self {
        for lane in 0..LANES {
            self.0[lane] = function(self.0[lane]);
        }
        self
    }

    #[inline(always)]
    pub(super) fn with(mut self, other: Self, function: impl Fn(R, R) -> R) -> Self {
        for lane in 0..LANES {
            self.0[lane] = function(self.0[lane], other.0[lane]);
        }
        self
    }

    #[inline(always)]
    pub(super) fn minus(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    /// `self + factor * other` in one rounding.
    #[inline(always)]
    pub(super) fn plus_scaled(self, factor: R, other: Self) -> Self {
        self.with(other, |sum, value| factor.mul_add(value, sum))
    }

    #[inline(always)]
    pub(super) fn tanh(self) -> Self {
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
