//! A training run in its folder: the folder gets what the trainer gives.

use super::evaluation::evaluate;
use super::trainer::Trainer;
use crate::backend::Backend;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::exact;
use crate::io::{Checkpoint, Metrics, MetricsWriter, RunFolder, Summary};
use crate::mc::Stage;
use crate::ranks::Ranks;
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
    train_on_ranks(&Ranks::alone(), config, backend, Some(folder), start, observe)
}

/// As [`train`], on all ranks of a job together ([`Trainer::on_ranks`]). The first rank has the folder, the rows of metrics and the summary; the
/// others have none of them. Where `observe` breaks on any rank, all stop after the same step.
///
/// # Errors
/// As [`train`], and when the ranks cannot have equally many chunks of the batch. The other ranks then wait for this one: end the job
/// ([`Ranks::abort`]).
pub fn train_on_ranks(
    ranks: &Ranks,
    config: &Config,
    backend: &mut dyn Backend,
    folder: Option<&RunFolder>,
    start: Checkpoint,
    observe: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Option<Summary>> {
    if let Some(folder) = folder {
        start.check_training(config, folder.path())?;
    }
    let mut trainer = Trainer::on_ranks(ranks, config, &mut *backend, start)?;
    // A lattice that is solved in seconds is solved before the clock starts; the solution is kept.
    let _ = exact::ln_z(&trainer.model().system, config.beta);
    let table = folder.map(|folder| folder.metrics_after(trainer.steps_done())).transpose()?;
    if let Some(table) = &table {
        // A finished run whose table is lost keeps the time that its summary tells.
        let earlier = folder.and_then(|folder| folder.summary()?.get("elapsed_s")?.as_f64());
        trainer.continue_clock(table.elapsed_s().max(earlier.unwrap_or_default()));
    }
    let files = folder.zip(table).map(|(folder, table)| Files { folder, table });
    let mut run = Run { trainer, ranks, files, observe: &mut *observe };
    if run.steps()?.is_break() {
        return Ok(None);
    }
    let elapsed_s = run.trainer.elapsed_s();
    let summary = match evaluate(ranks, config, backend, elapsed_s, observe) {
        Err(Error::Stopped) => None,
        summary => summary?,
    };
    if let (Some(folder), Some(summary)) = (folder, &summary) {
        folder.write_summary(summary)?;
    }
    Ok(summary)
}

/// The files that the first rank writes while it trains.
struct Files<'a> {
    folder: &'a RunFolder,
    table: MetricsWriter,
}

struct Run<'a> {
    trainer: Trainer<'a>,
    ranks: &'a Ranks,
    files: Option<Files<'a>>,
    observe: &'a mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
}

impl Run<'_> {
    fn steps(&mut self) -> Result<ControlFlow<()>> {
        let (steps, checkpoint_every) = (self.trainer.config().steps, self.trainer.config().checkpoint_every);
        while self.trainer.steps_done() < steps {
            if self.trainer.lacks_configurations() && self.draw_configurations()?.is_break() {
                // Nothing has been learned since the last checkpoint.
                return Ok(ControlFlow::Break(()));
            }
            self.trainer.step()?;
            let step = self.trainer.steps_done();
            self.write_rows()?;
            let stop = self.ranks.any((self.observe)(Event::Step(step)).is_break());
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

    /// Every rank draws the same ones. They stop together, after the last of them has drawn its own.
    fn draw_configurations(&mut self) -> Result<ControlFlow<()>> {
        let drawn = self.trainer.draw_configurations(&mut |stage| (self.observe)(Event::MonteCarlo(stage)));
        let is_stopped = matches!(drawn, Err(Error::Stopped));
        if !is_stopped {
            drawn?;
        }
        Ok(if self.ranks.any(is_stopped) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn write_rows(&mut self) -> Result<()> {
        while let Some(row) = self.trainer.next_row()? {
            if let Some(files) = &mut self.files {
                files.table.push(&row)?;
            }
            let _ = (self.observe)(Event::Metrics(&row));
        }
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        let Some(Files { folder, .. }) = &self.files else { return Ok(()) };
        let model = self.trainer.model().clone();
        self.trainer.save(|stamp, read| folder.save_checkpoint(&model, &stamp, read))
    }
}
