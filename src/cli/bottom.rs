//! Flags of another bottom than a network's own.

use crate::conditional::MOST_BOND_STATES;
use crate::config::{Lengths, OtherBottom};
use crate::error::Error;

/// States of a bond where none are asked for.
const BOND_DIMENSION: i64 = 8;

/// Draws the insides of larger boxes than the network's own without nets, given what its nets draw around them.
#[derive(Debug, Clone, clap::Args)]
#[command(group = clap::ArgGroup::new("tensor").multiple(true))]
pub(super) struct BottomFlags {
    /// Draw the insides of boxes by a tensor network, a boundary matrix product state, where the network has nets and exact sums
    #[arg(long, value_enum, group = "tensor")]
    bottom: Option<BottomName>,
    /// States of a bond of the tensor network, 1 to 64, on a GPU 1 to 16: time grows with their third power
    #[arg(long, value_name = "STATES", requires = "tensor", default_value_t = BOND_DIMENSION)]
    bond_dimension: i64,
    /// Side of the boxes, or their lengths as 16x32 [default: the side of the lattice, whose boundary nets then draw alone]
    #[arg(long, value_name = "SIDE", requires = "bottom")]
    bottom_side: Option<Lengths>,
    /// Draw the insides of boxes of this side, 16, or of these lengths, 16x32, by exact sums; on the CPU
    #[arg(long, value_name = "SIDE", conflicts_with = "bottom")]
    exact_bottom: Option<Lengths>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum BottomName {
    Mps,
}

impl BottomFlags {
    /// States of a bond, checked.
    pub(super) fn bond_dimension(&self) -> crate::Result<usize> {
        usize::try_from(self.bond_dimension)
            .ok()
            .filter(|states| (1..=MOST_BOND_STATES).contains(states))
            .ok_or_else(|| {
                let expected = format!("it must lie in 1 to {MOST_BOND_STATES}");
                Error::setting("bond_dimension", self.bond_dimension, expected)
            })
    }

    /// Whether another bottom than the network's own is asked for.
    pub(super) fn is_given(&self) -> bool {
        self.bottom.is_some() || self.exact_bottom.is_some()
    }

    /// The bottom that is asked for; none for the network's own.
    pub(super) fn other(&self) -> crate::Result<Option<OtherBottom>> {
        let bond_dimension = self.bond_dimension()?;
        Ok(match (self.bottom, self.exact_bottom) {
            (Some(BottomName::Mps), _) => {
                Some(OtherBottom::Mps { bond_dimension, lengths: self.bottom_side })
            }
            (None, Some(lengths)) => Some(OtherBottom::Exact(lengths)),
            (None, None) => None,
        })
    }
}
