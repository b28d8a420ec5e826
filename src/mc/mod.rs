//! Monte Carlo: configurations from the Boltzmann distribution itself, to check networks with and to learn from.

mod pool;
mod wolff;

pub use pool::Pool;
pub use wolff::Wolff;
