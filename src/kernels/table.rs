//! The table of all kernels. A line here, a file in this folder and a shader make a kernel; a test walks the table.

use super::description::{Cost, Description, OnLevel, OnNet, Phase, Place, Spread, Whole, Work};
use super::slot::{Access, Slot};
use super::{backward, monte_carlo, optimise, reward, sample};
use crate::conditional::{Model, Storage};
use crate::cpu::{Call, Real};

/// Makes [`Kernel`] of lines `Variant { numbers } => phase::file;`. The file has a `KERNEL` that describes it and a twin `run`, which gets
/// the numbers after the call.
macro_rules! kernels {
    ($($(#[$doc:meta])* $variant:ident $({ $($number:ident: $type:ty),+ })? => $phase:ident::$file:ident;)+) => {
        /// One operation on a backend's state: one dispatch on a GPU.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the number is the hierarchy level, the hidden layer or the colour everywhere")]
        pub enum Kernel {
            $($(#[$doc])* $variant $({ $($number: $type),+ })?),+
        }

        impl Kernel {
            /// Every kernel, of any place.
            const ALL: &[fn(Place) -> Self] =
                &[$(|_place| Self::$variant $({ $($number: _place.$number),+ })?),+];

            /// What its file says of it.
            pub(crate) fn description(self) -> &'static Description {
                match self {
                    $(Self::$variant { .. } => &$phase::$file::KERNEL),+
                }
            }

            /// Its numbers.
            pub(crate) fn place(self) -> Place {
                match self {
                    $(Self::$variant $({ $($number),+ })? => Place { $($($number,)+)? ..Place::FIRST }),+
                }
            }

            /// Runs its twin on the CPU.
            pub(crate) fn run<R: Real>(self, call: Call<'_, R>) {
                match self {
                    $(Self::$variant $({ $($number),+ })? => $phase::$file::run::<R>(call $($(, $number)+)?)),+
                }
            }
        }
    };
}

kernels! {
    /// Draws all blocks of a level from its net; keeps inputs, hidden state and logits; writes ln q per block.
    SampleLevel { level: usize } => sample::sample_level;
    /// As `SampleLevel`, for spins that are given.
    EvaluateLevel { level: usize } => sample::evaluate_level;
    /// As `EvaluateLevel`, for the mirror images of what `SampleLevel` drew from a net that is mixed with its mirror image.
    EvaluateImage { level: usize } => sample::evaluate_image;
    /// ln q of the mixture from those of a configuration and of its mirror image.
    MixImages { level: usize } => sample::mix_images;
    /// Draws the last level's spins.
    SampleHeatBath { level: usize } => sample::sample_heat_bath;
    /// ln q of the last level's given spins.
    EvaluateHeatBath { level: usize } => sample::evaluate_heat_bath;
    /// Reward of the last level with its spins summed out.
    HeatBathFreeEnergy { level: usize } => sample::heat_bath_free_energy;
    /// Draws the interiors of the last level's exact squares.
    SampleBox { level: usize } => sample::sample_box;
    /// ln q of the given interiors of exact squares.
    EvaluateBox { level: usize } => sample::evaluate_box;
    /// Reward of exact squares with their interiors summed out.
    BoxFreeEnergy { level: usize } => sample::box_free_energy;
    /// Draws the insides of the last level's boxes by matrix product states.
    SampleTensor { level: usize } => sample::sample_tensor;
    /// ln q of the given insides of these.
    EvaluateTensor { level: usize } => sample::evaluate_tensor;
    /// Draws all sites of a level whose sites are all neighbours, one after the other; keeps logits; writes ln q.
    SamplePairs { level: usize } => sample::sample_pairs;
    /// The same for given spins.
    EvaluatePairs { level: usize } => sample::evaluate_pairs;
    /// Spins from the bits that [`Backend::write_spins`](crate::backend::Backend::write_spins) brings to a GPU; the CPU keeps bytes and has nothing to do.
    UnpackSpins => sample::unpack_spins;
    /// Owned bond sums and spin sums of every block of a level, as integers.
    Energy { level: usize } => reward::energy;
    /// Sums of those over all blocks of a configuration.
    ConfigurationEnergy => reward::configuration_energy;
    /// `beta E_own + ln q_own + rewards of the children` for every block of a level.
    Reward { level: usize } => reward::reward;
    /// Batch mean of the root rewards.
    Baseline => reward::baseline;
    /// Advantage of every block: root reward less that mean.
    Advantage => reward::advantage;
    /// Advantage for the likelihood of given configurations.
    Likelihood => reward::likelihood;
    /// Regressors of a level's rewards: features of borders and the rest of the configuration's reward.
    Regressors { level: usize } => reward::regressors;
    /// Sums of products of what a level's rewards are regressed on.
    Moments { level: usize } => reward::moments;
    /// Coefficients of that regression.
    Regression { level: usize } => reward::regression;
    /// Advantage of a level's blocks: their reward less the regression's prediction.
    Residual { level: usize } => reward::residual;
    /// Shares the advantage of a configuration with its mirror image, as their parts of the mixture are.
    ShareAdvantage { level: usize } => reward::share_advantage;
    /// Gradient with respect to logits, in place of the logits.
    BackwardOutput { level: usize } => backward::backward_output;
    /// Gradient with respect to the activations of a hidden layer.
    BackwardHidden { level: usize, layer: usize } => backward::backward_hidden;
    /// Partial gradients of the PReLU slopes of a level; turns gradients with respect to activations into those with respect to pre-activations.
    BackwardSlope { level: usize } => backward::backward_slope;
    /// Partial gradients of all weights and biases of a level, once errors are those of pre-activations.
    BackwardWeights { level: usize } => backward::backward_weights;
    /// Partial gradients of a head over pairs of sites.
    BackwardPairs { level: usize } => backward::backward_pairs;
    /// Sums the partial gradients of a level, in a fixed order.
    GradientSum { level: usize } => backward::gradient_sum;
    /// Norm of the gradient, not finite if a parameter is not; remembers the first step at which that was so.
    GradientNorm => optimise::gradient_norm;
    /// Adam on the flat parameter buffer; skipped from the first gradient that is not finite on.
    Adam => optimise::adam;
    /// Metropolis updates of the spins of one colour, no two of which are neighbours: 0 or 1 on a checkerboard, 0 to 3 on the triangular lattice.
    Metropolis { colour: u32 } => monte_carlo::metropolis;
    /// A heat bath of the Potts spins of one part of a checkerboard, 0 or 1.
    HeatBathSweep { colour: u32 } => monte_carlo::heat_bath_sweep;
    /// A heat bath of all spins, site by site, each configuration at a temperature of its own, and their sums as `ConfigurationEnergy` leaves them.
    SweepReplicas => monte_carlo::sweep_replicas;
    /// Sums of rows, columns and products of spins at every distance, as integers.
    Observables => monte_carlo::observables;
}

impl Kernel {
    /// Every kernel once, on level 0, for nets of a depth: for tests that look at them all.
    #[doc(hidden)]
    pub fn every(depth: usize) -> Vec<Self> {
        let mut all = Vec::new();
        for of in Self::ALL {
            for layer in 0..depth {
                for colour in [0, 1] {
                    let kernel = of(Place { layer, colour, ..Place::FIRST });
                    if !all.contains(&kernel) {
                        all.push(kernel);
                    }
                }
            }
        }
        all
    }

    /// Name of its shader and of its file.
    pub fn name(self) -> &'static str {
        self.description().name
    }

    /// What it is for in a training step.
    pub fn phase(self) -> Phase {
        self.description().phase
    }

    /// Whether it draws configurations from the network.
    pub fn draws(self) -> bool {
        self.description().draws
    }

    /// The hierarchy level it works on, if it works on one.
    pub fn level(self) -> Option<usize> {
        match self.description().work {
            Work::Whole { .. } => None,
            Work::Level { .. } | Work::Net { .. } => Some(self.place().level),
        }
    }

    /// The buffers that it binds on a GPU; `split` where one binding does not hold the parameters of its level.
    #[doc(hidden)]
    pub fn bindings(self, storage: Storage, split: bool) -> Vec<(Slot, Access)> {
        self.description().bindings(storage, split)
    }

    /// Cost of one run over a batch.
    pub(crate) fn cost(self, model: &Model, batch: usize) -> Cost {
        let place = self.place();
        match self.description().work {
            Work::Whole { cost, .. } => cost(&Whole::new(model, batch)),
            Work::Level { cost, .. } => cost(&OnLevel::new(model, batch, place.level)),
            Work::Net { cost, .. } => OnNet::new(model, batch, place).map_or(Cost::NONE, |net| cost(&net)),
        }
    }

    /// Workgroups of one dispatch over a batch.
    pub(crate) fn workgroups(self, model: &Model, batch: usize, spread: &Spread) -> usize {
        let place = self.place();
        match self.description().work {
            Work::Whole { workgroups, .. } => workgroups(&Whole::new(model, batch), spread),
            Work::Level { workgroups, .. } => workgroups(&OnLevel::new(model, batch, place.level), spread),
            Work::Net { workgroups, .. } => {
                OnNet::new(model, batch, place).map_or(0, |net| workgroups(&net, spread))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_have_distinct_names_and_a_level_if_they_work_on_one() {
        let elsewhere = Place { level: 1, ..Place::FIRST };
        let mut names = Vec::new();
        for of in Kernel::ALL {
            let (here, there) = (of(Place::FIRST), of(elsewhere));
            assert_eq!(here.level().is_some(), here != there, "{here:?}");
            assert!(!names.contains(&here.name()), "{here:?} has the name of another");
            names.push(here.name());
        }
    }
}
