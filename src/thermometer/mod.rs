//! Temperatures of configurations: at which a given system would show them, by four thermometers.
//!
//! None of them proves that configurations are those of the Boltzmann distribution at that temperature: each looks at one property of them.

mod calibration;
mod curve;
mod network;
mod pseudo_likelihood;
mod readings;
#[cfg(test)]
mod tests;

pub use calibration::{Calibration, order};
pub use curve::{Curve, Node};
pub use network::{Network, Reading};
pub use pseudo_likelihood::pseudo_likelihood;
pub use readings::{Readings, Thermometer, Thermometers};
