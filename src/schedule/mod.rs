//! The host scheduler: which kernels run, in which order, with what work. Pure data; both backends execute it.

mod cost;
mod kernel;
mod shape;

pub use cost::{KernelCost, LevelPlan, Plan};
pub use kernel::{Adam, Inputs, Kernel};
pub(crate) use shape::LANES;
pub use shape::Shape;

use crate::conditional::{Conditional, Model};

/// Kernels that draw configurations. With `bottom` every spin is drawn; without it the last level is replaced by its
/// free energy, as training does.
pub fn sampling(model: &Model, bottom: bool) -> Vec<Kernel> {
    let levels = model.levels.iter().enumerate();
    levels
        .map(|(level, description)| match (&description.conditional, bottom) {
            (Conditional::MaskedNet(_), _) => Kernel::SampleLevel { level },
            (Conditional::HeatBath, true) => Kernel::SampleHeatBath { level },
            (Conditional::HeatBath, false) => Kernel::HeatBathFreeEnergy { level },
        })
        .collect()
}

/// Kernels that compute ln q of given configurations, block by block.
pub fn evaluation(model: &Model) -> Vec<Kernel> {
    let levels = model.levels.iter().enumerate();
    levels
        .map(|(level, description)| match description.conditional {
            Conditional::MaskedNet(_) => Kernel::EvaluateLevel { level },
            Conditional::HeatBath => Kernel::EvaluateHeatBath { level },
        })
        .collect()
}

/// Kernels that sum bonds and spins of complete configurations, as integers.
pub fn energies(model: &Model) -> Vec<Kernel> {
    let levels = (0..model.levels.len()).map(|level| Kernel::Energy { level });
    levels.chain([Kernel::ConfigurationEnergy]).collect()
}

/// Kernels that sum the rewards `beta E + ln q` up the tree, after [`sampling`] without the bottom.
pub fn rewards(model: &Model) -> Vec<Kernel> {
    let mut nets: Vec<_> = model.nets().map(|(level, ..)| Kernel::Reward { level }).collect();
    nets.reverse();
    nets
}

/// Kernels that turn rewards into a gradient, after [`rewards`].
pub fn gradient(model: &Model) -> Vec<Kernel> {
    let mut kernels = vec![Kernel::Baseline, Kernel::Advantage];
    for (level, net, _) in model.nets() {
        kernels.push(Kernel::BackwardOutput { level });
        kernels.extend((0..net.depth).rev().map(|layer| Kernel::BackwardHidden { level, layer }));
        kernels.extend([
            Kernel::BackwardWeights { level },
            Kernel::BackwardSlope { level },
            Kernel::GradientSum { level },
        ]);
    }
    kernels.push(Kernel::GradientNorm);
    kernels
}

/// One REINFORCE step: sample, reward, gradient, Adam.
pub fn training_step(model: &Model) -> Vec<Kernel> {
    let mut kernels = sampling(model, false);
    kernels.extend(rewards(model));
    kernels.extend(gradient(model));
    kernels.push(Kernel::Adam);
    kernels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditional::NetOptions;
    use crate::lattice::{Interaction, Torus};

    #[test]
    fn every_level_is_sampled_by_exactly_one_dispatch() {
        for side in [4, 8, 64] {
            let options = NetOptions { width: 1, depth: 2, skip: true, gauge: true };
            let interaction = Interaction { coupling: 1.0, field: 0.0 };
            let model = Model::new(Torus::new(side).unwrap(), interaction, options).unwrap();
            let levels: Vec<_> = sampling(&model, true).iter().map(|kernel| kernel.level()).collect();
            assert_eq!(levels, (0..model.levels.len()).map(Some).collect::<Vec<_>>());
            let step = training_step(&model);
            let sampled = step.iter().filter(|kernel| kernel.draws()).count();
            assert_eq!(sampled, model.levels.len() - 1, "training draws all levels but the last");
        }
    }
}
