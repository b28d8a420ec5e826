//! What a level draws its blocks with, given their borders: shapes, masks, parameter layout, initialisation. No device.

mod exact_square;
mod heat_bath;
mod initial;
mod masked_net;
mod model;
mod take_over;

use crate::kernels::Kernel;
pub use exact_square::{MAX_SQUARE_BETA, SquareFactors};
pub use heat_bath::{NEIGHBOUR_SUMS, REWARD_QUANTUM, by_neighbours, heat_bath_ln_q, heat_bath_reward};
pub use masked_net::{Gauge, MaskedNet, Weights};
pub(crate) use model::check_side;
pub use model::{LEVEL_ALIGNMENT, LevelModel, Model, NetOptions, Network, Storage, TensorPlace};

/// The distribution of a block's own sites given its border.
#[derive(Debug, Clone, PartialEq)]
pub enum Conditional {
    /// A masked dense net.
    MaskedNet(Box<MaskedNet>),
    /// A single spin with all neighbours fixed: `p(s = +1) = sigmoid(2 beta (J sum + H))`, exactly. It has a free
    /// energy, `-ln(2 cosh(beta (J sum + H)))`, which ends the tree: training draws nothing at this level.
    HeatBath,
    /// The interior of a square of side 4 or 8, summed over and drawn by a transfer over its `width^2` sites. It ends
    /// the tree as the heat bath does, with the free energy `-ln Z` of the square given its border.
    ExactSquare {
        /// Sites along one side of the interior.
        width: usize,
    },
}

impl Conditional {
    /// The net, if this is one.
    pub fn net(&self) -> Option<&MaskedNet> {
        match self {
            Self::MaskedNet(net) => Some(net),
            Self::HeatBath | Self::ExactSquare { .. } => None,
        }
    }

    /// Sites along one side of the interior, if this is an exact square.
    pub fn square_width(&self) -> Option<usize> {
        match *self {
            Self::ExactSquare { width } => Some(width),
            Self::MaskedNet(_) | Self::HeatBath => None,
        }
    }

    /// The name in plans.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MaskedNet(_) => "masked_net",
            Self::HeatBath => "heat_bath",
            Self::ExactSquare { .. } => "exact_square",
        }
    }

    /// The kernel that draws the blocks of a level.
    pub fn draw(&self, level: usize) -> Kernel {
        match self {
            Self::MaskedNet(_) => Kernel::SampleLevel { level },
            Self::HeatBath => Kernel::SampleHeatBath { level },
            Self::ExactSquare { .. } => Kernel::SampleSquare { level },
        }
    }

    /// The kernel that gives the rewards of the blocks of a level with their spins summed out, where that can be done.
    pub fn sum_out(&self, level: usize) -> Option<Kernel> {
        match self {
            Self::MaskedNet(_) => None,
            Self::HeatBath => Some(Kernel::HeatBathFreeEnergy { level }),
            Self::ExactSquare { .. } => Some(Kernel::SquareFreeEnergy { level }),
        }
    }

    /// The kernel that computes ln q of given blocks of a level.
    pub fn evaluate(&self, level: usize) -> Kernel {
        match self {
            Self::MaskedNet(_) => Kernel::EvaluateLevel { level },
            Self::HeatBath => Kernel::EvaluateHeatBath { level },
            Self::ExactSquare { .. } => Kernel::EvaluateSquare { level },
        }
    }
}
