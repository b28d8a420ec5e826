//! Rows of metrics from what steps tell about themselves.

use crate::backend::Snapshot;
use crate::clock::Instant;
use crate::conditional::Model;
use crate::estimate::{Estimate, importance};
use crate::exact;
use crate::io::Metrics;
use crate::schedule::Inputs;

/// The row of a step that was told `inputs`.
pub(super) fn row(inputs: &Inputs, model: &Model, snapshot: &Snapshot, clock: &mut Clock) -> Metrics {
    let sites = model.system.lattice.sites() as f64;
    let shift = f64::from(inputs.reward_per_site) * sites;
    let ln_w: Vec<f64> = snapshot.rewards.iter().map(|reward| shift - reward).collect();
    let weights = importance(&ln_w);
    let energy = Estimate::mean(&snapshot.energies(model.system.interaction).collect::<Vec<_>>());
    let exact = exact::ln_z_at_hand(&model.system, inputs.beta);
    let (elapsed_s, configurations_per_s) = clock.lap(snapshot.step, snapshot.rewards.len());
    Metrics {
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
    }
}

/// Seconds of training and rates, immune to changes of the system clock.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    before: f64,
    last_step: u32,
    last: f64,
}

impl Clock {
    /// Starts after `step` steps that took `before` seconds.
    pub(super) fn new(before: f64, step: u32) -> Self {
        Self { start: Instant::now(), before, last_step: step, last: 0.0 }
    }

    pub(super) fn elapsed(&self) -> f64 {
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
