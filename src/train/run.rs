//! The training loop.

use super::diagnosis::diagnose;
use super::evaluation::evaluate;
use super::metrics::{Clock, row};
use super::step::{Lists, inputs, of_chunk};
use crate::backend::{Backend, Snapshot, Tensor};
use crate::conditional::Model;
use crate::config::Config;
use crate::error::Result;
use crate::io::{Checkpoint, Metrics, MetricsWriter, RunFolder, Stamp, Summary};
use crate::lattice::Ensemble;
use crate::mc::Pool;
use crate::schedule::{Chunk, Inputs, Kernel};
use std::ops::ControlFlow;

/// What the loop tells while it runs.
#[derive(Debug)]
#[non_exhaustive]
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
/// When the checkpoint is of a run with other settings of training, the device fails, a file cannot be written, or NaN or infinity appears; the last checkpoint is then still good.
pub fn train(
    config: &Config,
    backend: &mut dyn Backend,
    folder: &RunFolder,
    start: Checkpoint,
    observe: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Option<Summary>> {
    start.check_training(config, folder.path())?;
    let done = start.step;
    // Each is dropped when it is on the device.
    for (tensor, values) in [
        (Tensor::Parameters, start.parameters),
        (Tensor::FirstMoment, start.first_moment),
        (Tensor::SecondMoment, start.second_moment),
    ] {
        backend.write(tensor, &values)?;
    }
    let table = folder.metrics_after(done)?;
    let clock = Clock::new(table.elapsed_s(), done);
    let mut run = Run {
        config,
        lists: Lists::new(config, backend.model()),
        pool: pool(config, backend.model(), done)?,
        backend,
        folder,
        table,
        clock,
        checkpoint_step: done,
        parts: Vec::new(),
        last_row: None,
    };
    if run.steps(done, observe)?.is_break() {
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

    /// All chunks of one step; the last one updates the parameters. Metrics are always those of the network's own samples
    /// before that.
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
                None => {
                    self.backend.run(of_chunk(&self.lists.reverse, inputs.chunk), &inputs)?;
                    if self.is_due(step) {
                        self.backend.run(&self.lists.completion, &inputs)?;
                    }
                }
            }
            if self.is_due(step) {
                self.backend.request_snapshot(step)?;
            }
        }
        Ok(())
    }

    /// A chunk of a step on given configurations.
    fn learn(&mut self, spins: &[i8], inputs: &Inputs) -> Result<()> {
        self.backend.write_spins(spins)?;
        let kernels = of_chunk(&self.lists.forward, inputs.chunk);
        if !self.is_due(inputs.step) {
            return self.backend.run(kernels, inputs);
        }
        // The network draws samples of its own after the gradient, which they leave alone, and before Adam.
        let (gradient, adam) = kernels.split_at(kernels.partition_point(|kernel| *kernel != Kernel::Adam));
        for kernels in [gradient, &self.lists.rewards, &self.lists.completion, adam] {
            self.backend.run(kernels, inputs)?;
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
                return Err(diagnose(self.backend, step, self.checkpoint_step));
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
            let model = self.backend.model();
            let (metrics, exact) =
                row(&inputs(self.config, model, snapshot.step), model, &snapshot, &mut self.clock);
            self.table.push(&metrics)?;
            let _ = observe(Event::Metrics(&metrics, exact));
        }
        Ok(())
    }

    fn save(&mut self, step: u32) -> Result<()> {
        let Self { backend, checkpoint_step, .. } = self;
        let model = backend.model().clone();
        self.folder.save_checkpoint(&model, &Stamp::new(self.config, step), |tensor| {
            let values = backend.read_f32(tensor)?;
            match values.iter().all(|value| value.is_finite()) {
                true => Ok(values),
                false => Err(diagnose(*backend, step, *checkpoint_step)),
            }
        })?;
        self.checkpoint_step = step;
        Ok(())
    }
}

/// Configurations to learn from, if steps to come ask for them.
fn pool(config: &Config, model: &Model, done: u32) -> Result<Option<Pool>> {
    let ensemble = Ensemble { system: model.system.clone(), beta: config.beta };
    let draw = || Pool::new(&ensemble, config.pool, config.seed);
    (done + 1..=config.steps).any(|step| config.is_forward(step)).then(draw).transpose()
}
