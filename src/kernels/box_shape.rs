//! How sums over exact boxes are spread over a GPU.

use super::shape::{Exchange, LANES, Loads, SHARING_LANES};
use crate::hierarchy::Layers;
use crate::lattice::Spins;
use serde::{Deserialize, Serialize};

/// Bits of the layers whose states eight lanes of a subgroup can share: 16 a lane of a row of seven, 64 of a plane of nine.
const SHARED_BITS: [usize; 2] = [7, 9];

/// Kernel shape of `box_free_energy` and `evaluate_box`. All do the same operations in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BoxShape {
    /// A lane for every two states of a layer, or more where these are many, with a barrier after every site: possible everywhere, by
    /// default on graphics cards without subgroups.
    Group,
    /// Eight lanes of a subgroup for a box whose layers have 7 or 9 sites: by default on graphics cards, and on software adapters for
    /// boxes that are no squares.
    Subgroup,
    /// A lane for a square, with its states in registers: by default on software adapters, where a barrier takes a hundred times as
    /// long as the sums.
    Lane,
}

impl BoxShape {
    /// Those that a device with this exchange of values can have for boxes; boxes whose bonds have weights of their own, and those of colours, have one: then
    /// `by_group` is set.
    pub fn all(exchange: Exchange, layers: Layers, by_group: bool) -> Vec<Self> {
        let by_subgroup = !by_group && exchange == Exchange::Subgroup && SHARED_BITS.contains(&layers.bits);
        let by_lane = !by_group && layers.is_square();
        let possible = [(Self::Group, true), (Self::Subgroup, by_subgroup), (Self::Lane, by_lane)];
        possible.into_iter().filter_map(|(shape, is_possible)| is_possible.then_some(shape)).collect()
    }

    /// The shape for a device.
    pub fn choose(loads: Loads, exchange: Exchange, layers: Layers, by_group: bool) -> Self {
        let possible = Self::all(exchange, layers, by_group);
        let wished = match loads {
            Loads::Shared => [Self::Lane, Self::Subgroup],
            Loads::Own => [Self::Subgroup, Self::Group],
        };
        wished.into_iter().find(|shape| possible.contains(shape)).unwrap_or(Self::Group)
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
    pub(crate) fn boxes(self, spins: Spins, layers: Layers) -> usize {
        if let Spins::Potts { states } = spins {
            let columns = usize::from(states).saturating_pow(layers.bits as u32 - 1);
            return LANES / columns.min(LANES);
        }
        match self {
            Self::Group => (LANES >> (layers.bits - 1)).max(1),
            Self::Subgroup => LANES / SHARING_LANES,
            Self::Lane => LANES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_get_the_shape_that_suits_a_device() {
        let [square, small, bar, cube] = [&[8, 8][..], &[4, 4], &[4, 4, 8], &[4, 4, 4]].map(Layers::of);
        let on_a_card = |layers| BoxShape::choose(Loads::Own, Exchange::Subgroup, layers, false);
        let expected = [BoxShape::Subgroup, BoxShape::Group, BoxShape::Subgroup, BoxShape::Subgroup];
        assert_eq!([square, small, bar, cube].map(on_a_card), expected);
        let in_software = |layers| BoxShape::choose(Loads::Shared, Exchange::Subgroup, layers, false);
        let expected = [BoxShape::Lane, BoxShape::Lane, BoxShape::Subgroup, BoxShape::Subgroup];
        assert_eq!([square, small, bar, cube].map(in_software), expected);
        assert_eq!(BoxShape::choose(Loads::Own, Exchange::Workgroup, bar, false), BoxShape::Group);
        assert_eq!(BoxShape::choose(Loads::Shared, Exchange::Subgroup, square, true), BoxShape::Group);
    }
}
