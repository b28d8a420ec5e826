//! What one training step runs.

use crate::conditional::Model;
use crate::config::Config;
use crate::sample::reward_per_site;
use crate::schedule::{self, Chunk, Inputs, Kernel};

/// Lists of kernels that steps are made of.
#[derive(Debug)]
pub(super) struct Lists {
    pub(super) reverse: Vec<Kernel>,
    pub(super) forward: Vec<Kernel>,
    /// Samples with their rewards.
    pub(super) rewards: Vec<Kernel>,
    pub(super) completion: Vec<Kernel>,
}

impl Lists {
    pub(super) fn new(config: &Config, model: &Model) -> Self {
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

/// What a step's kernels are told: a pure function of the settings and the step.
pub(super) fn inputs(config: &Config, model: &Model, step: u32) -> Inputs {
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

/// The inputs of each part of a step, where `chunk` configurations of its batch go through the device at a time.
pub(crate) fn parts(whole: Inputs, batch: usize, chunk: usize) -> impl Iterator<Item = Inputs> {
    let (count, chunk) = ((batch / chunk) as u32, chunk as u32);
    (0..count).map(move |index| Inputs {
        chunk: Chunk { index, count },
        first_configuration: index * chunk,
        ..whole
    })
}

/// What a chunk runs of a step's kernels: Adam, the last of them, waits for the complete gradient.
pub(crate) fn of_chunk(kernels: &[Kernel], is_last: bool) -> &[Kernel] {
    match kernels.split_last() {
        Some((Kernel::Adam, others)) if !is_last => others,
        _ => kernels,
    }
}
