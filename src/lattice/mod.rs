//! The physical system: sites and bonds, couplings and field, energies, what is observed, symmetries.
//!
//! This folder alone tells kinds of lattices apart; all other code asks for sites, bonds, neighbours and shapes.

mod acceptance;
mod adjacency;
mod couplings;
mod geometry;
mod observables;
mod occupation;
mod spins;
mod symmetry;
mod system;

pub use acceptance::acceptance;
pub use adjacency::Adjacency;
pub use couplings::Weights;
pub use geometry::{Lattice, LatticeKind, MAX_SIDE, MIN_SIDE, Place};
pub use observables::Observables;
pub use occupation::Occupation;
pub(crate) use spins::MAX_STATES;
pub use spins::{SpinModel, Spins};
pub use symmetry::{Recolouring, Symmetry, SymmetryGroup};
pub(crate) use system::MAX_BETA;
pub use system::{Ensemble, Interaction, System};
