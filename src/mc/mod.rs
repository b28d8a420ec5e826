//! Monte Carlo: configurations from the Boltzmann distribution itself, to check networks with and to learn from.

mod metropolis;
mod pool;
mod simulation;
mod wolff;

pub use metropolis::acceptance;
pub use pool::Pool;
pub use simulation::{Algorithm, Simulation};
pub use wolff::Wolff;
