//! Training inside somebody else's wgpu application.
//!
//! The host owns device and queue; the engine keeps clones of the handles, makes its buffers and pipelines once, and then
//! only records. It asks for nothing beyond `wgpu::Limits::default()` until a buffer has to be larger
//! ([`Engine::required_limits`]), sets no callback on the device, never polls it and never waits, but where a method says
//! so. Numbers come back by the host's own polls, as [`Engine::progress`], [`Engine::weights`] and [`Engine::checkpoints`].
//!
//! In a browser, which delivers without polls, nothing can be waited for: there faults of the device go to the host alone, whose error scopes may
//! stand around any call, and the level of a NaN is not named.
//!
//! ```no_run
//! use han_gpu::{config::Config, engine::{Engine, Options}, wgpu};
//!
//! fn frames(device: &wgpu::Device, queue: &wgpu::Queue) -> han_gpu::Result<()> {
//!     let config = Config { size: 32, beta: 0.42, batch: 256, steps: 10_000, ..Config::default() };
//!     let mut engine = Engine::new(device, queue, Options::new(config))?;
//!     while engine.step() < engine.config().steps {
//!         let mut encoder = device.create_command_encoder(&Default::default());
//!         engine.record_step(&mut encoder)?; // one step of training
//!         engine.record_sampling(&mut encoder)?; // fresh configurations in `engine.spins()`
//!         // ... the host's own passes, which may bind `engine.spins()` ...
//!         queue.submit([encoder.finish()]);
//!         let _ = device.poll(wgpu::PollType::Poll); // the host's loop does this anyway
//!         for row in engine.progress()? {
//!             println!("step {}: ESS {:.3}", row.step, row.ess);
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! `examples/embed_headless.rs`, `examples/viewer.rs` and `examples/browser/` are whole hosts.

use crate::backend::{Backend, Snapshot, Tensor};
use crate::conditional::Model;
use crate::config::{Config, Objective};
use crate::error::{Error, Result};
use crate::gpu::{Arrays, Arrival, Gpu, Slot};
use crate::io::{Checkpoint, Metrics, Stamp};
use crate::ranks::Ranks;
use crate::sample::{centred_reward_per_site, reward_per_site, weighing};
use crate::schedule::{self, Inputs, Kernel};
use crate::train::{Course, Executor};
use std::collections::VecDeque;
use std::sync::Arc;
use wgpu::{Buffer, CommandEncoder, Device, Features, Limits, Queue, SubmissionIndex};

/// What an engine is made with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Lattice, nets and training. `device` and the settings of closing checks and files mean nothing here; the objective
    /// must be [`Objective::Reverse`].
    pub config: Config,
    /// Where to start; by default the initial parameters of the configuration's seed.
    pub start: Option<Checkpoint>,
}

impl Options {
    /// A run from its first step.
    pub fn new(config: Config) -> Self {
        Self { config, start: None }
    }
}

/// A batch of configurations with the weights that make samples of q samples of p.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Weights {
    /// Inverse temperature that they were weighed at.
    pub beta: f64,
    /// `[batch]`: `-beta E - ln q`, for [`crate::estimate::Weighted`]. It is the same number whatever the last level's spins are, which q draws
    /// exactly.
    pub ln_w: Vec<f64>,
    /// `[batch]`: E of the complete configuration.
    pub energy: Vec<f64>,
    /// `[batch]`: the sum of all its spins.
    pub magnetisation: Vec<i32>,
}

/// A training run that records its steps into encoders of the host.
#[derive(Debug)]
pub struct Engine {
    gpu: Gpu,
    queue: Queue,
    course: Course,
    sampling: Vec<Kernel>,
    weighing: Vec<Kernel>,
    /// Batches that [`Engine::record_sampling`] and [`Engine::record_weighing`] have drawn.
    sampled: u32,
    /// Inputs of batches whose weights are under way, by their numbers.
    weighed: VecDeque<(u32, Inputs)>,
    /// The shift of the rewards of weighed samples.
    reward_per_site: f32,
    /// States under way, with what their checkpoints say beside the arrays.
    checkpoints: VecDeque<(Stamp, Arrays)>,
}

/// The arrays of a checkpoint, in the order in which they are copied.
const STATE: [Tensor; 3] = [Tensor::Parameters, Tensor::FirstMoment, Tensor::SecondMoment];

/// Writes the work of a step into an encoder.
struct Recording<'a> {
    gpu: &'a mut Gpu,
    encoder: &'a mut CommandEncoder,
}

impl Executor for Recording<'_> {
    fn run(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<()> {
        self.gpu.record(self.encoder, kernels, inputs)
    }

    fn write_spins(&mut self, _spins: &[i8]) -> Result<()> {
        Err(only_reverse(Objective::Forward))
    }

    fn has_room_for_snapshots(&self, parts: usize) -> bool {
        self.gpu.has_room_for_snapshots(parts)
    }

    fn request_snapshot(&mut self, step: u32) -> Result<()> {
        self.gpu.record_snapshot(self.encoder, step)
    }
}

/// Configurations to learn from would have to be uploaded between passes.
fn only_reverse(found: Objective) -> Error {
    let expected = "an embedded engine learns from the network's own samples; it must be reverse";
    Error::setting("objective", format!("{found:?}"), expected)
}

impl Engine {
    /// Limits that a device needs for a configuration: the defaults, with larger buffers and bindings where they are needed.
    ///
    /// # Errors
    /// When a setting is out of range.
    pub fn required_limits(config: &Config) -> Result<Limits> {
        config.check()?;
        let (model, batch) = (config.model()?, on_device(config));
        let defaults = Limits::default();
        Ok(Limits {
            max_buffer_size: defaults.max_buffer_size.max(Gpu::largest_buffer(&model, batch)),
            max_storage_buffer_binding_size: defaults
                .max_storage_buffer_binding_size
                .max(Gpu::largest_binding(&model, batch)),
            ..defaults
        })
    }

    /// Features that are used where the device has them: 16-bit floats, if the configuration's `storage` asks for them, and
    /// subgroups, for sums and exact squares and, on software adapters, for loads.
    pub fn optional_features() -> Features {
        Features::SHADER_F16 | Features::SUBGROUP
    }

    /// Makes buffers and pipelines for a run on the host's device. Compiling the shaders takes a second or several.
    ///
    /// # Errors
    /// When the configuration is not possible here, the model does not fit the device's limits or memory, or its driver
    /// refuses a shader. Nothing is left on the device then.
    pub fn new(device: &Device, queue: &Queue, options: Options) -> Result<Self> {
        let Options { config, start } = options;
        if config.objective != Objective::Reverse {
            return Err(only_reverse(config.objective));
        }
        config.check()?;
        let model = Arc::new(config.model()?);
        let start = start.unwrap_or_else(|| Checkpoint::initial(&config, &model));
        start.fits(&model)?;
        let mut gpu = Gpu::new(device, queue, model.clone(), on_device(&config))?;
        let course = Course::new(config, &mut gpu, start, &Ranks::alone())?;
        let mut sampling = schedule::sampling(&model, true);
        sampling.extend(schedule::energies(&model));
        let weighing = weighing(&model, schedule::completion(&model));
        for kernels in course.reverse_lists().into_iter().chain([&*sampling, &*weighing]) {
            gpu.prepare_all(kernels)?;
        }
        Ok(Self {
            reward_per_site: reward_per_site(&model, course.config.beta),
            gpu,
            queue: queue.clone(),
            course,
            sampling,
            weighing,
            sampled: 0,
            weighed: VecDeque::new(),
            checkpoints: VecDeque::new(),
        })
    }

    /// Records one step of training: sampling, rewards, gradient, Adam. Recordings must be submitted in their order.
    ///
    /// # Errors
    /// When the device was found lost, or has no memory left.
    pub fn record_step(&mut self, encoder: &mut CommandEncoder) -> Result<()> {
        self.course.step(&mut Recording { gpu: &mut self.gpu, encoder })
    }

    /// Records one step of training into an encoder of its own and submits it, without waiting.
    ///
    /// # Errors
    /// When the device was found lost, or has no memory left.
    pub fn submit_step(&mut self) -> Result<SubmissionIndex> {
        let mut encoder = self.gpu.wgpu_device().create_command_encoder(&Default::default());
        self.record_step(&mut encoder)?;
        Ok(self.queue.submit([encoder.finish()]))
    }

    /// Records that a batch of new complete configurations is drawn, with ln q and bond and spin sums.
    ///
    /// # Errors
    /// When the device was found lost, or has no memory left.
    pub fn record_sampling(&mut self, encoder: &mut CommandEncoder) -> Result<()> {
        let inputs = self.next_samples();
        self.gpu.record(encoder, &self.sampling, &inputs)
    }

    /// Inputs of the next batch; numbers of configurations start anew after 2^32 of them.
    fn next_samples(&mut self) -> Inputs {
        let first_configuration = self.sampled.wrapping_mul(self.gpu.batch() as u32);
        self.sampled = self.sampled.wrapping_add(1);
        let &Config { seed, beta, .. } = self.config();
        Inputs { seed, first_configuration, beta, ..Inputs::SAMPLING }
    }

    /// As [`Engine::record_sampling`], and the weights of the batch come back as [`Engine::weights`]. While the weights of four batches are under way
    /// nothing is recorded, and the answer is `false`.
    ///
    /// # Errors
    /// When the device was found lost, or has no memory left.
    pub fn record_weighing(&mut self, encoder: &mut CommandEncoder) -> Result<bool> {
        let number = self.sampled;
        if !self.gpu.has_room_for_weights() {
            return Ok(false);
        }
        let inputs = Inputs { reward_per_site: self.reward_per_site, ..self.next_samples() };
        self.gpu.record(encoder, &self.weighing, &inputs)?;
        self.gpu.record_weights(encoder, number)?;
        self.weighed.push_back((number, inputs));
        Ok(true)
    }

    /// Weights that have come back by the host's polls since the last call, batch by batch. A batch whose encoder was never submitted never
    /// comes.
    ///
    /// # Errors
    /// When the device was lost.
    pub fn weights(&mut self) -> Result<Vec<Weights>> {
        let mut weights = Vec::new();
        for snapshot in self.gpu.weights_without_poll()? {
            // Batches that were recorded before, and never submitted, are passed over.
            while let Some((number, inputs)) = self.weighed.pop_front() {
                if number == snapshot.step {
                    weights.push(self.weights_of(&inputs, &snapshot));
                    break;
                }
            }
        }
        Ok(weights)
    }

    fn weights_of(&mut self, inputs: &Inputs, snapshot: &Snapshot) -> Weights {
        let system = &self.gpu.model().system;
        let sites = system.lattice.sites();
        let shift = f64::from(inputs.reward_per_site) * sites as f64;
        // Nets that have learnt little are far from Z; the next batches are weighed nearer to it.
        let centred = centred_reward_per_site(inputs.reward_per_site, snapshot.rewards[0], sites);
        self.reward_per_site = if centred.is_finite() { centred } else { self.reward_per_site };
        Weights {
            beta: inputs.beta,
            ln_w: snapshot.rewards.iter().map(|reward| shift - reward).collect(),
            energy: snapshot.energies(system.interaction).collect(),
            magnetisation: snapshot.sums.iter().map(|[_, spins]| *spins).collect(),
        }
    }

    /// Rows of metrics, every `metrics_every` steps and after the last, that have come back by the host's polls since the last call.
    /// Rows are left out while several are under way already.
    ///
    /// # Errors
    /// When the device was lost, or training has diverged; only then is the device waited for, to name the level.
    pub fn progress(&mut self) -> Result<Vec<Metrics>> {
        self.course.arrive(self.gpu.snapshots_without_poll()?);
        std::iter::from_fn(|| self.course.next_row(&mut self.gpu).transpose()).collect()
    }

    /// Steps recorded so far.
    pub fn step(&self) -> u32 {
        self.course.steps_done()
    }

    /// Settings, with the changes made since.
    pub fn config(&self) -> &Config {
        &self.course.config
    }

    /// The network.
    pub fn model(&self) -> &Model {
        self.gpu.model()
    }

    /// Configurations in the buffers: the batch, or a chunk of it where `chunk` says so.
    pub fn batch(&self) -> usize {
        self.gpu.batch()
    }

    /// Changes the inverse temperature from the next step on.
    ///
    /// # Errors
    /// When it is out of range.
    pub fn set_beta(&mut self, beta: f64) -> Result<()> {
        self.course.config.beta = self.model().check_beta(beta)?;
        Ok(())
    }

    /// Changes the learning rate, which the schedule multiplies, from the next step on.
    ///
    /// # Errors
    /// When it is negative or not finite.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<()> {
        let config = Config { learning_rate: rate, ..self.config().clone() };
        config.check()?;
        self.course.config = config;
        Ok(())
    }

    /// Spins, i32 `[site][batch]` of +-1, row by row of the lattice: storage, of the last recording that was submitted.
    /// After a training step the insides of exact squares are those of an earlier sampling: training sums them out.
    pub fn spins(&self) -> &Buffer {
        self.gpu.public_buffer(Slot::Spins)
    }

    /// ln q, f32 `[blocks of all levels][batch]`: storage. Summed over blocks it is that of the configuration.
    pub fn ln_q(&self) -> &Buffer {
        self.gpu.public_buffer(Slot::LnQ)
    }

    /// i32 `[batch][2]`: sums of `s s'` over bonds and of `s` over sites: storage. The energy is `-J` times the first minus
    /// `H` times the second.
    pub fn sums(&self) -> &Buffer {
        self.gpu.public_buffer(Slot::ConfigurationSums)
    }

    /// Reads parameters and moments, to be saved with [`Checkpoint::save`] or continued from. Waits for the device, which no browser can:
    /// [`Engine::record_checkpoint`] serves there.
    ///
    /// # Errors
    /// When the device was lost, or an array is not finite.
    pub fn checkpoint(&mut self) -> Result<Checkpoint> {
        self.course.save(&mut self.gpu, Checkpoint::read)
    }

    /// Records copies of parameters and moments as they are after the steps recorded so far; they come back as [`Engine::checkpoints`], unless the
    /// encoder is never submitted. To save them as a run, keep [`Engine::config`] of this moment: settings may change before they come.
    ///
    /// # Errors
    /// When the device has no memory left.
    pub fn record_checkpoint(&mut self, encoder: &mut CommandEncoder) -> Result<()> {
        let arrays = self.gpu.record_arrays(encoder, &STATE)?;
        self.checkpoints.push_back((self.course.stamp(), arrays));
        Ok(())
    }

    /// Checkpoints that have come back by the host's polls since the last call.
    ///
    /// # Errors
    /// When the device was lost, or an array is not finite; only then is the device waited for, to name the level.
    pub fn checkpoints(&mut self) -> Result<Vec<Checkpoint>> {
        let mut arrived = Vec::new();
        while let Some((stamp, arrays)) = self.checkpoints.front() {
            let numbers = match self.gpu.look_for_arrays(arrays)? {
                Arrival::UnderWay => break,
                Arrival::Dropped => None,
                Arrival::Arrived(numbers) => Some((stamp.clone(), numbers)),
            };
            self.checkpoints.pop_front();
            if let Some((stamp, numbers)) = numbers {
                arrived.push(self.course.kept(&mut self.gpu, stamp, numbers)?);
            }
        }
        Ok(arrived)
    }
}

/// Configurations on the device at a time.
fn on_device(config: &Config) -> usize {
    if config.chunk == 0 { config.batch } else { config.chunk }
}
