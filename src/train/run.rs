//! The training loop.

use super::evaluation::evaluate;
use crate::backend::{Backend, Snapshot, Tensor};
use crate::conditional::Model;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::estimate::{Estimate, importance};
use crate::exact;
use crate::io::{Checkpoint, Metrics, MetricsWriter, RunFolder, Summary};
use crate::mc::Pool;
use crate::sample::reward_per_site;
use crate::schedule::{self, Chunk, Inputs, Kernel};
use std::ops::ControlFlow;
use std::time::Instant;

/// What the loop tells while it runs.
#[derive(Debug)]
pub enum Event<'a> {
    /// Steps submitted to the device so far.
    Step(u32),
    /// A new row of metrics, and the exact `beta F / N` of its beta where known.
    Metrics(&'a Metrics, Option<f64>),
    /// A checkpoint was written.
    Checkpoint(u32),
    /// Samples of the closing evaluation drawn so far.
    Evaluated(usize),
}

/// Trains a network in its folder from a checkpoint on, and evaluates it.
///
/// `observe` may break after [`Event::Step`], a checkpoint is then written, and after [`Event::Evaluated`]; what is returned
/// is `None`, and training again from the last checkpoint goes on. After other events it goes on at once.
///
/// # Errors
/// When the device fails, a file cannot be written, or NaN or infinity appears; the last checkpoint is then still good.
pub fn train(
    config: &Config,
    backend: &mut dyn Backend,
    folder: &RunFolder,
    start: &Checkpoint,
    observe: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Option<Summary>> {
    for (tensor, values) in [
        (Tensor::Parameters, &start.parameters),
        (Tensor::FirstMoment, &start.first_moment),
        (Tensor::SecondMoment, &start.second_moment),
    ] {
        backend.write(tensor, values)?;
    }
    let table = folder.metrics_after(start.step)?;
    let clock = Clock { start: Instant::now(), before: table.elapsed_s(), last_step: start.step, last: 0.0 };
    let mut run = Run {
        config,
        lists: Lists::new(config, backend.model()),
        pool: pool(config, backend.model(), start.step),
        backend,
        folder,
        table,
        clock,
        checkpoint_step: start.step,
        parts: Vec::new(),
        last_row: None,
    };
    if run.steps(start.step, observe)?.is_break() {
        return Ok(None);
    }
    let elapsed_s = run.clock.elapsed();
    let summary = evaluate(config, run.backend, elapsed_s, observe)?;
    if let Some(summary) = &summary {
        folder.write_summary(summary)?;
    }
    Ok(summary)
}

struct Run<'a> {
    config: &'a Config,
    lists: Lists,
    pool: Option<Pool>,
    backend: &'a mut dyn Backend,
    folder: &'a RunFolder,
    table: MetricsWriter,
    clock: Clock,
    checkpoint_step: u32,
    /// Snapshots of the chunks of a step whose row of metrics is not complete yet.
    parts: Vec<Snapshot>,
    last_row: Option<u32>,
}

impl Run<'_> {
    fn steps(
        &mut self,
        done: u32,
        observe: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let config = self.config;
        for step in done + 1..=config.steps {
            let last = step == config.steps;
            self.step(step)?;
            self.report(false, observe)?;
            let stop = observe(Event::Step(step)).is_break();
            if step.is_multiple_of(config.checkpoint_every) || last || stop {
                // Whatever the interval of metrics, a checkpoint is only written after a look at the device's state.
                self.backend.request_snapshot(step)?;
                self.report(true, observe)?;
                self.save(step)?;
                let _ = observe(Event::Checkpoint(step));
            }
            if stop && !last {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// All chunks of one step; the last one updates the parameters.
    fn step(&mut self, step: u32) -> Result<()> {
        let whole = inputs(self.config, self.backend.model(), step);
        let chunk = self.backend.batch();
        let given = self.pool.as_ref().filter(|_| self.config.is_forward(step));
        let given = given.map(|pool| pool.batch(self.config.batch, step));
        let count = self.chunks() as u32;
        for index in 0..count {
            let first_configuration = index * chunk as u32;
            let inputs = Inputs { chunk: Chunk { index, count }, first_configuration, ..whole };
            match &given {
                Some(spins) => {
                    let rows = chunk * self.backend.model().hierarchy.sites;
                    self.learn(&spins[index as usize * rows..][..rows], &inputs)?;
                }
                None => self.backend.run(of_chunk(&self.lists.reverse, inputs.chunk), &inputs)?,
            }
            if self.is_due(step) {
                self.backend.run(&self.lists.completion, &inputs)?;
                self.backend.request_snapshot(step)?;
            }
        }
        Ok(())
    }

    /// A chunk of a step on given configurations. Metrics are always those of the network's own samples.
    fn learn(&mut self, spins: &[i8], inputs: &Inputs) -> Result<()> {
        self.backend.write_spins(spins)?;
        self.backend.run(of_chunk(&self.lists.forward, inputs.chunk), inputs)?;
        if self.is_due(inputs.step) {
            self.backend.run(&self.lists.rewards, inputs)?;
        }
        Ok(())
    }

    /// Parts that a batch goes through the device in.
    fn chunks(&self) -> usize {
        self.config.batch / self.backend.batch()
    }

    /// Whether a step gets a row of metrics.
    fn is_due(&self, step: u32) -> bool {
        step.is_multiple_of(self.config.metrics_every) || step == self.config.steps
    }

    fn report(&mut self, wait: bool, observe: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>) -> Result<()> {
        for snapshot in self.backend.snapshots(wait)? {
            if let Some(step) = snapshot.first_bad_step {
                return Err(self.diagnose(step));
            }
            if !self.is_due(snapshot.step) || self.last_row == Some(snapshot.step) {
                continue;
            }
            self.parts.push(snapshot);
            if self.parts.len() < self.chunks() {
                continue;
            }
            let Some(snapshot) = Snapshot::join(std::mem::take(&mut self.parts)) else { continue };
            self.last_row = Some(snapshot.step);
            let (metrics, exact) = self.metrics(&snapshot);
            self.table.push(&metrics)?;
            let _ = observe(Event::Metrics(&metrics, exact));
        }
        Ok(())
    }

    fn metrics(&mut self, snapshot: &Snapshot) -> (Metrics, Option<f64>) {
        let (model, config) = (self.backend.model(), self.config);
        let inputs = inputs(config, model, snapshot.step);
        let sites = model.torus.sites() as f64;
        let shift = f64::from(inputs.reward_per_site) * sites;
        let ln_w: Vec<f64> = snapshot.rewards.iter().map(|reward| shift - reward).collect();
        let weights = importance(&ln_w);
        let energy = Estimate::mean(&snapshot.energies(model.interaction).collect::<Vec<_>>());
        let exact = exact::solve(model.torus, model.interaction, inputs.beta).map(|exact| exact.ln_z);
        let (elapsed_s, configurations_per_s) = self.clock.lap(snapshot.step, config.batch);
        let metrics = Metrics {
            step: snapshot.step,
            beta: inputs.beta,
            beta_f_per_site: weights.beta_f.value / sites,
            beta_f_per_site_error: weights.beta_f.error / sites,
            energy_per_site: energy.value / sites,
            energy_per_site_error: energy.error / sites,
            ess: weights.ess.value,
            kl: exact.map(|ln_z| weights.beta_f.value + ln_z),
            gradient_norm: snapshot.gradient_norm,
            learning_rate: inputs.learning_rate,
            elapsed_s,
            configurations_per_s,
        };
        (metrics, exact.map(|ln_z| -ln_z / sites))
    }

    fn save(&mut self, step: u32) -> Result<()> {
        let read = |tensor, backend: &mut dyn Backend| -> Result<Vec<f32>> {
            Ok(backend.read(tensor)?.into_iter().map(|value| value as f32).collect())
        };
        let checkpoint = Checkpoint {
            step,
            seed: self.config.seed,
            beta: self.config.beta,
            parameters: read(Tensor::Parameters, self.backend)?,
            first_moment: read(Tensor::FirstMoment, self.backend)?,
            second_moment: read(Tensor::SecondMoment, self.backend)?,
        };
        let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
        if ![&checkpoint.parameters, &checkpoint.first_moment, &checkpoint.second_moment]
            .iter()
            .all(|v| finite(v))
        {
            return Err(self.diagnose(step));
        }
        self.folder.save_checkpoint(&checkpoint, self.backend.model())?;
        self.checkpoint_step = step;
        Ok(())
    }

    /// Finds the level that is not finite. The parameters are still those of the bad step: Adam has skipped all since.
    fn diagnose(&mut self, step: u32) -> Error {
        let found = find_not_finite(self.backend);
        match found {
            Ok((level, what)) => {
                let geometry = &self.backend.model().hierarchy.levels[level];
                Error::NotFinite {
                    step: step.into(),
                    level,
                    level_name: format!("{} of side {}", geometry.name, geometry.side),
                    what,
                    checkpoint_step: self.checkpoint_step.into(),
                }
            }
            Err(error) => error,
        }
    }
}

fn find_not_finite(backend: &mut dyn Backend) -> Result<(usize, &'static str)> {
    let batch = backend.batch();
    let parameters = backend.read(Tensor::Parameters)?;
    let ln_q = backend.read(Tensor::LnQ)?;
    let gradient = backend.read(Tensor::Gradient)?;
    let model = backend.model();
    let bad = |values: &[f64]| values.iter().any(|value| !value.is_finite());
    let level_of = |values: &[f64]| {
        let mut nets = model.nets();
        nets.find(|(k, net, _)| bad(&values[model.levels[*k].offset..][..net.parameters()])).map(|(k, ..)| k)
    };
    let rows =
        |k: usize| model.hierarchy.blocks_before(k) * batch..model.hierarchy.blocks_before(k + 1) * batch;
    let by_ln_q = || model.nets().find(|(k, ..)| bad(&ln_q[rows(*k)])).map(|(k, ..)| (k, "ln q"));
    Ok(level_of(&parameters)
        .map(|k| (k, "a parameter"))
        .or_else(by_ln_q)
        .or_else(|| level_of(&gradient).map(|k| (k, "the gradient")))
        .unwrap_or((0, "the gradient")))
}

fn inputs(config: &Config, model: &Model, step: u32) -> Inputs {
    let beta = config.beta_at(step);
    Inputs {
        seed: config.seed,
        step,
        first_configuration: 0,
        beta,
        reward_per_site: reward_per_site(model, beta),
        learning_rate: config.learning_rate_at(step),
        adam: config.adam(),
        chunk: Chunk::WHOLE,
    }
}

/// What a chunk runs of a step's kernels: Adam, the last of them, waits for the complete gradient.
fn of_chunk(kernels: &[Kernel], chunk: Chunk) -> &[Kernel] {
    match kernels.split_last() {
        Some((Kernel::Adam, others)) if !chunk.is_last() => others,
        _ => kernels,
    }
}

/// Lists of kernels that steps are made of.
struct Lists {
    reverse: Vec<Kernel>,
    forward: Vec<Kernel>,
    /// Samples with their rewards.
    rewards: Vec<Kernel>,
    completion: Vec<Kernel>,
}

impl Lists {
    fn new(config: &Config, model: &Model) -> Self {
        let mut rewards = schedule::sampling(model, false);
        rewards.extend(schedule::rewards(model));
        Self {
            reverse: schedule::training_step(model, config.baseline),
            forward: schedule::likelihood_step(model),
            rewards,
            completion: schedule::completion(model),
        }
    }
}

/// Configurations to learn from, if steps to come ask for them.
fn pool(config: &Config, model: &Model, done: u32) -> Option<Pool> {
    let draw = || Pool::new(model.torus, model.interaction, config.beta, config.pool, config.seed);
    (done + 1..=config.steps).any(|step| config.is_forward(step)).then(draw)
}

/// Seconds of training and rates, immune to changes of the system clock.
struct Clock {
    start: Instant,
    before: f64,
    last_step: u32,
    last: f64,
}

impl Clock {
    fn elapsed(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }

    fn lap(&mut self, step: u32, batch: usize) -> (f64, f64) {
        let now = self.start.elapsed().as_secs_f64();
        let configurations = f64::from(step - self.last_step) * batch as f64;
        let rate = configurations / (now - self.last).max(1e-9);
        (self.last, self.last_step) = (now, step);
        (self.before + now, rate)
    }
}
