//! How sums over exact squares are spread over a GPU.

use super::shape::{Exchange, LANES, Loads, SHARING_LANES};
use crate::conditional::NetOptions;
use serde::{Deserialize, Serialize};

/// Side of the squares that eight lanes of a subgroup can share, 16 states each.
const SHARED_SIDE: u32 = 8;

/// Kernel shape of `square_free_energy` and `evaluate_square`. All do the same operations in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SquareShape {
    /// A lane for every two states of a row, with a barrier after every site: by default on graphics cards without subgroups.
    Group,
    /// Eight lanes of a subgroup for a square of side 8.
    Subgroup,
    /// A lane for a square, with its states in registers: by default on software adapters.
    Lane,
}

impl SquareShape {
    /// Those that a device with this exchange of values can have for squares of a side.
    pub fn all(exchange: Exchange, side: u32) -> Vec<Self> {
        match exchange {
            Exchange::Subgroup if side == SHARED_SIDE => vec![Self::Group, Self::Subgroup, Self::Lane],
            _ => vec![Self::Group, Self::Lane],
        }
    }

    /// The shape for a device.
    pub fn choose(loads: Loads, exchange: Exchange, side: u32) -> Self {
        match loads {
            Loads::Shared => Self::Lane,
            Loads::Own if Self::all(exchange, side).contains(&Self::Subgroup) => Self::Subgroup,
            Loads::Own => Self::Group,
        }
    }

    /// The shape of `sample_square`, which keeps the states of all rows for the way back.
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

    /// Squares of a side that one workgroup works on.
    pub(crate) fn squares(self, side: u32) -> usize {
        match self {
            Self::Group => LANES >> (side - 2),
            Self::Subgroup => LANES / SHARING_LANES,
            Self::Lane => LANES,
        }
    }
}

/// Side of exact squares. Where single spins end the tree, of squares that could: shaders of all kernels are valid whatever the
/// model.
pub(crate) fn square_side(options: NetOptions) -> u32 {
    options.exact_bottom.max(4)
}

/// Width of the interior of exact squares.
pub(crate) fn square_width(options: NetOptions) -> usize {
    square_side(options) as usize - 1
}
