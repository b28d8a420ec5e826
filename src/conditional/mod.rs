//! What a level draws its blocks with, given their borders: shapes, masks, parameter layout, initialisation. No device.

mod bottom;
mod exact_box;
mod heat_bath;
mod initial;
mod masked_net;
mod model;
mod pair_head;
mod reach;
mod take_over;
mod widths;

use crate::hierarchy::Layers;
use crate::kernels::Kernel;
pub use bottom::BottomKind;
pub use exact_box::{BoxFactors, ColourFactors, MOST_ROW_STATES, WeightedBoxFactors, max_box_beta};
pub use heat_bath::{
    NEIGHBOUR_SUMS, REWARD_QUANTUM, by_neighbours, colour_weights, heat_bath_ln_q, heat_bath_reward,
};
pub use masked_net::{Colours, Encoding, Gauge, MaskedNet, Weights};
pub(crate) use model::{LARGEST_EXACT, MOST_BOND_STATES, check_side, cut_of_earlier_versions};
pub use model::{LEVEL_ALIGNMENT, LevelModel, Model, NetOptions, Network, Storage, TensorPlace};
pub use pair_head::{Head, PairHead, PairTensor, TURNS, exact_logits};
pub use reach::{PATCH, Patches};
pub use widths::Widths;

/// The distribution of a block's own sites given its border.
#[derive(Debug, Clone, PartialEq)]
pub enum Conditional {
    /// A masked dense net.
    MaskedNet(Box<MaskedNet>),
    /// A single spin with all neighbours fixed: `p(s = +1) = sigmoid(2 beta (J sum + H))`, exactly. It has a free
    /// energy, `-ln(2 cosh(beta (J sum + H)))`, which ends the tree: training draws nothing at this level.
    HeatBath,
    /// The inside of a box, summed over and drawn by a transfer over its sites. It ends the tree as the heat bath does, with the
    /// free energy `-ln Z` of the box given its border.
    ExactBox(Layers),
    /// The inside of a box, drawn by a matrix product state whose bonds have so many states: nearly exact. It ends the tree as an exact box does, but training draws it.
    Tensor {
        /// Most states of a bond.
        bond_dimension: usize,
    },
    /// All sites, of which each is drawn from the fields of those before it.
    PairHead(PairHead),
}

impl Conditional {
    /// The net, if this is one.
    pub fn net(&self) -> Option<&MaskedNet> {
        match self {
            Self::MaskedNet(net) => Some(net),
            Self::HeatBath | Self::ExactBox(_) | Self::Tensor { .. } | Self::PairHead(_) => None,
        }
    }

    /// The head over pairs of sites, if this is one.
    pub fn pair_head(&self) -> Option<&PairHead> {
        match self {
            Self::PairHead(head) => Some(head),
            Self::MaskedNet(_) | Self::HeatBath | Self::ExactBox(_) | Self::Tensor { .. } => None,
        }
    }

    /// Parameters stored.
    pub fn parameters(&self) -> usize {
        match self {
            Self::MaskedNet(net) => net.parameters(),
            Self::PairHead(head) => head.parameters(),
            Self::HeatBath | Self::ExactBox(_) | Self::Tensor { .. } => 0,
        }
    }

    /// Whether this is a net mixed with its mirror image.
    pub fn is_mixture(&self) -> bool {
        self.net().is_some_and(|net| net.gauge == Gauge::Mixture)
    }

    /// The layers of the inside, if this is an exact box.
    pub fn exact_box(&self) -> Option<Layers> {
        match *self {
            Self::ExactBox(layers) => Some(layers),
            Self::MaskedNet(_) | Self::HeatBath | Self::Tensor { .. } | Self::PairHead(_) => None,
        }
    }

    /// Most states of a bond, if this is a tensor network.
    pub fn bond_dimension(&self) -> Option<usize> {
        match *self {
            Self::Tensor { bond_dimension } => Some(bond_dimension),
            Self::MaskedNet(_) | Self::HeatBath | Self::ExactBox(_) | Self::PairHead(_) => None,
        }
    }

    /// The name in plans.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MaskedNet(_) => "masked_net",
            Self::HeatBath => "heat_bath",
            Self::ExactBox(layers) if layers.is_square() => "exact_square",
            Self::ExactBox(_) => "exact_box",
            Self::Tensor { .. } => "tensor",
            Self::PairHead(_) => "pair_head",
        }
    }

    /// The kernel that draws the blocks of a level.
    pub fn draw(&self, level: usize) -> Kernel {
        match self {
            Self::MaskedNet(_) => Kernel::SampleLevel { level },
            Self::HeatBath => Kernel::SampleHeatBath { level },
            Self::ExactBox(_) => Kernel::SampleBox { level },
            Self::Tensor { .. } => Kernel::SampleTensor { level },
            Self::PairHead(_) => Kernel::SamplePairs { level },
        }
    }

    /// The kernel that gives the rewards of the blocks of a level with their spins summed out, where that can be done.
    pub fn sum_out(&self, level: usize) -> Option<Kernel> {
        match self {
            Self::MaskedNet(_) | Self::Tensor { .. } | Self::PairHead(_) => None,
            Self::HeatBath => Some(Kernel::HeatBathFreeEnergy { level }),
            Self::ExactBox(_) => Some(Kernel::BoxFreeEnergy { level }),
        }
    }

    /// The kernel that computes ln q of given blocks of a level.
    pub fn evaluate(&self, level: usize) -> Kernel {
        match self {
            Self::MaskedNet(_) => Kernel::EvaluateLevel { level },
            Self::HeatBath => Kernel::EvaluateHeatBath { level },
            Self::ExactBox(_) => Kernel::EvaluateBox { level },
            Self::Tensor { .. } => Kernel::EvaluateTensor { level },
            Self::PairHead(_) => Kernel::EvaluatePairs { level },
        }
    }

    /// Kernels that turn the advantages of a level's blocks into the gradient of its parameters.
    pub fn backward(&self, level: usize) -> Vec<Kernel> {
        let of_head = match self {
            Self::MaskedNet(net) => {
                let hidden = (0..net.depth).rev().map(|layer| Kernel::BackwardHidden { level, layer });
                let last = [Kernel::BackwardSlope { level }, Kernel::BackwardWeights { level }];
                std::iter::once(Kernel::BackwardOutput { level }).chain(hidden).chain(last).collect()
            }
            Self::PairHead(head) if head.parameters() > 0 => vec![Kernel::BackwardPairs { level }],
            Self::PairHead(_) | Self::HeatBath | Self::ExactBox(_) | Self::Tensor { .. } => {
                return Vec::new();
            }
        };
        [of_head, vec![Kernel::GradientSum { level }]].concat()
    }
}
