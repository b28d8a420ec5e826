//! What a step brings to its kernels.

use crate::lattice::System;

/// Columns of the regression of rewards: 1, thirteen features of the border, the rest of the configuration's reward, and
/// the reward itself.
pub const COLUMNS: usize = 16;

/// Constants of the Adam optimiser.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Largest gradient norm; longer gradients are scaled down. 0: no limit.
    pub clip: f64,
    /// Whether nets with many inputs learn at a lower rate ([`MaskedNet::rate_factor`](crate::conditional::MaskedNet::rate_factor)).
    pub scale_rate: bool,
    /// Learning rate of the linear terms of nets over that of their other parameters.
    pub skip_rate: f64,
}

/// What changes from one run of a kernel list to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inputs {
    /// Random seed.
    pub seed: u32,
    /// Training step from 1; 0 outside training.
    pub step: u32,
    /// Index of the batch's first configuration in the sample.
    pub first_configuration: u32,
    /// Inverse temperature.
    pub beta: f64,
    /// Added to rewards per site, so that they stay small and keep their digits in f32: about ln Z per site.
    pub reward_per_site: f32,
    /// Learning rate of this step.
    pub learning_rate: f64,
    /// Optimiser constants.
    pub adam: Adam,
    /// Which part of the step's batch this run is.
    pub chunk: Chunk,
}

/// One of several equal parts of a batch that go through the device one after the other. Their gradients are averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// 0 for the first, which overwrites the gradient of the step before.
    pub index: u32,
    /// Number of parts.
    pub count: u32,
}

impl Chunk {
    /// A batch in one piece.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Whether the gradient is complete after it.
    pub fn is_last(self) -> bool {
        self.index + 1 == self.count
    }
}

/// What is added to rewards, so that they stay near zero and keep their digits: for every bond what it is worth in order, for every site
/// the rest of [`Inputs::reward_per_site`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RewardShift {
    /// A multiple of 2^-12 near `beta |J|`, of the mean where bonds have their own.
    pub per_bond: f64,
    /// A multiple of 2^-12.
    pub per_site: f64,
}

impl RewardShift {
    /// Of a block.
    pub fn of(self, bonds: usize, sites: usize) -> f64 {
        self.per_bond * bonds as f64 + self.per_site * sites as f64
    }
}

impl Inputs {
    /// Inputs for sampling and evaluation, where no optimiser runs: seed, beta and all else 0, to be overwritten by name, as in
    /// `Inputs { seed: 1, beta: 0.44, ..Inputs::SAMPLING }`.
    pub const SAMPLING: Self = Self {
        seed: 0,
        step: 0,
        first_configuration: 0,
        beta: 0.0,
        reward_per_site: 0.0,
        learning_rate: 0.0,
        adam: Adam { beta1: 0.0, beta2: 0.0, epsilon: 1.0, clip: 0.0, scale_rate: false, skip_rate: 1.0 },
        chunk: Chunk::WHOLE,
    };

    /// How [`Inputs::reward_per_site`] is shared out.
    pub fn reward_shift(&self, system: &System) -> RewardShift {
        let lattice = system.lattice;
        // Where all sites are neighbours there is one block, and bonds are too many for their worth to be added without rounding.
        let worth = if lattice.is_spatial() { (self.beta * system.mean_coupling()).abs() } else { 0.0 };
        let per_bond = (worth * 4096.0).round() / 4096.0;
        let of_bonds = lattice.steps().len() as f64 * per_bond;
        RewardShift { per_bond, per_site: f64::from(self.reward_per_site) - of_bonds }
    }

    /// `1 / (1 - beta1^step)` and `1 / (1 - beta2^step)`.
    pub fn bias_corrections(&self) -> [f64; 2] {
        [self.adam.beta1, self.adam.beta2].map(|beta| 1.0 / (1.0 - beta.powf(f64::from(self.step))))
    }
}
