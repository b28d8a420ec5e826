//! Restricted Boltzmann machines that learn configurations of spins.

mod bits;
mod cpu;
mod data;
mod exact;
mod likelihood;
mod machine;
mod partition;
mod settings;
mod step;
mod sums;
#[cfg(test)]
mod tests;
mod training;

pub use bits::Bits;
pub use cpu::{Cpu, Draw, Probabilities, Statistics};
pub use data::{Data, Recipe};
pub use exact::ln_z;
pub use machine::{Machine, Parameters};
pub use partition::TEMPERATURES;
pub use settings::{RateSchedule, Settings};
pub use step::{Learner, Rule};
pub use training::{Metrics, State, Training};
