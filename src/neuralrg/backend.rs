//! The interface through which flows learn, are drawn from and are evaluated on any device.

use super::adam::{Moments, Rule};
use super::fields::Fields;
use super::gradient::Estimator;
use super::noise::Noise;
use crate::cpu::Real;
use crate::error::Result;
use std::fmt::Debug;

/// What a step learns from; every configuration has the same share in it.
#[derive(Debug, Clone)]
pub struct Lesson<R> {
    /// So many configurations that the flow draws, by their divergence KL(q | p).
    pub own: usize,
    /// Their latent numbers.
    pub noise: Noise,
    /// Which gradient of theirs is taken.
    pub estimator: Estimator,
    /// Fields from elsewhere, by their likelihood.
    pub given: Fields<R>,
}

impl<R: Real> Lesson<R> {
    /// Number of configurations.
    pub fn rows(&self) -> usize {
        self.own + self.given.rows()
    }
}

/// A flow with the field that it learns, on the CPU ([`Learner`](super::Learner)) or on a GPU ([`GpuFlow`](crate::gpu::GpuFlow)).
///
/// Random words are the same everywhere, and numbers differ by rounding. Work may still be under way when a method returns, and a fault of the device may be told by a later one: every
/// method has the errors of the device.
pub trait Backend<R>: Debug + Send {
    /// Name of the device, for people.
    fn device(&self) -> &str;

    /// The text that a run records, which finds the device again.
    fn setting(&self) -> String;

    /// Learns from configurations, at most as many as the backend was made for.
    ///
    /// # Errors
    /// When the device fails.
    fn learn(&mut self, lesson: &Lesson<R>, rule: Rule) -> Result<()>;

    /// x of latent numbers, with ln q of x, `[rows]`.
    ///
    /// # Errors
    /// When the device fails.
    fn generate(&mut self, z: &Fields<R>) -> Result<(Fields<R>, Vec<f64>)>;

    /// Latent numbers of x, with ln q of x, `[rows]`.
    ///
    /// # Errors
    /// When the device fails.
    fn infer(&mut self, x: &Fields<R>) -> Result<(Fields<R>, Vec<f64>)>;

    /// Energies E of configurations, `[rows]`.
    ///
    /// # Errors
    /// When the device fails.
    fn energies(&mut self, x: &Fields<R>) -> Result<Vec<f64>>;

    /// The parameters, in the order of [`Flow::parameters`](super::Flow::parameters).
    ///
    /// # Errors
    /// When the device fails.
    fn parameters(&mut self) -> Result<Vec<R>>;

    /// Adam's means of gradients and of their squares.
    ///
    /// # Errors
    /// When the device fails.
    fn moments(&mut self) -> Result<Moments<R>>;
}
