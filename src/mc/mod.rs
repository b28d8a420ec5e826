//! Monte Carlo: configurations from the Boltzmann distribution itself, to check networks with and to learn from.

mod algorithm;
mod at_temperature;
mod clusters;
mod colours;
mod equilibrium;
mod multicanonical;
mod on_device;
mod pool;
mod replicas;
mod rules;
mod simulation;
mod start;
mod walk;

pub use algorithm::Algorithm;
pub use at_temperature::{at_temperature, configurations};
pub use equilibrium::{Equilibrium, Stage, equilibrate, equilibrate_watched, thermalise};
pub use pool::Pool;
pub use simulation::{Setup, Simulation};
