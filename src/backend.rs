//! The interface that both backends implement: state arrays, and kernels that run on them; and how their times are measured.

use crate::conditional::Model;
use crate::error::Result;
use crate::lattice::{Interaction, Observables};
use crate::pace::Pace;
use crate::schedule::{Inputs, Kernel, Rates};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Arrays of a backend's state. Per-block arrays are `[blocks of all levels][batch]`: level 0 comes first, so that the
/// first `batch` entries belong to whole configurations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tensor {
    /// `[parameters]`: weights, biases, slopes.
    Parameters,
    /// `[parameters]`: Adam's first moment.
    FirstMoment,
    /// `[parameters]`: Adam's second moment.
    SecondMoment,
    /// `[parameters]`.
    Gradient,
    /// `[blocks][batch]`: ln q of the block's own spins given its border.
    LnQ,
    /// `[blocks][batch]`: reward of the block and everything below it.
    Reward,
    /// `[blocks][batch]`: weight of the block's grad ln q in the gradient.
    Advantage,
    /// `[batch]`: inverse temperatures of configurations that move at one each.
    Betas,
}

/// What a training step tells about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The step.
    pub step: u32,
    /// `[batch]`, or `[chunk]` where a batch is cut: root rewards, the per-site shift of [`Inputs::reward_per_site`] included.
    pub rewards: Vec<f64>,
    /// `[batch]`: bond sum and spin sum, as [`Backend::read_sums`] gives them.
    pub sums: Vec<[i32; 2]>,
    /// Norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// First step whose gradient was not finite, if any was.
    pub first_bad_step: Option<u32>,
}

impl Snapshot {
    /// The snapshot of a batch from those of its chunks, in order; nothing from nothing.
    pub fn join(parts: Vec<Self>) -> Option<Self> {
        parts.into_iter().reduce(|mut whole, part| {
            whole.rewards.extend(part.rewards);
            whole.sums.extend(part.sums);
            Self {
                gradient_norm: part.gradient_norm,
                first_bad_step: whole.first_bad_step.or(part.first_bad_step),
                ..whole
            }
        })
    }

    /// `[batch]`: energies E.
    pub fn energies(&self, interaction: Interaction) -> impl Iterator<Item = f64> {
        self.sums.iter().map(move |[bonds, spins]| interaction.energy((*bonds).into(), (*spins).into()))
    }
}

/// Where kernel shapes come from that are better than the guess that a device's capabilities suggest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tuning {
    /// What earlier runs measured.
    Kept,
    /// What earlier runs measured, and what this one does where they did not.
    Measured,
    /// Measured anew.
    Again,
}

/// A way of spreading a kernel of a level over a device, and what it takes there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// Hierarchy level.
    pub level: usize,
    /// The kernel, or the first of a net's layers.
    pub kernel: &'static str,
    /// Blocks of the level times configurations.
    pub rows: usize,
    /// The way, for people.
    pub shape: String,
    /// Whether capabilities suggest it.
    pub expected: bool,
    /// The shortest of some runs; nothing where the driver refuses it, or where time ran out before its turn.
    pub seconds: Option<f64>,
}

/// A device with the state of one model at one batch size.
pub trait Backend: Send {
    /// Name of the device, for people.
    fn device(&self) -> &str;

    /// The value of the `device` setting that names it.
    fn setting(&self) -> String;

    /// The model it was made for.
    fn model(&self) -> &Arc<Model>;

    /// Configurations per run.
    fn batch(&self) -> usize;

    /// Leaves the device to others for a part of the time: from now on every run is waited for and followed by rest.
    fn set_pace(&mut self, pace: Pace);

    /// Runs kernels in order. Returns when they are submitted, not when they are done.
    ///
    /// # Errors
    /// When the device fails.
    fn run(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<()>;

    /// Waits for all work.
    ///
    /// # Errors
    /// When the device fails.
    fn finish(&mut self) -> Result<()>;

    /// Reads an array, waiting for all work before it.
    ///
    /// # Errors
    /// When the device fails.
    fn read(&mut self, tensor: Tensor) -> Result<Vec<f64>>;

    /// As [`Backend::read`], in the precision of checkpoints.
    ///
    /// # Errors
    /// When the device fails.
    fn read_f32(&mut self, tensor: Tensor) -> Result<Vec<f32>>;

    /// Overwrites an array. New parameters also forget that a gradient was not finite.
    ///
    /// # Errors
    /// When the device fails.
    ///
    /// # Panics
    /// When the length is not the array's.
    fn write(&mut self, tensor: Tensor, values: &[f32]) -> Result<()>;

    /// Spins, `[configuration][site]`, +-1.
    ///
    /// # Errors
    /// When the device fails.
    fn read_spins(&mut self) -> Result<Vec<i8>>;

    /// Overwrites the spins, `[configuration][site]`, +-1.
    ///
    /// # Errors
    /// When the device fails.
    ///
    /// # Panics
    /// When the length is not `batch * sites`.
    fn write_spins(&mut self, spins: &[i8]) -> Result<()>;

    /// `[batch]` pairs of bond sum and spin sum of whole configurations, after the energy kernels.
    ///
    /// # Errors
    /// When the device fails.
    fn read_sums(&mut self) -> Result<Vec<[i32; 2]>>;

    /// Sums over whole configurations, after the observables kernel.
    ///
    /// # Errors
    /// When the device fails.
    fn read_observables(&mut self) -> Result<Observables>;

    /// Asks for a snapshot of the step just submitted; it arrives through [`Backend::snapshots`] without the device
    /// being waited for.
    ///
    /// # Errors
    /// When the device fails.
    fn request_snapshot(&mut self, step: u32) -> Result<()>;

    /// Snapshots that have arrived, in order; with `wait`, all that were asked for.
    ///
    /// # Errors
    /// When the device fails.
    fn snapshots(&mut self, wait: bool) -> Result<Vec<Snapshot>>;
}

/// A backend that can be timed: for the choice of kernel shapes, and for `bench`.
pub trait Timed: Backend {
    /// Refines kernel shapes. Results change by rounding at most. To be called on a new backend: the state is garbage afterwards.
    ///
    /// # Errors
    /// When the device fails.
    fn tune(&mut self, tuning: Tuning) -> Result<()>;

    /// Times every kernel shape that [`Timed::tune`] chooses from, those of a kernel and level together. Takes none of them, and keeps
    /// nothing for later runs. The state is garbage afterwards.
    ///
    /// # Errors
    /// When the device fails.
    fn variants(&mut self) -> Result<Vec<Variant>>;

    /// Runs kernels in order and tells how long each took: by the device's clock where it has one, else from submitting it
    /// alone to its end.
    ///
    /// # Errors
    /// When the device fails.
    fn time(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<Vec<Duration>>;

    /// Runs kernels with their inputs one run behind the other, as [`Backend::run`] does, and tells for what share of the time from
    /// the first's begin to the last's end the device had none of them to run. Nothing where it has no clock of its own.
    ///
    /// # Errors
    /// When the device fails.
    fn idle_share(&mut self, runs: &[(&[Kernel], Inputs)]) -> Result<Option<f64>>;

    /// Measures what the device reaches at a product and a copy of our own; takes about a second.
    ///
    /// # Errors
    /// When the device fails.
    fn rates(&mut self) -> Result<Rates>;
}
