//! How sums over exact boxes are spread over a GPU.

use super::shape::{Exchange, LANES, Loads, SHARING_LANES};
use crate::hierarchy::Layers;
use serde::{Deserialize, Serialize};

/// Bits of the squares that eight lanes of a subgroup can share, 16 states each.
const SHARED_BITS: usize = 7;

/// Kernel shape of `box_free_energy` and `evaluate_box`. All do the same operations in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BoxShape {
    /// A lane for every two states of a layer, or more where these are many, with a barrier after every site: by default on graphics
    /// cards without subgroups, and the only one for boxes that are no squares.
    Group,
    /// Eight lanes of a subgroup for a square of side 8.
    Subgroup,
    /// A lane for a square, with its states in registers: by default on software adapters.
    Lane,
}

impl BoxShape {
    /// Those that a device with this exchange of values can have for boxes.
    pub fn all(exchange: Exchange, layers: Layers) -> Vec<Self> {
        match exchange {
            _ if !layers.is_square() => vec![Self::Group],
            Exchange::Subgroup if layers.bits == SHARED_BITS => vec![Self::Group, Self::Subgroup, Self::Lane],
            _ => vec![Self::Group, Self::Lane],
        }
    }

    /// The shape for a device.
    pub fn choose(loads: Loads, exchange: Exchange, layers: Layers) -> Self {
        let possible = Self::all(exchange, layers);
        let wished = match loads {
            Loads::Shared => Self::Lane,
            Loads::Own => Self::Subgroup,
        };
        if possible.contains(&wished) { wished } else { Self::Group }
    }

    /// The shape of `sample_box`, which keeps the states of all rows for the way back.
    pub(crate) fn drawing(self) -> Self {
        if self == Self::Subgroup { Self::Group } else { self }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Subgroup => "subgroup",
            Self::Lane => "lane",
        }
    }

    /// Boxes that one workgroup works on.
    pub(crate) fn boxes(self, layers: Layers) -> usize {
        match self {
            Self::Group => (LANES >> (layers.bits - 1)).max(1),
            Self::Subgroup => LANES / SHARING_LANES,
            Self::Lane => LANES,
        }
    }
}
