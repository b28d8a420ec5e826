//! The course of a run of a family: steps, rows of metrics, checkpoints, and an end on a signal.

use super::interrupt::{Interrupt, Stopped};
use super::progress::Progress;
use crate::io::{Family, FamilyFolder};
use std::time::{Duration, Instant};

/// Time between two looks at the progress.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A model that learns step by step.
pub(super) trait Learner<F: Family> {
    /// Steps done.
    fn steps_done(&self) -> u32;

    /// Learns up to so many steps, for as long as it is told to go on.
    fn advance(&mut self, steps: u32, go_on: impl Fn() -> bool + Send) -> crate::Result<()>;

    /// The state to go on from.
    fn state(&mut self) -> crate::Result<F::State>;

    /// A row of metrics after so many seconds.
    fn metrics(&mut self, elapsed_s: f64) -> crate::Result<F::Metrics>;

    /// The row in a few words, for progress.
    fn tell(metrics: &F::Metrics) -> String;
}

/// Steps of a run, and those from one row of metrics and from one checkpoint to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    pub(super) steps: u32,
    pub(super) metrics_every: u32,
    pub(super) checkpoint_every: u32,
}

/// Says so where a run has taken all its steps already, and how to have more; `train` is the command that began it.
pub(super) fn tell_of_the_end(done: u32, steps: u32, train: &str, next: &str) {
    if done >= steps {
        let steps_more = steps.saturating_mul(2);
        super::tell(&format!(
            "the run is finished at step {done} of {steps}, and these are its figures; to\nlearn longer, begin another with the same settings but:\n  han-gpu {train} --steps {steps_more} --out NEW\nnext: {next}"
        ));
    }
}

/// Learns to the end, or until the user stops it; the last metrics. `go_on` is the command that goes on.
pub(super) fn learn<F: Family, L: Learner<F>>(
    folder: &FamilyFolder<F>,
    settings: &F::Settings,
    course: Course,
    learner: &mut L,
    interrupt: &Interrupt,
    go_on: &str,
) -> anyhow::Result<F::Metrics> {
    let Course { steps, metrics_every, checkpoint_every } = course;
    interrupt.goes_on(&format!("go on with: {go_on}"));
    let mut table = folder.metrics_after(learner.steps_done())?;
    let (earlier, start) = (table.elapsed_s(), Instant::now());
    let elapsed = || earlier + start.elapsed().as_secs_f64();
    let mut progress = Progress::new("step", learner.steps_done().into(), steps.into());
    while learner.steps_done() < steps {
        let before = learner.steps_done();
        let left = |every: u32| every - before % every;
        let since = Instant::now();
        let may_go_on = || !interrupt.pressed() && since.elapsed() < LOOK_EVERY;
        learner.advance(left(metrics_every).min(left(checkpoint_every)).min(steps - before), may_go_on)?;
        let step = learner.steps_done();
        progress.advance(step.into());
        let is_finished = step >= steps;
        // A signal between two rows may leave no step to take.
        if step > before && (step.is_multiple_of(metrics_every) || is_finished) {
            let metrics = learner.metrics(elapsed())?;
            table.push(&metrics)?;
            progress.say(L::tell(&metrics));
        }
        let is_stopped = interrupt.pressed();
        if step.is_multiple_of(checkpoint_every) || is_finished || is_stopped {
            folder.save(settings, &learner.state()?)?;
        }
        if is_stopped && !is_finished {
            progress.finish();
            return Err(Stopped(format!("stopped at step {step}; go on with: {go_on}")).into());
        }
    }
    progress.finish();
    Ok(learner.metrics(elapsed())?)
}
