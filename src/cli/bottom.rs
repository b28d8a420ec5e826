//! Flags of another bottom than a network's own.

use crate::mps::Bottom;

/// States of a bond where none are asked for.
const BOND_DIMENSION: usize = 8;

/// Draws the insides of boxes by a tensor network, given what the nets draw around them.
#[derive(Debug, Clone, clap::Args)]
#[command(group = clap::ArgGroup::new("tensor").multiple(true))]
pub(super) struct BottomFlags {
    /// Draw the insides of boxes by a tensor network, a boundary matrix product state, where the network has nets and exact sums
    #[arg(long, value_enum, group = "tensor")]
    bottom: Option<BottomName>,
    /// States of a bond of the tensor network, 1 to 64: time grows with their third power
    #[arg(long, value_name = "STATES", requires = "tensor", default_value_t = BOND_DIMENSION)]
    bond_dimension: usize,
    /// Side of the boxes [default: that of the lattice, whose boundary nets then draw alone]
    #[arg(long, value_name = "SIDE", requires = "bottom")]
    bottom_side: Option<u32>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum BottomName {
    Mps,
}

impl BottomFlags {
    /// States of a bond.
    pub(super) fn bond_dimension(&self) -> usize {
        self.bond_dimension
    }

    /// Whether another bottom than the network's own is asked for.
    pub(super) fn is_given(&self) -> bool {
        self.bottom.is_some()
    }

    /// The bottom that is asked for, if one is, for a lattice of a side.
    pub(super) fn of(&self, side: u32) -> Option<Bottom> {
        let BottomName::Mps = self.bottom?;
        Some(Bottom { side: self.bottom_side.unwrap_or(side), bond_dimension: self.bond_dimension })
    }
}
