//! Training inside somebody else's wgpu application.
//!
//! The host owns device and queue; the engine keeps clones of the handles, makes its buffers and pipelines once, and then
//! only records. It asks for nothing beyond `wgpu::Limits::default()` until a buffer has to be larger
//! ([`Engine::required_limits`]), sets no callback on the device, never polls it and never waits, but where a method says
//! so. Numbers come back by the host's own polls, as [`Engine::progress`].
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
//! `examples/embed_headless.rs` and `examples/viewer.rs` are whole hosts.

use crate::backend::{Backend, Snapshot, Tensor};
use crate::conditional::Model;
use crate::config::{Config, Objective};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Slot};
use crate::io::{Checkpoint, Metrics};
use crate::schedule::{self, Chunk, Inputs, Kernel};
use crate::train::{Clock, Lists, diagnose, inputs, of_chunk, row};
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

/// A training run that records its steps into encoders of the host.
#[derive(Debug)]
pub struct Engine {
    gpu: Gpu,
    queue: Queue,
    config: Config,
    lists: Lists,
    sampling: Vec<Kernel>,
    step: u32,
    /// Batches that [`Engine::record_sampling`] has drawn.
    sampled: u32,
    clock: Clock,
    /// Inputs of steps whose rows of metrics are under way.
    due: VecDeque<Inputs>,
    parts: Vec<Snapshot>,
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
            let expected = "an embedded engine learns from the network's own samples; it must be reverse";
            return Err(Error::setting("objective", format!("{:?}", config.objective), expected));
        }
        config.check()?;
        let model = Arc::new(config.model()?);
        let start = start.unwrap_or_else(|| Checkpoint::initial(&config, &model));
        start.fits(&model)?;
        let mut gpu = Gpu::new(device, queue, model.clone(), on_device(&config))?;
        let lists = Lists::new(&config, &model);
        let mut sampling = schedule::sampling(&model, true);
        sampling.extend(schedule::energies(&model));
        for kernels in [&lists.reverse, &lists.completion, &sampling] {
            gpu.prepare_all(kernels)?;
        }
        for (tensor, values) in [
            (Tensor::Parameters, &start.parameters),
            (Tensor::FirstMoment, &start.first_moment),
            (Tensor::SecondMoment, &start.second_moment),
        ] {
            gpu.write(tensor, values)?;
        }
        let clock = Clock::new(0.0, start.step);
        let (due, parts) = (VecDeque::new(), Vec::new());
        let queue = queue.clone();
        Ok(Self { gpu, queue, config, lists, sampling, step: start.step, sampled: 0, clock, due, parts })
    }

    /// Records one step of training: sampling, rewards, gradient, Adam. Recordings must be submitted in their order.
    ///
    /// # Errors
    /// When the device was found lost, or has no memory left.
    pub fn record_step(&mut self, encoder: &mut CommandEncoder) -> Result<()> {
        self.step += 1;
        let whole = inputs(&self.config, self.gpu.model(), self.step);
        let chunk = self.gpu.batch();
        let parts = self.config.batch / chunk;
        let due =
            self.step.is_multiple_of(self.config.metrics_every) && self.gpu.has_room_for_snapshots(parts);
        let count = parts as u32;
        for index in 0..count {
            let first_configuration = index * chunk as u32;
            let inputs = Inputs { chunk: Chunk { index, count }, first_configuration, ..whole };
            self.gpu.record(encoder, of_chunk(&self.lists.reverse, inputs.chunk), &inputs)?;
            if due {
                self.gpu.record(encoder, &self.lists.completion, &inputs)?;
                self.gpu.record_snapshot(encoder, self.step)?;
            }
        }
        if due {
            self.due.push_back(whole);
        }
        Ok(())
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
        let first = self.sampled.wrapping_mul(self.gpu.batch() as u32);
        self.sampled = self.sampled.wrapping_add(1);
        let inputs = Inputs::sampling(self.config.seed, first, self.config.beta, 0.0);
        self.gpu.record(encoder, &self.sampling, &inputs)
    }

    /// Rows of metrics, every `metrics_every` steps, that have come back by the host's polls since the last call. Rows are
    /// left out while several are under way already.
    ///
    /// # Errors
    /// When the device was lost, or training has diverged; only then is the device waited for, to name the level.
    pub fn progress(&mut self) -> Result<Vec<Metrics>> {
        let mut rows = Vec::new();
        for snapshot in self.gpu.snapshots_without_poll()? {
            if let Some(step) = snapshot.first_bad_step {
                return Err(diagnose(&mut self.gpu, step, 0));
            }
            // A part of another step: the encoder of its other parts was never submitted.
            if self.parts.first().is_some_and(|first| first.step != snapshot.step) {
                self.parts.clear();
            }
            self.parts.push(snapshot);
            if self.parts.len() < self.config.batch / self.gpu.batch() {
                continue;
            }
            let Some(snapshot) = Snapshot::join(std::mem::take(&mut self.parts)) else { continue };
            while self.due.front().is_some_and(|inputs| inputs.step < snapshot.step) {
                self.due.pop_front();
            }
            let Some(inputs) = self.due.pop_front() else { continue };
            rows.push(row(&inputs, self.gpu.model(), &snapshot, &mut self.clock).0);
        }
        Ok(rows)
    }

    /// Steps recorded so far.
    pub fn step(&self) -> u32 {
        self.step
    }

    /// Settings, with the changes made since.
    pub fn config(&self) -> &Config {
        &self.config
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
        self.config.beta = self.model().check_beta(beta)?;
        Ok(())
    }

    /// Changes the learning rate, which the schedule multiplies, from the next step on.
    ///
    /// # Errors
    /// When it is negative or not finite.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<()> {
        let config = Config { learning_rate: rate, ..self.config.clone() };
        config.check()?;
        self.config = config;
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

    /// Reads parameters and moments, to be saved with [`Checkpoint::save`] or continued from. Waits for the device.
    ///
    /// # Errors
    /// When the device was lost.
    pub fn checkpoint(&mut self) -> Result<Checkpoint> {
        Ok(Checkpoint {
            parameters: self.gpu.read_f32(Tensor::Parameters)?,
            first_moment: self.gpu.read_f32(Tensor::FirstMoment)?,
            second_moment: self.gpu.read_f32(Tensor::SecondMoment)?,
            step: self.step,
            seed: self.config.seed,
            beta: self.config.beta,
            training: self.config.training(),
        })
    }
}

/// Configurations on the device at a time.
fn on_device(config: &Config) -> usize {
    if config.chunk == 0 { config.batch } else { config.chunk }
}
