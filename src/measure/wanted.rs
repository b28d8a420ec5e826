//! A Monte Carlo as a user asks for it, and its report, as `mc --json` prints it.

use super::{Integration, MonteCarlo, Sweeps};
use crate::config::MAX_SAMPLES;
use crate::error::{Error, Result};
use crate::exact;
use crate::lattice::{Ensemble, System};
use crate::mc::{Algorithm, Simulation};
use serde::Serialize;

/// Most chains.
const MAX_CHAINS: usize = 1 << 16;
/// Most sweeps of a chain: their number is a 32-bit part of the random numbers' counter.
const MAX_SWEEPS: usize = 1 << 31;

/// The wishes of a user; numbers that are left out follow from the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// How chains move; by default as fits the system.
    pub algorithm: Option<Algorithm>,
    /// Chains; by default 16, and 64 where single spins move.
    pub chains: Option<usize>,
    /// Sweeps before the first measurement; by default until chains are in equilibrium.
    pub thermalisation: Option<usize>,
    /// Measured sweeps of every chain.
    pub sweeps: usize,
    /// Sweeps from one measurement to the next.
    pub every: usize,
    /// Most configurations to keep.
    pub configurations: usize,
}

impl Wanted {
    /// How chains of a system move and are measured, with thermalisation 1 where none is asked for.
    ///
    /// # Errors
    /// When a number is out of range.
    pub fn plan(&self, system: &System) -> Result<(Algorithm, Sweeps)> {
        let algorithm = self.algorithm.unwrap_or_else(|| Algorithm::fitting(system));
        let is_single = matches!(algorithm, Algorithm::Metropolis | Algorithm::HeatBath);
        let chains = if is_single { 64 } else { 16 };
        let sweeps = Sweeps {
            chains: self.chains.unwrap_or(chains),
            thermalisation: self.thermalisation.unwrap_or(1),
            // Whole measurements.
            sweeps: self.sweeps - self.sweeps % self.every.max(1),
            every: self.every,
        };
        for (name, value, least, most) in [
            ("chains", sweeps.chains, 1, MAX_CHAINS),
            ("every", sweeps.every, 1, MAX_SWEEPS),
            ("sweeps", self.sweeps, sweeps.every, MAX_SWEEPS),
            ("thermalisation", sweeps.thermalisation, 1, MAX_SWEEPS),
            ("configurations", self.configurations, 1, MAX_SAMPLES),
        ] {
            if !(least..=most).contains(&value) {
                return Err(Error::setting(name, value, format!("it must lie in {least} to {most}")));
            }
        }
        Ok((algorithm, sweeps))
    }
}

/// Configurations that are kept of a simulation, evenly spread over its measurements.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Measurements from one whose configurations are kept to the next: whole rounds of all chains.
    distance: usize,
    /// Most configurations.
    most: usize,
    spins: Vec<i8>,
}

impl Kept {
    /// Keeps at most so many.
    pub fn new(sweeps: Sweeps, most: usize) -> Self {
        let drawn = sweeps.sweeps / sweeps.every * sweeps.chains;
        Self { distance: drawn.div_ceil(most), most, spins: Vec::new() }
    }

    /// Looks at a simulation after a measurement.
    ///
    /// # Errors
    /// When the device fails.
    pub fn see(&mut self, simulation: &mut Simulation, measurement: usize) -> Result<()> {
        if measurement.is_multiple_of(self.distance) {
            self.spins.extend(simulation.spins()?);
        }
        Ok(())
    }

    /// Configurations of so many sites, `[count][sites]`.
    pub fn into_spins(mut self, sites: usize) -> Vec<i8> {
        self.spins.truncate(self.most * sites);
        self.spins
    }
}

/// The results of a Monte Carlo, with its device.
#[derive(Debug, Clone, Serialize)]
pub struct MonteCarloReport<'a> {
    /// How chains moved.
    pub algorithm: Algorithm,
    /// Name of the device.
    pub device: String,
    /// Seed of the chains.
    pub seed: u32,
    /// Their averages.
    #[serde(flatten)]
    pub result: &'a MonteCarlo,
    /// ln Z, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ln_z: Option<Integration>,
    /// The exact one, where ln Z was asked for and is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ln_z_exact: Option<f64>,
    /// The distance from it in standard errors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ln_z_deviation: Option<f64>,
}

impl<'a> MonteCarloReport<'a> {
    /// Puts it together, with the exact ln Z where one was asked for.
    pub fn new(
        algorithm: Algorithm,
        device: String,
        seed: u32,
        result: &'a MonteCarlo,
        ln_z: Option<Integration>,
    ) -> Self {
        let Ensemble { system, beta } = &result.ensemble;
        let ln_z_exact = ln_z.as_ref().and_then(|_| exact::ln_z(system, *beta));
        let ln_z_deviation = ln_z.as_ref().zip(ln_z_exact).map(|(found, exact)| found.ln_z.deviation(exact));
        Self { algorithm, device, seed, result, ln_z, ln_z_exact, ln_z_deviation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_configurations_are_spread_over_all_measurements() {
        for (chains, sweeps, every, configurations) in [
            (16, 5000, 1, 10_000),
            (16, 5000, 7, 10_000),
            (64, 10, 1, 100),
            (3, 100, 1, 10_000),
            (1, 7, 2, 1),
        ] {
            let Kept { distance, .. } =
                Kept::new(Sweeps { chains, thermalisation: 1, sweeps, every }, configurations);
            let measurements = sweeps / every;
            let kept = measurements.div_ceil(distance) * chains;
            let most = (measurements * chains).min(configurations);
            assert!(kept <= most + chains && 3 * kept >= most, "{kept} of {most}");
        }
    }
}
