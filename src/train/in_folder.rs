//! A training run in its folder: the folder gets what the trainer gives.

use super::evaluation::evaluate;
use super::trainer::Trainer;
use crate::backend::Backend;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::exact;
use crate::io::{Checkpoint, Metrics, MetricsWriter, RunFolder, Summary};
use crate::mc::Stage;
use std::ops::ControlFlow;

/// What the loop tells while it runs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Steps submitted to the device so far.
    Step(u32),
    /// A new row of metrics.
    Metrics(&'a Metrics),
    /// A checkpoint was written.
    Checkpoint(u32),
    /// Samples of the closing evaluation drawn so far.
    Evaluated(usize),
    /// The closing check begins, with so many configurations by Monte Carlo.
    Checking(usize),
    /// How far the Monte Carlo is that draws configurations, to learn from before the first step or for the closing check.
    MonteCarlo(Stage),
}

/// Trains a network in its folder from a checkpoint on, and evaluates it: a [`Trainer`] whose rows go to `metrics.csv`, whose
/// state goes to the checkpoint, and whose end is `summary.json`.
///
/// `observe` may break after [`Event::Step`], a checkpoint is then written, and after [`Event::Evaluated`] and [`Event::MonteCarlo`]; what is returned
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
    let mut trainer = Trainer::from_checkpoint(config, &mut *backend, start)?;
    // A lattice that is solved in seconds is solved before the clock starts; the solution is kept.
    let _ = exact::ln_z(&trainer.model().system, config.beta);
    let table = folder.metrics_after(trainer.steps_done())?;
    // A finished run whose table is lost keeps the time that its summary tells.
    let earlier = folder.summary().and_then(|summary| summary.get("elapsed_s")?.as_f64());
    trainer.continue_clock(table.elapsed_s().max(earlier.unwrap_or_default()));
    let mut run = Run { trainer, folder, table, observe: &mut *observe };
    if run.steps()?.is_break() {
        return Ok(None);
    }
    let elapsed_s = run.trainer.elapsed_s();
    let summary = match evaluate(config, backend, elapsed_s, observe) {
        Err(Error::Stopped) => None,
        summary => summary?,
    };
    if let Some(summary) = &summary {
        folder.write_summary(summary)?;
    }
    Ok(summary)
}

struct Run<'a> {
    trainer: Trainer<'a>,
    folder: &'a RunFolder,
    table: MetricsWriter,
    observe: &'a mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
}

impl Run<'_> {
    fn steps(&mut self) -> Result<ControlFlow<()>> {
        let (steps, checkpoint_every) = (self.trainer.config().steps, self.trainer.config().checkpoint_every);
        while self.trainer.steps_done() < steps {
            match self.trainer.draw_configurations(&mut |stage| (self.observe)(Event::MonteCarlo(stage))) {
                // Nothing has been learned since the last checkpoint.
                Err(Error::Stopped) => return Ok(ControlFlow::Break(())),
                drawn => drawn?,
            }
            self.trainer.step()?;
            let step = self.trainer.steps_done();
            self.write_rows()?;
            let stop = (self.observe)(Event::Step(step)).is_break();
            let last = step == steps;
            if step.is_multiple_of(checkpoint_every) || last || stop {
                // Whatever the interval of metrics, a checkpoint is only written after a look at the device's state.
                self.trainer.finish()?;
                self.write_rows()?;
                self.save()?;
                let _ = (self.observe)(Event::Checkpoint(step));
            }
            if stop && !last {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn write_rows(&mut self) -> Result<()> {
        while let Some(row) = self.trainer.next_row()? {
            self.table.push(&row)?;
            let _ = (self.observe)(Event::Metrics(&row));
        }
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        let model = self.trainer.model().clone();
        self.trainer.save(|stamp, read| self.folder.save_checkpoint(&model, &stamp, read))
    }
}
