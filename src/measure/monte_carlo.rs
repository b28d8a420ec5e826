//! The same observables and errors from Monte Carlo chains: what a network is to be compared with.

use super::chain::{Chain, ChainStatistics};
use super::quantities::System;
use super::report::{describe_tau, line, serialize_tau};
use crate::error::Result;
use crate::exact;
use crate::mc::Simulation;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

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

/// What Monte Carlo says of a system.
#[derive(Debug, Clone, PartialEq)]
pub struct MonteCarlo {
    /// What was simulated.
    pub system: System,
    /// How; `sweeps` is what was done if the simulation was stopped.
    pub sweeps: Sweeps,
    /// Averages, with autocorrelation times in measurements.
    pub statistics: ChainStatistics,
    /// Seconds of all sweeps, measurements left out.
    pub sweeping_s: f64,
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
    system: System,
    sweeps: Sweeps,
    mut keep: impl FnMut(&mut Simulation, usize) -> Result<()>,
    mut observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<MonteCarlo> {
    assert!(sweeps.sweeps >= sweeps.every && sweeps.every > 0 && sweeps.chains > 0, "nothing to measure");
    let mut chains = vec![Chain::new(&system, sweeps.chains); sweeps.chains];
    let (mut done, mut sweeping) = (0, Duration::ZERO);
    for measurement in 0..sweeps.sweeps / sweeps.every {
        let start = Instant::now();
        simulation.sweep(sweeps.every)?;
        sweeping += start.elapsed();
        let observables = simulation.observe()?;
        for (index, chain) in chains.iter_mut().enumerate() {
            chain.push(&system.values(&observables, index));
        }
        keep(simulation, measurement)?;
        done += sweeps.every;
        if observe(done).is_break() {
            break;
        }
    }
    let exact = exact::solve(system.torus, system.interaction, system.beta);
    Ok(MonteCarlo {
        system,
        sweeps: Sweeps { sweeps: done, ..sweeps },
        statistics: Chain::statistics(&chains, &system, exact),
        sweeping_s: sweeping.as_secs_f64(),
    })
}

impl MonteCarlo {
    /// The longer integrated autocorrelation time of energy and |m|, in sweeps.
    pub fn tau_int_sweeps(&self) -> Option<f64> {
        let of = |found: &Option<crate::estimate::Autocorrelation>| Some(found.as_ref()?.tau_int.value);
        let longer = of(&self.statistics.energy)?.max(of(&self.statistics.abs_magnetisation)?);
        Some(longer * self.sweeps.every as f64)
    }

    /// Wall-clock seconds of sweeping per independent configuration: what a network's seconds per effective sample are to be
    /// compared with.
    pub fn seconds_per_independent_configuration(&self) -> Option<f64> {
        let configurations = (self.sweeps.sweeps * self.sweeps.chains) as f64;
        Some(self.sweeping_s * self.tau_int_sweeps()? / configurations)
    }

    /// What makes the figures doubtful.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.statistics.is_short {
            warnings.push(
                "the chains are short against their autocorrelation time: errors are too small; use more sweeps"
                    .to_owned(),
            );
        }
        let Some(tau) = self.tau_int_sweeps() else { return warnings };
        if THERMAL * tau > self.sweeps.thermalisation as f64 {
            warnings.push(format!(
                "{} sweeps of thermalisation are few against an autocorrelation time of {tau:.0}; use \
                 --thermalisation {:.0}",
                self.sweeps.thermalisation,
                (2.0 * THERMAL * tau).ceil()
            ));
        }
        warnings
    }

    /// A table for people.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for quantity in &self.statistics.quantities {
            let _ = writeln!(text, "{}", line(quantity));
        }
        let every = match self.sweeps.every {
            1 => "one sweep".to_owned(),
            every => format!("{every} sweeps"),
        };
        let _ = writeln!(text, "{}, in steps of {every}", describe_tau(&self.statistics));
        let _ = write!(text, "{:<10} {:.3} s of sweeps", "time", self.sweeping_s);
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
        self.system.serialize_entries(&mut map)?;
        map.serialize_entry("chains", &self.sweeps.chains)?;
        map.serialize_entry("thermalisation", &self.sweeps.thermalisation)?;
        map.serialize_entry("sweeps", &self.sweeps.sweeps)?;
        map.serialize_entry("every", &self.sweeps.every)?;
        map.serialize_entry("count", &self.statistics.count)?;
        self.statistics.serialize_entries(&mut map)?;
        serialize_tau(&mut map, &self.statistics)?;
        map.serialize_entry("tau_int_sweeps", &self.tau_int_sweeps())?;
        map.serialize_entry("sweeping_s", &self.sweeping_s)?;
        map.serialize_entry(
            "seconds_per_independent_configuration",
            &self.seconds_per_independent_configuration(),
        )?;
        map.serialize_entry("warnings", &self.warnings())?;
        map.end()
    }
}
