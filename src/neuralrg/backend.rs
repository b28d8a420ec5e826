//! The interface through which flows learn, are drawn from and are evaluated on any device.

use super::adam::{Moments, Rule};
use super::fields::Fields;
use super::gradient::Estimator;
use super::noise::Noise;
use super::symmetry::{Symmetry, mean_density};
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

/// The numbers that Hybrid Monte Carlo moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// The numbers of the field: the potential is E(x).
    Physical,
    /// The numbers that the flow makes the field of: the potential is `E(g(z)) - ln |det dg/dz|`, that of independent normal numbers where the flow is perfect (Li and Wang).
    Latent,
}

/// Chains of Hybrid Monte Carlo at some time.
#[derive(Debug, Clone)]
pub struct Point<R> {
    /// Their places in the space.
    pub places: Fields<R>,
    /// The field there.
    pub x: Fields<R>,
    /// Potentials, `[rows]`.
    pub potentials: Vec<f64>,
    /// Derivatives of the potential along the places.
    pub slopes: Fields<R>,
}

/// Leapfrog steps of a trajectory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leaps {
    /// Time of a step.
    pub length: f64,
    /// Number of steps.
    pub count: u32,
}

/// A flow with the field that it learns, on the CPU ([`Learner`](super::Learner)) or on a GPU ([`GpuFlow`](crate::gpu::GpuFlow)).
///
/// Random words are the same everywhere, and numbers differ by rounding. Work may still be under way when a method returns, and a fault of the device may be told by a later one: every
/// method has the errors of the device.
pub trait Backend<R: Real>: Debug + Send {
    /// Name of the device, for people.
    fn device(&self) -> &str;

    /// The text that a run records, which finds the device again.
    fn setting(&self) -> String;

    /// How its density is even.
    fn symmetry(&self) -> Symmetry;

    /// Learns from configurations, at most as many as the backend was made for.
    ///
    /// # Errors
    /// When the device fails.
    fn learn(&mut self, lesson: &Lesson<R>, rule: Rule) -> Result<()>;

    /// x of latent numbers, with ln q of x by the flow alone, `[rows]`, which [`Backend::ln_q`] is where the flow is odd.
    ///
    /// # Errors
    /// When the device fails.
    fn generate(&mut self, z: &Fields<R>) -> Result<(Fields<R>, Vec<f64>)>;

    /// Latent numbers of x, with ln q of x by the flow alone, `[rows]`.
    ///
    /// # Errors
    /// When the device fails.
    fn infer(&mut self, x: &Fields<R>) -> Result<(Fields<R>, Vec<f64>)>;

    /// Draws `[rows, sites]` numbers of configurations, from number `first` of the noise on, with their ln q, `[rows]`.
    ///
    /// # Errors
    /// When the device fails.
    fn draw(
        &mut self,
        noise: Noise,
        first: usize,
        [rows, sites]: [usize; 2],
    ) -> Result<(Fields<R>, Vec<f64>)> {
        let (x, ln_q) = self.generate(&noise.fields(first, rows, sites))?;
        match self.symmetry() {
            Symmetry::Odd => Ok((x, ln_q)),
            Symmetry::Mixture => {
                let (_, of_image) = self.infer(&x.mirrored(|_| true))?;
                let coins = noise.uniforms(first, rows);
                let x = x.mirrored(|row| coins.get(row).is_some_and(|&coin| coin < 0.5));
                Ok((x, mean_densities(ln_q, of_image)))
            }
        }
    }

    /// ln q of x, `[rows]`: that of the configurations that are drawn.
    ///
    /// # Errors
    /// When the device fails.
    fn ln_q(&mut self, x: &Fields<R>) -> Result<Vec<f64>> {
        let (_, ln_q) = self.infer(x)?;
        match self.symmetry() {
            Symmetry::Odd => Ok(ln_q),
            Symmetry::Mixture => Ok(mean_densities(ln_q, self.infer(&x.mirrored(|_| true))?.1)),
        }
    }

    /// Energies E of configurations, `[rows]`.
    ///
    /// # Errors
    /// When the device fails.
    fn energies(&mut self, x: &Fields<R>) -> Result<Vec<f64>>;

    /// Chains at places in a space.
    ///
    /// # Errors
    /// When the device fails.
    fn point(&mut self, space: Space, places: Fields<R>) -> Result<Point<R>>;

    /// Moves chains by leapfrog steps from a point on, and leaves their momenta at the end.
    ///
    /// # Errors
    /// When the device fails.
    fn leap(
        &mut self,
        space: Space,
        from: &Point<R>,
        momenta: &mut Fields<R>,
        leaps: Leaps,
    ) -> Result<Point<R>>;

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

fn mean_densities(ln_q: Vec<f64>, of_image: Vec<f64>) -> Vec<f64> {
    ln_q.into_iter().zip(of_image).map(|(ln_q, of_image)| mean_density(ln_q, of_image)).collect()
}
