//! The interface through which training, sampling and evaluation use a machine on any device.

use super::bits::Bits;
use super::cpu::Draw;
use super::machine::{Machine, Parameters};
use super::step::Rule;
use crate::error::Result;
use std::fmt::Debug;

/// A machine with its chains, on the CPU ([`Learner`](super::Learner)) or on a GPU
/// ([`GpuLearner`](crate::gpu::GpuLearner)).
///
/// Random numbers are the same everywhere, so that chains differ only where a number lies within rounding of a probability. Work may still be under way when a
/// method returns, and a fault of the device may be told by a later one: every method has the errors of the device.
pub trait Backend: Debug + Send {
    /// Name of the device, for people.
    fn device(&self) -> &str;

    /// The text that a run records, which finds the device again.
    fn setting(&self) -> String;

    /// The machine.
    fn machine(&self) -> &Machine;

    /// Takes the configurations that steps learn from.
    ///
    /// # Errors
    /// When they do not fit the device.
    fn give(&mut self, data: Bits) -> Result<()>;

    /// Learns from a batch, which are these rows of the data, as many as there are chains.
    ///
    /// # Errors
    /// When the device fails.
    fn learn(&mut self, rows: &[usize], rule: Rule, seed: u32, step: u32) -> Result<()>;

    /// Starts so many chains, at most those that the backend was made for, at random: every state of every site is as likely.
    ///
    /// # Errors
    /// When the device fails.
    fn start_chains(&mut self, rows: usize, draw: Draw) -> Result<()>;

    /// Moves the chains by one sweep: hidden units are drawn at the stage of `draw`, visible numbers at the next one.
    ///
    /// # Errors
    /// When the device fails.
    fn sweep(&mut self, draw: Draw) -> Result<()>;

    /// Visible numbers of the chains.
    ///
    /// # Errors
    /// When the device fails.
    fn chains(&mut self) -> Result<Bits>;

    /// The parameters.
    ///
    /// # Errors
    /// When the device fails.
    fn parameters(&mut self) -> Result<Parameters>;

    /// `[rows][hidden]`: probabilities of hidden units given visible numbers.
    ///
    /// # Errors
    /// When the device fails.
    fn hidden_probabilities(&mut self, visible: &Bits) -> Result<Vec<f64>>;

    /// `[rows]`: `b v + sum ln(1 + exp(c + v W))`, the negative free energy.
    ///
    /// # Errors
    /// When the device fails.
    fn ln_weights(&mut self, visible: &Bits) -> Result<Vec<f64>>;

    /// `[rows]`: mean of `ln p(s_i | all others)` over every `every`-th site.
    ///
    /// # Errors
    /// When the device fails.
    fn pseudo_likelihood(&mut self, visible: &Bits, every: usize) -> Result<Vec<f64>>;

    /// Visible numbers after one sweep from given ones, with stages as in [`sweep`](Self::sweep).
    ///
    /// # Errors
    /// When the device fails.
    fn reconstruct(&mut self, visible: &Bits, draw: Draw) -> Result<Bits>;

    /// `[rows][visible]`: means of visible numbers after one sweep without chance from given ones, `h = sigma(c + v W)` and `v = sigma(b + W h)`, of Potts spins a softmax over the
    /// colours of a site.
    ///
    /// # Errors
    /// When the device fails.
    fn reconstruct_means(&mut self, means: &[f32]) -> Result<Vec<f32>>;
}
