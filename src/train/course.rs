//! The course of a training run: what each step runs, and the rows of metrics that come of it.

use super::diagnosis::diagnose;
use super::executor::Executor;
use super::metrics::{Clock, row};
use super::rows::Rows;
use super::step::{Lists, inputs, of_chunk, parts};
use crate::backend::{Backend, Snapshot, Tensor};
use crate::conditional::Model;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::io::{Checkpoint, Metrics, Stamp};
use crate::lattice::Ensemble;
use crate::mc::{Pool, Stage};
use crate::ranks::Ranks;
use crate::schedule::{Inputs, Kernel};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// All of a training run but its device, which every method is given: a backend that is trained on, or one that the steps
/// are recorded for.
#[derive(Debug)]
pub(crate) struct Course {
    /// Settings, with the changes that the steps to come are to follow.
    pub(crate) config: Config,
    model: Arc<Model>,
    lists: Lists,
    /// Configurations to learn from, from the first step on that asks for them.
    pool: Option<Pool>,
    /// Configurations on the device at a time.
    chunk: usize,
    /// Chunks of every batch that this rank does; all of them where it is alone.
    own_chunks: Range<usize>,
    step: u32,
    /// The last step whose state was handed out: that is where a run that diverges goes back to.
    kept_step: u32,
    rows: Rows,
}

impl Course {
    /// Puts the state of a checkpoint on the backend, for a rank's part of every batch. The clock starts.
    pub(crate) fn new(
        config: Config,
        backend: &mut dyn Backend,
        start: Checkpoint,
        ranks: &Ranks,
    ) -> Result<Self> {
        config.check()?;
        let (model, chunk) = (backend.model().clone(), backend.batch());
        if !config.batch.is_multiple_of(chunk) {
            let expected = format!("it must be a multiple of the backend's {chunk}");
            return Err(Error::setting("batch", config.batch, expected));
        }
        let own_chunks = ranks.share(config.batch / chunk)?;
        start.fits(&model)?;
        let step = start.step;
        // Each is dropped when it is on the device.
        for (tensor, values) in [
            (Tensor::Parameters, start.parameters),
            (Tensor::FirstMoment, start.first_moment),
            (Tensor::SecondMoment, start.second_moment),
        ] {
            backend.write(tensor, &values)?;
        }
        let rows = Rows::new(Clock::new(0.0, step), config.batch / chunk);
        let lists = Lists::new(&config, &model);
        Ok(Self { config, model, lists, pool: None, chunk, own_chunks, step, kept_step: step, rows })
    }

    /// Hands the next step to `executor`: all parts of its batch that are this rank's, of which the last one updates the parameters. Metrics are
    /// always those of the network's own samples before that.
    pub(crate) fn step(&mut self, executor: &mut (impl Executor + ?Sized)) -> Result<()> {
        self.step += 1;
        let whole = inputs(&self.config, &self.model, self.step);
        let given = self.given()?;
        let due = self.is_due() && executor.has_room_for_snapshots(self.own_chunks.len());
        let all = parts(whole, self.config.batch, self.chunk);
        for part in all.skip(self.own_chunks.start).take(self.own_chunks.len()) {
            match &given {
                Some(spins) => {
                    let first = part.first_configuration as usize * self.model.hierarchy.sites;
                    executor.write_spins(&spins[first..][..self.chunk * self.model.hierarchy.sites])?;
                    self.learn(executor, &part, due)?;
                }
                None => {
                    executor.run(of_chunk(&self.lists.reverse, self.is_last(&part)), &part)?;
                    if due {
                        executor.run(&self.lists.completion, &part)?;
                    }
                }
            }
            if due {
                executor.request_snapshot(self.step)?;
            }
        }
        // The first rank gets the snapshots of all.
        if due && self.own_chunks.start == 0 {
            self.rows.expect(whole);
        }
        Ok(())
    }

    /// Whether a part of a step is the last one here.
    fn is_last(&self, part: &Inputs) -> bool {
        part.chunk.index as usize + 1 == self.own_chunks.end
    }

    /// A part of a step on given configurations.
    fn learn(&self, executor: &mut (impl Executor + ?Sized), part: &Inputs, due: bool) -> Result<()> {
        let kernels = of_chunk(&self.lists.forward, self.is_last(part));
        if !due {
            return executor.run(kernels, part);
        }
        // The network draws samples of its own after the gradient, which they leave alone, and before Adam.
        let (gradient, adam) = kernels.split_at(kernels.partition_point(|kernel| *kernel != Kernel::Adam));
        for kernels in [gradient, &self.lists.rewards, &self.lists.completion, adam] {
            executor.run(kernels, part)?;
        }
        Ok(())
    }

    /// The batch that the step learns from, `[batch][sites]`, unless it is one on the network's own samples.
    fn given(&mut self) -> Result<Option<Vec<i8>>> {
        let batch = self.config.batch;
        if !self.config.is_forward(self.step) {
            return Ok(None);
        }
        self.draw_pool(&mut |_| ControlFlow::Continue(()))?;
        Ok(self.pool.as_ref().map(|pool| pool.batch(batch, self.step)))
    }

    /// Whether the next step learns from configurations that are still to be drawn.
    pub(crate) fn lacks_pool(&self) -> bool {
        self.pool.is_none() && self.config.is_forward(self.step + 1)
    }

    /// Draws the configurations to learn from, if there are none yet. The time that this takes is none of training.
    pub(crate) fn draw_pool(&mut self, observe: &mut dyn FnMut(Stage) -> ControlFlow<()>) -> Result<()> {
        if self.pool.is_some() {
            return Ok(());
        }
        let Config { beta, pool, seed, .. } = self.config;
        let ensemble = Ensemble { system: self.model.system.clone(), beta };
        let elapsed_s = self.elapsed_s();
        self.pool = Some(Pool::watched(&ensemble, pool, seed, observe)?);
        self.continue_clock(elapsed_s);
        Ok(())
    }

    /// Whether the step gets a row of metrics.
    fn is_due(&self) -> bool {
        self.step.is_multiple_of(self.config.metrics_every) || self.step == self.config.steps
    }

    /// Kernels of the steps on the network's own samples, list by list.
    pub(crate) fn reverse_lists(&self) -> [&[Kernel]; 2] {
        [&self.lists.reverse, &self.lists.completion]
    }

    /// Takes snapshots that have come back, in the order in which they were asked for.
    pub(crate) fn arrive(&mut self, snapshots: Vec<Snapshot>) {
        self.rows.arrive(snapshots);
    }

    /// Whether [`Course::next_row`] has nothing to look at.
    pub(crate) fn is_up_to_date(&self) -> bool {
        self.rows.is_empty()
    }

    /// The next row that the snapshots so far make. A gradient that was not finite is an error, which reads the state of
    /// the backend to name the level.
    pub(crate) fn next_row(&mut self, backend: &mut dyn Backend) -> Result<Option<Metrics>> {
        while let Some(snapshot) = self.rows.next() {
            if let Some(step) = snapshot.first_bad_step {
                return Err(diagnose(backend, step, self.kept_step));
            }
            if let Some((inputs, snapshot)) = self.rows.join(snapshot) {
                return Ok(Some(row(&inputs, &self.model, &snapshot, &mut self.rows.clock)));
            }
        }
        Ok(None)
    }

    /// Lets `keep` read parameters and moments, which waits for the device. Arrays that are not finite are an error; otherwise
    /// the step is from now on the one that a run that diverges goes back to.
    pub(crate) fn save<T>(
        &mut self,
        backend: &mut dyn Backend,
        keep: impl FnOnce(Stamp, &mut dyn FnMut(Tensor) -> Result<Vec<f32>>) -> Result<T>,
    ) -> Result<T> {
        let (step, kept_step) = (self.step, self.kept_step);
        let kept = keep(Stamp::new(&self.config, step), &mut |tensor| {
            let values = backend.read_f32(tensor)?;
            match values.iter().all(|value| value.is_finite()) {
                true => Ok(values),
                false => Err(diagnose(backend, step, kept_step)),
            }
        })?;
        self.kept_step = step;
        Ok(kept)
    }

    /// The stamp of the state after the steps handed out so far.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp::new(&self.config, self.step)
    }

    /// The checkpoint of a stamp and the arrays that were copied then, parameters and both moments. Those that are not finite are an error, as
    /// in [`Course::save`].
    pub(crate) fn kept(
        &mut self,
        backend: &mut dyn Backend,
        stamp: Stamp,
        arrays: Vec<Vec<f32>>,
    ) -> Result<Checkpoint> {
        let step = stamp.step;
        let mut arrays = arrays.into_iter();
        let kept = Checkpoint::read(stamp, &mut |_| match arrays.next() {
            Some(values) if values.iter().all(|value| value.is_finite()) => Ok(values),
            _ => Err(diagnose(backend, step, self.kept_step)),
        })?;
        self.kept_step = step;
        Ok(kept)
    }

    /// Steps handed out so far, those before the start included.
    pub(crate) fn steps_done(&self) -> u32 {
        self.step
    }

    /// Seconds of training so far.
    pub(crate) fn elapsed_s(&self) -> f64 {
        self.rows.clock.elapsed()
    }

    /// Starts the clock anew, after so many seconds of training.
    pub(crate) fn continue_clock(&mut self, seconds: f64) {
        self.rows.clock = Clock::new(seconds, self.step);
    }
}
