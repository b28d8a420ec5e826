//! Training on a backend, step by step, without files.

use super::course::Course;
use super::on_rank::OnRank;
use crate::backend::{Backend, Tensor};
use crate::conditional::Model;
use crate::config::Config;
use crate::error::Result;
use crate::io::{Checkpoint, Metrics, Stamp};
use crate::mc::Stage;
use crate::ranks::Ranks;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A training run on a backend: it takes steps, and gives rows of metrics and checkpoints. It touches no files.
///
/// ```
/// use han_gpu::{config::Config, cpu::Cpu, train::Trainer};
/// use std::sync::Arc;
///
/// let config = Config { size: 8, batch: 64, steps: 20, ..Config::default() };
/// let mut cpu = Cpu::<f32>::new(Arc::new(config.model()?), config.batch);
/// let mut trainer = Trainer::new(&config, &mut cpu)?;
/// while trainer.steps_done() < config.steps {
///     trainer.step()?;
///     while let Some(row) = trainer.next_row()? {
///         println!("step {}: ESS {:.3}", row.step, row.ess);
///     }
/// }
/// let network = trainer.checkpoint()?.parameters;
/// # assert!(!network.is_empty());
/// # Ok::<(), han_gpu::Error>(())
/// ```
///
/// The backend keeps the trained network, ready for [`log_weights`](crate::sample::log_weights) and the other functions of
/// [`sample`](crate::sample). Settings that are about files and devices, and `init_from`, mean nothing here.
pub struct Trainer<'a> {
    backend: &'a mut dyn Backend,
    course: Course,
    ranks: Ranks,
}

impl fmt::Debug for Trainer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = self.backend.device();
        formatter.debug_struct("Trainer").field("backend", &device).field("course", &self.course).finish()
    }
}

impl<'a> Trainer<'a> {
    /// A run from the initial parameters of the configuration's seed. The backend is one for the configuration's model, and for
    /// its batch or an equal part of it.
    ///
    /// # Errors
    /// When a setting is out of range, the batch is not a multiple of the backend's, or the device fails.
    pub fn new(config: &Config, backend: &'a mut dyn Backend) -> Result<Self> {
        let start = Checkpoint::initial(config, backend.model());
        Self::from_checkpoint(config, backend, start)
    }

    /// A run that goes on after the step of a checkpoint, or whose step 0 is the network of another run.
    ///
    /// # Errors
    /// As [`Trainer::new`], and when the checkpoint is that of another model.
    pub fn from_checkpoint(config: &Config, backend: &'a mut dyn Backend, start: Checkpoint) -> Result<Self> {
        Self::on_ranks(&Ranks::alone(), config, backend, start)
    }

    /// As [`Trainer::from_checkpoint`], on all ranks of a job together: each has a trainer with the same settings and the same start, whose backend
    /// takes its part of the batch, and they take every step together. All then have the same network; the first one has the rows of metrics.
    ///
    /// The batch has as many chunks as one process with backends of this size would cut it into, and their gradients are added in
    /// their order: on the CPU the run is that of one process bit for bit, on a GPU as far as its compiler adds a product and a sum in two roundings.
    ///
    /// # Errors
    /// As [`Trainer::from_checkpoint`], and when the ranks cannot have equally many chunks.
    pub fn on_ranks(
        ranks: &Ranks,
        config: &Config,
        backend: &'a mut dyn Backend,
        start: Checkpoint,
    ) -> Result<Self> {
        // Those of a run before this one, if it was left with rows under way.
        drop(backend.snapshots(true)?);
        let course = Course::new(config.clone(), backend, start, ranks)?;
        Ok(Self { backend, course, ranks: ranks.clone() })
    }

    /// Submits the next step to the device, and does not wait for its end. The first step that learns from Monte Carlo draws the
    /// configurations for all of them, which can take minutes. Steps after [`Config::steps`] keep the learning rate of the last.
    ///
    /// # Errors
    /// When the device fails, or Monte Carlo does not come into equilibrium.
    pub fn step(&mut self) -> Result<()> {
        if self.ranks.count() == 1 {
            return self.course.step(&mut *self.backend);
        }
        let mut on_rank = OnRank::new(&mut *self.backend, &self.ranks);
        self.course.step(&mut on_rank)?;
        self.course.arrive(on_rank.into_snapshots()?);
        Ok(())
    }

    /// Draws the configurations that the next step learns from, where it is the first one that learns from Monte Carlo: [`Trainer::step`] would do so
    /// without a word. `observe` is told how far the Monte Carlo is, and may stop it.
    ///
    /// # Errors
    /// When Monte Carlo does not come into equilibrium, or `observe` breaks ([`Error::Stopped`](crate::Error::Stopped)).
    pub fn draw_configurations(&mut self, observe: &mut dyn FnMut(Stage) -> ControlFlow<()>) -> Result<()> {
        if self.lacks_configurations() { self.course.draw_pool(observe) } else { Ok(()) }
    }

    /// Whether the next step learns from configurations that are still to be drawn.
    pub(crate) fn lacks_configurations(&self) -> bool {
        self.course.lacks_pool()
    }

    /// The next row of metrics that has come back: there is one of every [`Config::metrics_every`] steps and of the last, in order, and
    /// on a GPU some steps late, since nothing waits for it. After the last step this waits for the rows that are under way.
    ///
    /// # Errors
    /// When the device fails, or NaN or infinity has appeared: the error names step and level, and the step of the last
    /// [`Trainer::checkpoint`].
    pub fn next_row(&mut self) -> Result<Option<Metrics>> {
        if self.course.is_up_to_date() {
            let last = self.steps_done() == self.config().steps;
            self.course.arrive(self.backend.snapshots(last)?);
        }
        self.course.next_row(self.backend)
    }

    /// Waits for all steps so far; [`Trainer::next_row`] then has all of their rows, and tells whether any gradient was not
    /// finite.
    ///
    /// # Errors
    /// When the device fails.
    pub fn finish(&mut self) -> Result<()> {
        self.backend.request_snapshot(self.steps_done())?;
        let looks = self.backend.snapshots(true)?;
        // All ranks have the same state, and one of them tells of it.
        if self.ranks.is_first() {
            self.course.arrive(looks);
        }
        Ok(())
    }

    /// Reads parameters (`[parameters]`, in the order of the model) and Adam's moments, waiting for all steps so far.
    ///
    /// # Errors
    /// When the device fails, or an array is not finite.
    pub fn checkpoint(&mut self) -> Result<Checkpoint> {
        self.finish()?;
        self.save(Checkpoint::read)
    }

    /// Lets `keep` read the arrays of a checkpoint one by one. Call [`Trainer::finish`] and look at the rows before: Adam stops at
    /// a gradient that is not finite, and leaves parameters that are.
    pub(crate) fn save<T>(
        &mut self,
        keep: impl FnOnce(Stamp, &mut dyn FnMut(Tensor) -> Result<Vec<f32>>) -> Result<T>,
    ) -> Result<T> {
        self.course.save(self.backend, keep)
    }

    /// Steps submitted so far, those before a checkpoint that the run started from included.
    pub fn steps_done(&self) -> u32 {
        self.course.steps_done()
    }

    /// Settings.
    pub fn config(&self) -> &Config {
        &self.course.config
    }

    /// The network's model.
    pub fn model(&self) -> &Arc<Model> {
        self.backend.model()
    }

    /// The backend, to draw from the network as it is after the steps so far, which are waited for. Training goes on unchanged as long
    /// as parameters and moments are left alone.
    ///
    /// # Errors
    /// When the device fails.
    pub fn backend(&mut self) -> Result<&mut dyn Backend> {
        self.finish()?;
        Ok(self.backend)
    }

    /// Seconds of training so far.
    pub(crate) fn elapsed_s(&self) -> f64 {
        self.course.elapsed_s()
    }

    /// Starts the clock anew, after seconds of training that an earlier session of the run took.
    pub(crate) fn continue_clock(&mut self, seconds: f64) {
        self.course.continue_clock(seconds);
    }
}
