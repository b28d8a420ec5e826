//! All four thermometers side by side.

use super::calibration::{Calibration, order};
use super::network::Network;
use super::pseudo_likelihood;
use crate::error;
use crate::estimate::Estimate;
use crate::lattice::System;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::collections::BTreeMap;

/// One of the thermometers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thermometer {
    /// The temperature at which the lattice has this mean energy.
    Energy,
    /// The temperature at which it has this mean order.
    Order,
    /// The temperature at which single spins are as likely as they are, given their neighbours.
    PseudoLikelihood,
    /// The temperature that a network says, which learned to tell configurations of known temperatures apart.
    Network,
}

impl Thermometer {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Energy, Self::Order, Self::PseudoLikelihood, Self::Network];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::Order => "order",
            Self::PseudoLikelihood => "pseudo_likelihood",
            Self::Network => "network",
        }
    }
}

/// Thermometers of one system.
#[derive(Debug)]
pub struct Thermometers {
    calibration: Calibration,
    network: Network,
}

/// Properties of an ensemble of configurations and its temperatures by all thermometers.
#[derive(Debug, Clone, PartialEq)]
pub struct Readings {
    /// Mean energy per site.
    pub energy_per_site: Estimate,
    /// Mean [`order`].
    pub order: Estimate,
    /// Temperatures in the order of [`Thermometer::ALL`]; infinite where configurations are as at random or have more energy, and 0 where they have no more of it than ground
    /// states.
    pub temperatures: [Estimate; 4],
    /// The mean distribution of the network over its temperatures.
    pub distribution: Vec<f64>,
}

impl Thermometers {
    /// Measures the system on the CPU and trains the network on a device, as [`device::open`](crate::device::open) names them; a pure function of the seed and of the device's
    /// rounding. `observe` is told the share that is done.
    ///
    /// # Errors
    /// When Monte Carlo at one temperature does not come into equilibrium, there is no such device, or it fails.
    pub fn new(
        wanted: &str,
        system: &System,
        temperatures: &[f64],
        seed: u32,
        mut observe: impl FnMut(f64),
    ) -> error::Result<Self> {
        let points = Calibration::temperatures() as f64;
        let steps = Network::work(temperatures.len()) as f64;
        // Both take about as long.
        let calibration = Calibration::new(system, seed, |done| observe(0.5 * done as f64 / points))?;
        let network = Network::new(wanted, system, temperatures, seed, |done| {
            observe(0.5 + 0.5 * done as f64 / steps);
        })?;
        Ok(Self { calibration, network })
    }

    /// Energy and order of the system.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// The temperatures of the network.
    pub fn temperatures(&self) -> &[f64] {
        self.network.temperatures()
    }

    /// Reads independent configurations, `[count][sites]`.
    ///
    /// # Errors
    /// When the device of the network fails.
    pub fn read(&mut self, spins: &[i8]) -> error::Result<Readings> {
        let system = self.calibration.system();
        let sites = system.lattice.sites();
        let mean = |value: &dyn Fn(&[i8]) -> f64| {
            Estimate::mean(&spins.chunks_exact(sites).map(value).collect::<Vec<_>>())
        };
        let energy_per_site = mean(&|spins| system.energy(spins) / sites as f64);
        let order = mean(&|spins| order(system, spins));
        let reading = self.network.read(spins)?;
        Ok(Readings {
            energy_per_site,
            order,
            temperatures: [
                temperature(self.calibration.by_energy(energy_per_site)),
                temperature(self.calibration.by_order(order)),
                temperature(pseudo_likelihood(system, spins)),
                reading.temperature,
            ],
            distribution: reading.distribution,
        })
    }
}

impl Readings {
    /// The temperature by one of the thermometers.
    pub fn temperature(&self, by: Thermometer) -> Estimate {
        self.temperatures[by as usize]
    }
}

/// The temperature of an inverse one: infinite for 0 and below.
fn temperature(beta: Estimate) -> Estimate {
    match beta.value > 0.0 {
        true => Estimate { value: 1.0 / beta.value, error: beta.error / (beta.value * beta.value) },
        false => Estimate { value: f64::INFINITY, error: f64::NAN },
    }
}

/// Estimates by name, temperatures under `temperature` by thermometer.
impl Serialize for Readings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let temperatures: BTreeMap<&str, Estimate> =
            Thermometer::ALL.map(|by| (by.name(), self.temperature(by))).into();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("energy_per_site", &self.energy_per_site)?;
        map.serialize_entry("order", &self.order)?;
        map.serialize_entry("temperature", &temperatures)?;
        map.serialize_entry("distribution", &self.distribution)?;
        map.end()
    }
}
