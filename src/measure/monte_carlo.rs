//! The same observables and errors from Monte Carlo chains: what a network is to be compared with.

use super::chain::{Chain, ChainStatistics};
use super::phases::EnergyCounts;
use super::quantities::Quantity;
use super::report::{describe_correlation, describe_tau, line, serialize_tau, untold};
use crate::clock::Instant;
use crate::error::Result;
use crate::estimate::LARGEST_DISAGREEMENT;
use crate::exact::{self, Exact};
use crate::lattice::{Ensemble, Observables, Spins};
use crate::mc::{Algorithm, Simulation};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt::Write;
use std::ops::ControlFlow;

/// Autocorrelation times that thermalisation must last.
const THERMAL: f64 = 10.0;

/// How chains are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sweeps {
    /// Chains.
    pub chains: usize,
    /// Sweeps of each before the first measurement.
    pub thermalisation: usize,
    /// Measured sweeps of each.
    pub sweeps: usize,
    /// Sweeps from one measurement to the next.
    pub every: usize,
}

/// What Monte Carlo says of an ensemble.
#[derive(Debug, Clone, PartialEq)]
pub struct MonteCarlo {
    /// What was simulated.
    pub ensemble: Ensemble,
    /// How chains moved.
    pub algorithm: Algorithm,
    /// How long; `sweeps` is what was done if the simulation was stopped.
    pub sweeps: Sweeps,
    /// Averages, with autocorrelation times in measurements.
    pub statistics: ChainStatistics,
    /// Of Potts spins how often chains had every energy.
    pub energies: Option<EnergyCounts>,
    /// Seconds of sweeping and measuring.
    pub elapsed_s: f64,
    /// The reason why the chains were not in equilibrium when measuring began, if thermalisation found one.
    pub fault: Option<String>,
}

/// Measures chains in equilibrium. `keep` sees the simulation after every measurement; `observe` is told the sweeps done and
/// may stop.
///
/// # Errors
/// When the device or `keep` fails.
///
/// # Panics
/// When nothing is to be measured.
pub fn measure_chains(
    simulation: &mut Simulation,
    sweeps: Sweeps,
    keep: impl FnMut(&mut Simulation, usize) -> Result<()>,
    observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<MonteCarlo> {
    let Ensemble { system, beta } = simulation.setup().ensemble.clone();
    measure_beside(exact::solve(&system, beta), simulation, sweeps, keep, observe)
}

/// As [`measure_chains`], beside exact values that are known already, or that nobody asks for.
pub(super) fn measure_beside(
    exact: Option<Exact>,
    simulation: &mut Simulation,
    sweeps: Sweeps,
    mut keep: impl FnMut(&mut Simulation, usize) -> Result<()>,
    mut observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<MonteCarlo> {
    assert!(sweeps.sweeps >= sweeps.every && sweeps.every > 0 && sweeps.chains > 0, "nothing to measure");
    let ensemble = simulation.setup().ensemble.clone();
    let system = &ensemble.system;
    let mut energies = (system.spins != Spins::Ising).then(|| EnergyCounts::new(system, sweeps.chains));
    let mut chains = vec![Chain::new(&ensemble, sweeps.chains); sweeps.chains];
    let start = Instant::now();
    let mut done = 0;
    for measurement in 0..sweeps.sweeps / sweeps.every {
        simulation.sweep(sweeps.every)?;
        let of_chain = |observables: &Observables, chain: usize| {
            let energy = observables.energy(system.interaction, chain);
            [vec![energy], ensemble.values(observables, chain)].concat()
        };
        for (index, (chain, values)) in chains.iter_mut().zip(simulation.measure(of_chain)?).enumerate() {
            chain.push(&values[1..]);
            if let Some(energies) = &mut energies {
                energies.push(index, values[0], 1.0);
            }
        }
        keep(simulation, measurement)?;
        done += sweeps.every;
        if observe(done).is_break() {
            break;
        }
    }
    let elapsed_s = start.elapsed().as_secs_f64();
    Ok(MonteCarlo {
        algorithm: simulation.setup().algorithm,
        sweeps: Sweeps { sweeps: done, ..sweeps },
        statistics: Chain::statistics(&chains, &ensemble, exact),
        energies,
        ensemble,
        elapsed_s,
        fault: None,
    })
}

impl MonteCarlo {
    /// The longest integrated autocorrelation time of energy, |m| and order parameter, in sweeps: only an upper bound where
    /// sweeps between measurements leave nothing of it to be seen.
    pub fn tau_int_sweeps(&self) -> Option<f64> {
        Some(self.statistics.tau_int?.value * self.sweeps.every as f64)
    }

    /// Wall-clock seconds per independent configuration, of sweeping and measuring: what a network's seconds per effective
    /// sample are to be compared with.
    pub fn seconds_per_independent_configuration(&self) -> Option<f64> {
        Some(self.elapsed_s * self.statistics.tau_int?.value / self.statistics.count as f64)
    }

    /// Reasons to doubt the figures.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let unequal = |reason| {
            format!(
                "thermalisation ({}) does not show equilibrium: {reason}; {}",
                self.sweeps.thermalisation,
                self.cure()
            )
        };
        doubts.extend(self.fault.as_ref().map(unequal));
        if self.statistics.is_short {
            doubts.push(
                "the chains are short against their autocorrelation time: errors are too small; use more sweeps"
                    .to_owned(),
            );
        }
        let disagreement = |(name, deviation): &(&str, f64)| {
            (deviation.abs() > LARGEST_DISAGREEMENT).then(|| {
                format!(
                    "chains that started ordered and chains that started at random differ in {name} by {deviation:+.1} sigma: \
                     they are not in equilibrium; {}",
                    self.cure()
                )
            })
        };
        doubts.extend(self.statistics.halves.iter().find_map(disagreement));
        doubts.extend(self.few_thermal_sweeps());
        doubts.extend(self.statistics.quantities.iter().filter_map(Quantity::doubt));
        doubts
    }

    /// Doubts, and what the chains do not tell although they are as they should be.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.doubts();
        warnings.extend(untold(self.statistics.is_constant, &self.statistics.quantities));
        warnings
    }

    /// The way to equilibrium.
    fn cure(&self) -> String {
        let fitting = Algorithm::fitting(&self.ensemble.system);
        let other = if fitting == self.algorithm {
            String::new()
        } else {
            format!(", or --algorithm {}", fitting.name())
        };
        format!("use more --thermalisation{other}")
    }

    /// Says so if thermalisation was short against the measured autocorrelation time.
    fn few_thermal_sweeps(&self) -> Option<String> {
        let (tau, every) = (self.statistics.tau_int?, self.sweeps.every);
        let resolved = every == 1 || tau.value - 3.0 * tau.error > 1.0;
        let sweeps = tau.value * every as f64;
        (resolved && THERMAL * sweeps > self.sweeps.thermalisation as f64).then(|| {
            format!(
                "{} sweeps of thermalisation are few against an autocorrelation time of {sweeps:.0}; use \
                 --thermalisation {:.0}",
                self.sweeps.thermalisation,
                (2.0 * THERMAL * sweeps).ceil()
            )
        })
    }

    /// A table for people.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for quantity in &self.statistics.quantities {
            let _ = writeln!(text, "{}", line(quantity));
        }
        text.push_str(&describe_correlation(&self.statistics.correlation));
        if let Some(phases) = self.energies.as_ref().and_then(EnergyCounts::phases) {
            let _ = writeln!(text, "{phases}");
        }
        let every = match self.sweeps.every {
            1 => "one sweep".to_owned(),
            every => format!("{every} sweeps"),
        };
        let _ = writeln!(text, "{}", describe_tau(&self.statistics));
        let _ = writeln!(text, "{:<10} in steps of {every}", "");
        let _ = write!(text, "{:<10} {:.3} s", "time", self.elapsed_s);
        if let Some(seconds) = self.seconds_per_independent_configuration() {
            let _ = write!(text, ", {seconds:.2e} s per independent configuration");
        }
        text
    }
}

/// Flat, as for a network.
impl Serialize for MonteCarlo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.ensemble.serialize_entries(&mut map)?;
        map.serialize_entry("chains", &self.sweeps.chains)?;
        map.serialize_entry("thermalisation", &self.sweeps.thermalisation)?;
        map.serialize_entry("sweeps", &self.sweeps.sweeps)?;
        map.serialize_entry("every", &self.sweeps.every)?;
        map.serialize_entry("count", &self.statistics.count)?;
        self.statistics.serialize_entries(&mut map)?;
        serialize_tau(&mut map, &self.statistics)?;
        if let Some(energies) = &self.energies {
            map.serialize_entry("energy_histogram", &energies.bins())?;
            map.serialize_entry("phases", &energies.phases())?;
        }
        map.serialize_entry("tau_int_sweeps", &self.tau_int_sweeps())?;
        map.serialize_entry("elapsed_s", &self.elapsed_s)?;
        map.serialize_entry(
            "seconds_per_independent_configuration",
            &self.seconds_per_independent_configuration(),
        )?;
        map.serialize_entry("warnings", &self.warnings())?;
        map.end()
    }
}
