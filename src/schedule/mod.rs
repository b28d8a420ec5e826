//! The host scheduler: which kernels run, in which order, with what work. Pure data; both backends execute it.

mod cost;

pub use crate::kernels::{
    Adam, BoxShape, COLUMNS, Chunk, Exchange, Inputs, JobSize, Kernel, Loads, Phase, RewardShift, Shape,
};
pub use cost::{KernelCost, KernelPlan, LevelPlan, Plan, Rates};

use crate::conditional::{Conditional, Model};
use serde::{Deserialize, Serialize};

/// Kernels that draw configurations. With `bottom` every spin is drawn; without it a level whose spins can be
/// summed out is replaced by its free energy, as training does.
pub fn sampling(model: &Model, bottom: bool) -> Vec<Kernel> {
    let of_level = |(level, conditional): (usize, &Conditional)| match conditional.sum_out(level) {
        Some(sum_out) if !bottom => vec![sum_out],
        _ if conditional.is_mixture() => {
            vec![conditional.draw(level), Kernel::EvaluateImage { level }, Kernel::MixImages { level }]
        }
        _ => vec![conditional.draw(level)],
    };
    conditionals(model).flat_map(of_level).collect()
}

fn conditionals(model: &Model) -> impl Iterator<Item = (usize, &Conditional)> {
    model.levels.iter().map(|level| &level.conditional).enumerate()
}

/// Kernels that give the rewards of levels with their spins summed out, where that can be done: at the bottom, if there is one.
pub fn sum_out_bottom(model: &Model) -> Vec<Kernel> {
    conditionals(model).filter_map(|(level, conditional)| conditional.sum_out(level)).collect()
}

/// Kernels that draw the spins which [`sum_out_bottom`] sums out.
pub fn draw_bottom(model: &Model) -> Vec<Kernel> {
    let summed_out = conditionals(model).filter(|(level, conditional)| conditional.sum_out(*level).is_some());
    summed_out.map(|(level, conditional)| conditional.draw(level)).collect()
}

/// Kernels that compute ln q of given configurations, block by block.
pub fn evaluation(model: &Model) -> Vec<Kernel> {
    conditionals(model).flat_map(|(level, conditional)| evaluation_of(level, conditional)).collect()
}

fn evaluation_of(level: usize, conditional: &Conditional) -> impl Iterator<Item = Kernel> {
    let mix = conditional.is_mixture().then_some(Kernel::MixImages { level });
    std::iter::once(conditional.evaluate(level)).chain(mix)
}

/// Kernels that share the advantages of configurations with their mirror images, where a net is mixed with its own.
fn shared_advantages(model: &Model) -> impl Iterator<Item = Kernel> {
    let mixed = conditionals(model).filter(|(_, conditional)| conditional.is_mixture());
    mixed.map(|(level, _)| Kernel::ShareAdvantage { level })
}

/// Kernels that sum bonds and spins of complete configurations, as integers.
pub fn energies(model: &Model) -> Vec<Kernel> {
    let levels = (0..model.levels.len()).map(|level| Kernel::Energy { level });
    levels.chain([Kernel::ConfigurationEnergy]).collect()
}

/// Kernels that complete configurations sampled without the bottom, and sum their bonds and spins.
pub fn completion(model: &Model) -> Vec<Kernel> {
    let mut kernels = draw_bottom(model);
    kernels.extend(energies(model));
    kernels
}

/// Levels that training draws, with what draws them: those whose spins are not summed out.
fn drawn(model: &Model) -> impl Iterator<Item = (usize, &Conditional)> {
    conditionals(model).filter(|(level, conditional)| conditional.sum_out(*level).is_none())
}

/// Kernels that sum the rewards `beta E + ln q` up the tree, after [`sampling`] without the bottom.
pub fn rewards(model: &Model) -> Vec<Kernel> {
    let mut rewards: Vec<_> = drawn(model).map(|(level, _)| Kernel::Reward { level }).collect();
    rewards.reverse();
    rewards
}

/// What is subtracted from rewards before they weight grad ln q. Any choice gives the same mean gradient,
/// but for what a regression fits of a batch's own noise: one part per row and regressor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Baseline {
    /// From the whole configuration's reward, its batch mean (arXiv:2203.10989, eq. 8).
    Global,
    /// From each square's own reward, its regression on the border's features and on the rest of the reward, level by
    /// level. The same as global for networks of pairs, which have one block and no border.
    Regression,
}

/// Kernels that turn rewards into advantages, after [`rewards`], and after the nets have seen these spins: on a GPU the regression reads
/// borders from the inputs that nets keep.
pub fn advantages(model: &Model, baseline: Baseline) -> Vec<Kernel> {
    let baseline = if model.pair_head().is_some() { Baseline::Global } else { baseline };
    let mut kernels: Vec<_> = match baseline {
        Baseline::Global => vec![Kernel::Baseline, Kernel::Advantage],
        Baseline::Regression => {
            let of_level = |level| {
                let [regressors, moments] = [Kernel::Regressors { level }, Kernel::Moments { level }];
                [regressors, moments, Kernel::Regression { level }, Kernel::Residual { level }]
            };
            model.nets().flat_map(|(level, ..)| of_level(level)).collect()
        }
    };
    kernels.extend(shared_advantages(model));
    kernels
}

/// Kernels that turn advantages into a gradient.
pub fn gradient(model: &Model) -> Vec<Kernel> {
    let of_levels = conditionals(model).flat_map(|(level, conditional)| conditional.backward(level));
    of_levels.chain([Kernel::GradientNorm]).collect()
}

/// One step on given configurations: ln q of all levels with a net, gradient of its mean, Adam.
pub fn likelihood_step(model: &Model) -> Vec<Kernel> {
    // Nothing is learned of tensor networks.
    let learning = drawn(model).filter(|(_, conditional)| conditional.bond_dimension().is_none());
    let mut kernels: Vec<_> =
        learning.flat_map(|(level, conditional)| evaluation_of(level, conditional)).collect();
    kernels.push(Kernel::Likelihood);
    kernels.extend(shared_advantages(model));
    kernels.extend(gradient(model));
    kernels.push(Kernel::Adam);
    kernels
}

/// One REINFORCE step: sample, reward, gradient, Adam.
pub fn training_step(model: &Model, baseline: Baseline) -> Vec<Kernel> {
    let mut kernels = sampling(model, false);
    kernels.extend(rewards(model));
    kernels.extend(advantages(model, baseline));
    kernels.extend(gradient(model));
    kernels.push(Kernel::Adam);
    kernels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditional::{Colours, Head, NetOptions, Network, Widths};
    use crate::hierarchy::{Cut, SiteOrder};
    use crate::lattice::{Interaction, Lattice, System};

    fn model(side: u32, mixture: bool) -> Model {
        let options = NetOptions {
            width: Widths::all(1),
            depth: 2,
            skip: true,
            gauge: true,
            mixture,
            reach: 0,
            exact_bottom: 2,
            exact_length: 0,
            bond_dimension: 0,
            cut: Cut::Crosses,
            head: Head::None,
            site_order: SiteOrder::Index,
            colours: Colours::OneHot,
            network: Network::Han,
        };
        let interaction = Interaction { coupling: 1.0, field: 0.0 };
        let lattice = Lattice::square(side).unwrap();
        Model::new(System::uniform(lattice, interaction), options).unwrap()
    }

    #[test]
    fn every_level_is_sampled_by_exactly_one_dispatch() {
        for side in [4, 8, 64] {
            let model = model(side, false);
            let levels: Vec<_> = sampling(&model, true).iter().map(|kernel| kernel.level()).collect();
            assert_eq!(levels, (0..model.levels.len()).map(Some).collect::<Vec<_>>());
            let step = training_step(&model, Baseline::Regression);
            let sampled = step.iter().filter(|kernel| kernel.draws()).count();
            assert_eq!(sampled, model.levels.len() - 1, "training draws all levels but the last");
        }
    }

    #[test]
    fn a_mixed_boundary_takes_two_dispatches_more_than_another() {
        for side in [4, 8, 64] {
            let [plain, mixed] = [false, true].map(|mixture| sampling(&model(side, mixture), false));
            let (boundary, below) = mixed.split_at(3);
            assert!(boundary.iter().all(|kernel| kernel.level() == Some(0)), "{boundary:?}");
            assert_eq!(below, &plain[1..]);
        }
    }
}
