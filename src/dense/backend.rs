//! The interface through which a thermometer uses a net on any device.

use super::net::State;
use crate::error::Result;
use std::fmt::Debug;

/// A net that learns, on the CPU ([`Cpu`](super::Cpu)) or on a GPU ([`GpuDense`](crate::gpu::GpuDense)).
///
/// Work may still be under way when a method returns, and a fault of the device may be told by a later one: every method has the errors of the device.
pub trait Backend: Debug + Send {
    /// Learns from rows, `[rows][inputs]`, of known classes, `[rows]`: a step of Adam at a rate along the gradient of the mean of `-ln p(class)`.
    ///
    /// # Errors
    /// When the device fails.
    fn learn(&mut self, inputs: &[f32], classes: &[usize], rate: f64) -> Result<()>;

    /// `[rows][classes]`: probabilities of the classes of rows, `[rows][inputs]`.
    ///
    /// # Errors
    /// When the device fails.
    fn probabilities(&mut self, inputs: &[f32]) -> Result<Vec<f32>>;

    /// The state of the net after its steps.
    ///
    /// # Errors
    /// When the device fails.
    fn state(&mut self) -> Result<State>;
}
