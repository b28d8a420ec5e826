//! `han-gpu mc`.

use super::interrupt::Interrupt;
use super::progress::{Progress, wait};
use super::system::SystemArguments;
use super::verdict::Strict;
use crate::config::MAX_SAMPLES;
use crate::error::Error;
use crate::exact;
use crate::io::{check_memory, check_writable, write_configurations};
use crate::lattice::System;
use crate::mc::{Algorithm, Equilibrium, Setup, Simulation, Stage, equilibrate_watched, thermalise};
use crate::measure::{Integration, MonteCarlo, Sweeps, integrate, measure_chains, temperatures};
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Most chains.
const MAX_CHAINS: usize = 1 << 16;
/// Most sweeps of a chain: their number is a 32-bit part of the random numbers' counter.
const MAX_SWEEPS: usize = 1 << 31;

/// Monte Carlo of the same system with the same errors, to compare a network with.
///
/// Clusters are the better tool for energies, magnetisations and correlations of a ferromagnet, a network for ln Z and where a field or frustration spoils clusters: docs/GUIDE.md compares both, and tensor networks, by time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu mc --size 16 --beta 0.44 --sweeps 10000
  han-gpu mc --size 16 --beta 0.44 --sweeps 20000 --algorithm metropolis --thermalisation 5000
  han-gpu mc --size 24 --beta 0.6 --field 0.5 --sweeps 5000
  han-gpu mc --size 16 --beta 0.44 --sweeps 1000 --out configs.npz
  han-gpu mc --lattice cubic --size 8 --beta 0.22165463 --sweeps 2000 --ln-z
  han-gpu mc --model potts --states 3 --size 16 --beta 1.005 --sweeps 5000")]
pub(super) struct Arguments {
    #[command(flatten)]
    system: SystemArguments,
    /// Measured sweeps of every chain, rounded down to whole measurements
    #[arg(long)]
    sweeps: usize,
    /// wolff: single clusters, on the CPU; swendsen-wang: all clusters, on the CPU; metropolis: single spins, on any device; hybrid: a heat bath of every spin, a single
    /// cluster and a geometric cluster, on the CPU; tempering: two replicas at each of 8 temperatures and more, with a heat bath of every spin, which turn clusters together and exchange temperatures, on the
    /// CPU, or its heat bath on a GPU that is named [default: wolff; hybrid in a field, and for J < 0 on an odd side; tempering with couplings of single bonds, and on the complete lattice]. Potts spins (--model potts) move by wolff and swendsen-wang for J >= 0, by
    /// heat-bath, on any device, by hybrid, a heat bath and for J > 0 a single cluster, which is their default in a field and for J <= 0, and by multicanonical, hybrid sweeps beside a replica that crosses
    /// from phase to phase, which is their default where two phases can meet (H = 0, more than four colours, on the cubic lattice more than two), and by tempering on the CPU
    #[arg(long, value_enum)]
    algorithm: Option<AlgorithmName>,
    /// Independent chains, half of which start ordered and half at random [default: 16, 64 for metropolis]
    #[arg(long)]
    chains: Option<usize>,
    /// Sweeps of every chain before the first measurement [default: until chains from both starts agree, and many
    /// autocorrelation times]
    #[arg(long)]
    thermalisation: Option<usize>,
    /// Sweeps from one measurement to the next
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Seed
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// auto, cpu, or index or name of a GPU; for metropolis, heat-bath and tempering (auto: on the CPU)
    #[arg(long, default_value = "auto")]
    device: String,
    /// Also ln Z, by integrating the energy over inverse temperatures from 0 on (32, or more beyond the critical point), each with as many
    /// chains and sweeps
    #[arg(long)]
    ln_z: bool,
    /// Keep configurations, evenly spread over the measurements: spins int8 [N, L, L] (cubic: [N, L, L, L]), energy float64 [N]
    #[arg(long, value_name = "FILE.npz")]
    out: Option<PathBuf>,
    /// How many configurations to keep at most
    #[arg(long, default_value_t = 10_000)]
    configurations: usize,
    #[command(flatten)]
    strict: Strict,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum)]
enum AlgorithmName {
    Wolff,
    SwendsenWang,
    Metropolis,
    HeatBath,
    Multicanonical,
    Hybrid,
    Tempering,
}

#[derive(Serialize)]
struct Report<'a> {
    algorithm: Algorithm,
    device: String,
    seed: u32,
    #[serde(flatten)]
    result: &'a MonteCarlo,
    #[serde(skip_serializing_if = "Option::is_none")]
    ln_z: Option<Integration>,
    /// Where ln Z is asked for and known.
    #[serde(skip_serializing_if = "Option::is_none")]
    ln_z_exact: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ln_z_deviation: Option<f64>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let ensemble = arguments.system.ensemble()?;
    let sites = ensemble.system.lattice.sites();
    let (algorithm, mut sweeps) = plan(arguments, &ensemble.system)?;
    let out = arguments.out.as_deref().map(check_writable).transpose()?;
    if out.is_some() {
        let drawn = sweeps.sweeps / sweeps.every * sweeps.chains;
        check_memory("configurations", arguments.configurations.min(drawn), sites)?;
    }
    let setup = Setup { ensemble, algorithm, chains: sweeps.chains, seed: arguments.seed };
    let mut simulation = Simulation::new(setup, &arguments.device)?;
    super::tell(&format!("device {}; {} chains", simulation.device(), sweeps.chains));
    let equilibrium = match arguments.thermalisation {
        Some(sweeps) => wait("thermalising", || thermalise(&mut simulation, sweeps))?,
        None => come_into_equilibrium(&mut simulation)?,
    };
    sweeps.thermalisation = equilibrium.sweeps;
    let mut spins = Vec::new();
    let distance = rounds_between(sweeps, arguments.configurations);
    let interrupt = Interrupt::listen();
    let mut progress = Progress::new("sweep", 0, sweeps.sweeps as u64);
    let keep = |simulation: &mut Simulation, measurement: usize| {
        if out.is_some() && measurement.is_multiple_of(distance) {
            spins.extend(simulation.spins()?);
        }
        Ok(())
    };
    let measured = measure_chains(&mut simulation, sweeps, keep, |done| {
        progress.advance(done as u64);
        interrupt.flow()
    })?;
    progress.finish();
    let result = MonteCarlo { fault: equilibrium.fault, ..measured };
    spins.truncate(arguments.configurations * sites);
    let ln_z = if arguments.ln_z { ln_z(&result, arguments.seed, &interrupt)? } else { None };
    let device = simulation.device().to_owned();
    let known = || exact::ln_z(&result.ensemble.system, result.ensemble.beta);
    let ln_z_exact = ln_z.as_ref().and_then(|_| known());
    let ln_z_deviation = ln_z.as_ref().zip(ln_z_exact).map(|(found, exact)| found.ln_z.deviation(exact));
    let seed = arguments.seed;
    let report = Report { algorithm, device, seed, result: &result, ln_z, ln_z_exact, ln_z_deviation };
    if arguments.json { super::print_json(&report) } else { super::print(&describe(&report)) }?;
    // A disk that is full should not cost the figures above.
    if let Some(path) = &out {
        write_configurations(path, &result.ensemble, &spins)?;
    }
    let of_nodes = report.ln_z.iter().flat_map(|ln_z| ln_z.warnings.clone());
    let doubts: Vec<String> = result.doubts().into_iter().chain(of_nodes).collect();
    arguments.strict.check(&doubts)
}

/// Moves chains until they are in equilibrium; until then there is nothing to report, and a signal ends the program at once.
pub(super) fn come_into_equilibrium(simulation: &mut Simulation) -> crate::Result<Equilibrium> {
    let mut progress = Progress::endless("Monte Carlo comes into equilibrium");
    let watch = &mut |stage| {
        if let Stage::Equilibrating { sweeps } = stage {
            progress.say(format!("{sweeps} sweeps"));
            progress.advance(sweeps as u64);
        }
        ControlFlow::Continue(())
    };
    equilibrate_watched(simulation, watch)
}

/// ln Z of what was measured; nothing where the user stopped it.
fn ln_z(result: &MonteCarlo, seed: u32, interrupt: &Interrupt) -> anyhow::Result<Option<Integration>> {
    let MonteCarlo { ensemble, algorithm, sweeps, .. } = result;
    let temperatures = temperatures(&ensemble.system, ensemble.beta);
    let mut progress = Progress::new("temperature", 0, temperatures as u64);
    let found = integrate(&ensemble.system, ensemble.beta, *algorithm, *sweeps, seed, |done| {
        progress.advance(done as u64);
        interrupt.flow()
    })?;
    progress.finish();
    Ok(found)
}

/// Measurements from one whose configurations are kept to the next: whole rounds of all chains, evenly spread.
fn rounds_between(sweeps: Sweeps, configurations: usize) -> usize {
    (sweeps.sweeps / sweeps.every * sweeps.chains).div_ceil(configurations)
}

fn plan(arguments: &Arguments, system: &System) -> anyhow::Result<(Algorithm, Sweeps)> {
    let algorithm = match arguments.algorithm {
        None => Algorithm::fitting(system),
        Some(AlgorithmName::Wolff) => Algorithm::Wolff,
        Some(AlgorithmName::SwendsenWang) => Algorithm::SwendsenWang,
        Some(AlgorithmName::Metropolis) => Algorithm::Metropolis,
        Some(AlgorithmName::HeatBath) => Algorithm::HeatBath,
        Some(AlgorithmName::Hybrid) => Algorithm::Hybrid,
        Some(AlgorithmName::Multicanonical) => Algorithm::Multicanonical,
        Some(AlgorithmName::Tempering) => Algorithm::Tempering,
    };
    let is_single = matches!(algorithm, Algorithm::Metropolis | Algorithm::HeatBath);
    let chains = if is_single { 64 } else { 16 };
    let sweeps = Sweeps {
        chains: arguments.chains.unwrap_or(chains),
        thermalisation: arguments.thermalisation.unwrap_or(1),
        // Whole measurements.
        sweeps: arguments.sweeps - arguments.sweeps % arguments.every.max(1),
        every: arguments.every,
    };
    for (name, value, least, most) in [
        ("chains", sweeps.chains, 1, MAX_CHAINS),
        ("every", sweeps.every, 1, MAX_SWEEPS),
        ("sweeps", arguments.sweeps, sweeps.every, MAX_SWEEPS),
        ("thermalisation", sweeps.thermalisation, 1, MAX_SWEEPS),
        ("configurations", arguments.configurations, 1, MAX_SAMPLES),
    ] {
        if !(least..=most).contains(&value) {
            return Err(Error::setting(name, value, format!("it must lie in {least} to {most}")).into());
        }
    }
    Ok((algorithm, sweeps))
}

fn describe(report: &Report<'_>) -> String {
    let result = report.result;
    let sweeps = result.sweeps;
    let mut lines = vec![
        result.ensemble.to_string(),
        format!(
            "{} of {} sweeps after {}, {} on {}, seed {}",
            if sweeps.chains == 1 { "1 chain".to_owned() } else { format!("{} chains", sweeps.chains) },
            sweeps.sweeps,
            sweeps.thermalisation,
            report.algorithm.name(),
            report.device,
            report.seed
        ),
        result.describe(),
    ];
    if let Some(Integration { ln_z, nodes, .. }) = &report.ln_z {
        let beside = report.ln_z_exact.map_or(String::new(), |exact| {
            format!("   exact {exact:.6}, off by {:+.1} sigma", ln_z.deviation(exact))
        });
        lines.push(format!("ln Z       {:.5} +- {:.5}{beside}", ln_z.value, ln_z.error));
        lines.push(format!("           the energy integrated over {} temperatures", nodes.len()));
    }
    let of_nodes = report.ln_z.iter().flat_map(|ln_z| ln_z.warnings.clone());
    let warnings = result.warnings().into_iter().chain(of_nodes);
    lines.extend(warnings.map(|warning| format!("WARNING    {warning}")));
    lines.join("\n")
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
            let distance =
                rounds_between(Sweeps { chains, thermalisation: 1, sweeps, every }, configurations);
            let measurements = sweeps / every;
            let kept = measurements.div_ceil(distance) * chains;
            let most = (measurements * chains).min(configurations);
            assert!(kept <= most + chains && 3 * kept >= most, "{kept} of {most}");
        }
    }
}
