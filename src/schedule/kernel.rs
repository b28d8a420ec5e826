//! The kernels by name. `shaders/NAME.wgsl` and `src/cpu/NAME.rs` implement each one, but for `unpack_spins`, which only a GPU needs.

use crate::lattice::System;
use serde::Serialize;

/// One operation on a backend's state: one dispatch on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the field is the hierarchy level, the hidden layer or the colour everywhere")]
pub enum Kernel {
    /// Draws all blocks of a level from its net; keeps inputs, hidden state and logits; writes ln q per block.
    SampleLevel { level: usize },
    /// As `SampleLevel`, for spins that are given.
    EvaluateLevel { level: usize },
    /// Draws the last level's spins.
    SampleHeatBath { level: usize },
    /// ln q of the last level's given spins.
    EvaluateHeatBath { level: usize },
    /// Reward of the last level with its spins summed out.
    HeatBathFreeEnergy { level: usize },
    /// Draws the interiors of the last level's exact squares.
    SampleSquare { level: usize },
    /// ln q of the given interiors of exact squares.
    EvaluateSquare { level: usize },
    /// Reward of exact squares with their interiors summed out.
    SquareFreeEnergy { level: usize },
    /// Owned bond sums and spin sums of every block of a level, as integers.
    Energy { level: usize },
    /// Sums of those over all blocks of a configuration.
    ConfigurationEnergy,
    /// `beta E_own + ln q_own + rewards of the children` for every block of a level.
    Reward { level: usize },
    /// Batch mean of the root rewards.
    Baseline,
    /// Advantage of every block: root reward less that mean.
    Advantage,
    /// Advantage for the likelihood of given configurations.
    Likelihood,
    /// Sums of products of what a level's rewards are regressed on.
    Moments { level: usize },
    /// Coefficients of that regression.
    Regression { level: usize },
    /// Advantage of a level's blocks: their reward less the regression's prediction.
    Residual { level: usize },
    /// Gradient with respect to logits, in place of the logits.
    BackwardOutput { level: usize },
    /// Gradient with respect to the activations of a hidden layer.
    BackwardHidden { level: usize, layer: usize },
    /// Partial gradients of the PReLU slopes of a level; turns gradients with respect to activations into those with respect
    /// to pre-activations.
    BackwardSlope { level: usize },
    /// Partial gradients of all weights and biases of a level, once errors are those of pre-activations.
    BackwardWeights { level: usize },
    /// Sums the partial gradients of a level, in a fixed order.
    GradientSum { level: usize },
    /// Norm of the gradient, not finite if a parameter is not; remembers the first step at which that was so.
    GradientNorm,
    /// Adam on the flat parameter buffer; skipped from the first gradient that is not finite on.
    Adam,
    /// Sums of rows, columns and products of spins at every distance, as integers.
    Observables,
    /// Spins from the bits that [`Backend::write_spins`](crate::backend::Backend::write_spins) brings to a GPU; the CPU keeps bytes and has nothing to do.
    UnpackSpins,
    /// Metropolis updates of the spins of one colour of the checkerboard, 0 or 1.
    Metropolis { colour: u32 },
}

impl Kernel {
    /// Name of its shader and of its CPU twin.
    pub fn name(self) -> &'static str {
        match self {
            Self::SampleLevel { .. } => "sample_level",
            Self::EvaluateLevel { .. } => "evaluate_level",
            Self::SampleHeatBath { .. } => "sample_heat_bath",
            Self::EvaluateHeatBath { .. } => "evaluate_heat_bath",
            Self::HeatBathFreeEnergy { .. } => "heat_bath_free_energy",
            Self::SampleSquare { .. } => "sample_square",
            Self::EvaluateSquare { .. } => "evaluate_square",
            Self::SquareFreeEnergy { .. } => "square_free_energy",
            Self::Energy { .. } => "energy",
            Self::ConfigurationEnergy => "configuration_energy",
            Self::Reward { .. } => "reward",
            Self::Baseline => "baseline",
            Self::Advantage => "advantage",
            Self::Likelihood => "likelihood",
            Self::Moments { .. } => "moments",
            Self::Regression { .. } => "regression",
            Self::Residual { .. } => "residual",
            Self::BackwardOutput { .. } => "backward_output",
            Self::BackwardHidden { .. } => "backward_hidden",
            Self::BackwardWeights { .. } => "backward_weights",
            Self::BackwardSlope { .. } => "backward_slope",
            Self::GradientSum { .. } => "gradient_sum",
            Self::GradientNorm => "gradient_norm",
            Self::Adam => "adam",
            Self::Observables => "observables",
            Self::UnpackSpins => "unpack_spins",
            Self::Metropolis { .. } => "metropolis",
        }
    }

    /// The hierarchy level it works on, if it works on one.
    pub fn level(self) -> Option<usize> {
        match self {
            Self::SampleLevel { level }
            | Self::EvaluateLevel { level }
            | Self::SampleHeatBath { level }
            | Self::EvaluateHeatBath { level }
            | Self::HeatBathFreeEnergy { level }
            | Self::SampleSquare { level }
            | Self::EvaluateSquare { level }
            | Self::SquareFreeEnergy { level }
            | Self::Energy { level }
            | Self::Reward { level }
            | Self::Moments { level }
            | Self::Regression { level }
            | Self::Residual { level }
            | Self::BackwardOutput { level }
            | Self::BackwardHidden { level, .. }
            | Self::BackwardWeights { level }
            | Self::BackwardSlope { level }
            | Self::GradientSum { level } => Some(level),
            Self::ConfigurationEnergy
            | Self::Baseline
            | Self::Advantage
            | Self::Likelihood
            | Self::GradientNorm
            | Self::Adam
            | Self::Observables
            | Self::UnpackSpins
            | Self::Metropolis { .. } => None,
        }
    }

    /// What it is for in a training step.
    pub fn phase(self) -> Phase {
        match self {
            Self::SampleLevel { .. }
            | Self::EvaluateLevel { .. }
            | Self::SampleHeatBath { .. }
            | Self::EvaluateHeatBath { .. }
            | Self::HeatBathFreeEnergy { .. }
            | Self::SampleSquare { .. }
            | Self::EvaluateSquare { .. }
            | Self::SquareFreeEnergy { .. }
            | Self::UnpackSpins
            | Self::Metropolis { .. } => Phase::Sample,
            Self::Energy { .. }
            | Self::ConfigurationEnergy
            | Self::Observables
            | Self::Reward { .. }
            | Self::Baseline
            | Self::Advantage
            | Self::Likelihood
            | Self::Moments { .. }
            | Self::Regression { .. }
            | Self::Residual { .. } => Phase::Reward,
            Self::BackwardOutput { .. }
            | Self::BackwardHidden { .. }
            | Self::BackwardWeights { .. }
            | Self::BackwardSlope { .. }
            | Self::GradientSum { .. } => Phase::Backward,
            Self::GradientNorm | Self::Adam => Phase::Optimise,
        }
    }

    /// Whether it draws spins.
    pub fn draws(self) -> bool {
        matches!(self, Self::SampleLevel { .. } | Self::SampleHeatBath { .. } | Self::SampleSquare { .. })
    }
}

/// Part of a training step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Drawing or summing out spins, with ln q.
    Sample,
    /// Energies, rewards, advantages.
    Reward,
    /// The gradient.
    Backward,
    /// The new parameters.
    Optimise,
}

impl Phase {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Reward => "reward",
            Self::Backward => "backward",
            Self::Optimise => "optimise",
        }
    }
}

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
    /// A multiple of 2^-12 near `beta |J|`.
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
        adam: Adam { beta1: 0.0, beta2: 0.0, epsilon: 1.0, clip: 0.0, scale_rate: false },
        chunk: Chunk::WHOLE,
    };

    /// How [`Inputs::reward_per_site`] is shared out.
    pub fn reward_shift(&self, system: &System) -> RewardShift {
        let per_bond = ((self.beta * system.interaction.coupling).abs() * 4096.0).round() / 4096.0;
        let of_bonds = system.lattice.bonds_per_site() as f64 * per_bond;
        RewardShift { per_bond, per_site: f64::from(self.reward_per_site) - of_bonds }
    }

    /// `1 / (1 - beta1^step)` and `1 / (1 - beta2^step)`.
    pub fn bias_corrections(&self) -> [f64; 2] {
        [self.adam.beta1, self.adam.beta2].map(|beta| 1.0 / (1.0 - beta.powf(f64::from(self.step))))
    }
}
