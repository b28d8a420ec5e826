//! What a level draws its blocks with, given their borders: shapes, masks, parameter layout, initialisation. No device.

mod initial;
mod masked_net;
mod model;

pub use masked_net::{Gauge, MaskedNet, Weights};
pub use model::{LEVEL_ALIGNMENT, LevelModel, Model, NetOptions, TensorPlace};

/// The distribution of a block's own sites given its border.
#[derive(Debug, Clone, PartialEq)]
pub enum Conditional {
    /// A masked dense net.
    MaskedNet(Box<MaskedNet>),
    /// A single spin with all neighbours fixed: `p(s = +1) = sigmoid(2 beta (J sum + H))`, exactly. It has a free
    /// energy, `-ln(2 cosh(beta (J sum + H)))`, which ends the tree: training draws nothing at this level.
    HeatBath,
}

impl Conditional {
    /// The net, if this is one.
    pub fn net(&self) -> Option<&MaskedNet> {
        match self {
            Self::MaskedNet(net) => Some(net),
            Self::HeatBath => None,
        }
    }
}
