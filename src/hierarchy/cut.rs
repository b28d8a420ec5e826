//! How boxes are split into the boxes of the next level.

use serde::{Deserialize, Serialize};

/// Ways to split a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// In two, across the first of the longest axes ([`Hierarchy::bisection`](super::Hierarchy::bisection)). Given the middle line of a square its halves are
    /// independent, so that one small net draws the middles of both, and both see the line as a border like any other.
    #[default]
    Halves,
    /// A square in four, by a cross of a column and a row (arXiv:2203.10989; [`Hierarchy::square`](super::Hierarchy::square)).
    Crosses,
}

impl Cut {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::Halves, Self::Crosses];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Halves => "halves",
            Self::Crosses => "crosses",
        }
    }
}
