//! Spins that the sites of a lattice have: those of Ising, or colours.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Kinds of spins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpinModel {
    /// +1 or -1, with the energy `-J sum s_i s_j - H sum s_i`.
    #[default]
    Ising,
    /// One of q colours, with the energy `-J sum delta(s_i, s_j) - H sum delta(s_i, 0)` (R. B. Potts, Math. Proc. Camb. Phil. Soc. 48, 106, 1952).
    Potts,
}

impl SpinModel {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Ising, Self::Potts];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ising => "ising",
            Self::Potts => "potts",
        }
    }
}

/// Most colours of a Potts spin.
pub(crate) const MAX_STATES: u32 = 32;

/// Spins with their number of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Spins {
    /// +1 or -1.
    #[default]
    Ising,
    /// Colours from 0 to `states - 1`.
    Potts {
        /// q, 2 to 32.
        states: u8,
    },
}

impl Spins {
    /// Spins of a kind with a number of states.
    ///
    /// # Errors
    /// When Potts spins have fewer than 2 or more than 32 states, or those of Ising have not 2.
    pub fn new(model: SpinModel, states: u32) -> Result<Self> {
        match (model, states) {
            (SpinModel::Ising, 2) => Ok(Self::Ising),
            (SpinModel::Ising, _) => Err(Error::setting(
                "states",
                states,
                "spins of model = ising have 2; other numbers go with model = potts",
            )),
            (SpinModel::Potts, 2..=MAX_STATES) => Ok(Self::Potts { states: states as u8 }),
            (SpinModel::Potts, _) => {
                Err(Error::setting("states", states, format!("it must lie in 2 to {MAX_STATES}")))
            }
        }
    }

    /// The kind.
    pub fn model(self) -> SpinModel {
        match self {
            Self::Ising => SpinModel::Ising,
            Self::Potts { .. } => SpinModel::Potts,
        }
    }

    /// Numbers that stand for a spin in nets, as inputs and as logits: one of Ising's, one for every colour.
    pub fn numbers(self) -> usize {
        match self {
            Self::Ising => 1,
            Self::Potts { states } => states.into(),
        }
    }

    /// States of a spin.
    pub fn states(self) -> usize {
        match self {
            Self::Ising => 2,
            Self::Potts { states } => states.into(),
        }
    }

    /// Whether this is a spin's value: +-1, or a colour.
    pub fn has(self, value: i8) -> bool {
        match self {
            Self::Ising => value.abs() == 1,
            Self::Potts { states } => (0..states as i8).contains(&value),
        }
    }
}

/// Nothing for Ising spins, `, 3 colours` for Potts spins: behind a lattice.
impl std::fmt::Display for Spins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ising => Ok(()),
            Self::Potts { states } => write!(f, ", {states} colours"),
        }
    }
}
