//! `han-gpu mc`.

use super::interrupt::Interrupt;
use super::progress::{Progress, wait};
use super::system::SystemArguments;
use super::verdict::Strict;
use crate::counted::counted;
use crate::gpu::setting_of_local_rank;
use crate::io::{check_memory, check_writable, write_configurations};
use crate::lattice::System;
use crate::mc::{Algorithm, Equilibrium, Setup, Simulation, Stage, equilibrate_watched, thermalise};
use crate::measure::{
    Integration, Kept, MonteCarlo, MonteCarloReport, Sweeps, Wanted, integrate_on_ranks, measure_chains,
    temperatures,
};
use crate::ranks::Ranks;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Monte Carlo of the same system with the same errors, to compare a network with.
///
/// Clusters are the better tool for energies, magnetisations and correlations of a ferromagnet, a network for ln Z and where a field or frustration spoils clusters: docs/GUIDE.md compares both, and tensor networks, by time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu mc --size 16 --beta 0.44 --sweeps 10000
  han-gpu mc --size 16 --beta 0.44 --sweeps 20000 --algorithm metropolis
  han-gpu mc --size 24 --beta 0.6 --field 0.5 --sweeps 5000
  han-gpu mc --size 16 --beta 0.44 --sweeps 1000 --out configs.npz
  han-gpu mc --lattice cubic --size 8 --beta 0.22165463 --sweeps 2000 --ln-z
  han-gpu mc --model potts --states 3 --size 16 --beta 1.005 --sweeps 5000")]
pub(super) struct Arguments {
    #[command(flatten)]
    system: SystemArguments,
    /// Measured sweeps of every chain
    ///
    /// Measured sweeps of every chain, rounded down to whole measurements
    #[arg(long)]
    sweeps: usize,
    /// Moves of the spins [default: by the system]
    ///
    /// wolff: single clusters, on the CPU; swendsen-wang: all clusters, on the CPU; metropolis: single spins, on any device; hybrid: a heat bath of every spin, a single
    /// cluster and a geometric cluster, on the CPU; tempering: two replicas at each of 8 temperatures and more, with a heat bath of every spin, which turn clusters together and exchange temperatures, on the
    /// CPU, or its heat bath on a GPU that is named [default: wolff; hybrid in a field, and for J < 0 on an odd side; tempering with couplings of single bonds, and on the complete lattice]. Potts spins (--model potts) move by wolff and swendsen-wang for J >= 0, by
    /// heat-bath, on any device, by hybrid, a heat bath and for J > 0 a single cluster, which is their default in a field and for J <= 0, and by multicanonical, hybrid sweeps beside a replica that crosses
    /// from phase to phase, which is their default where two phases can meet (H = 0, more than four colours, on the cubic lattice more than two), and by tempering on the CPU
    #[arg(long, value_enum)]
    algorithm: Option<AlgorithmName>,
    /// Independent chains [default: 16, 64 for metropolis]
    ///
    /// Independent chains, half of which start ordered and half at random [default: 16, 64 for metropolis]
    #[arg(long)]
    chains: Option<usize>,
    /// Sweeps before measuring [default: until equilibrium]
    ///
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
    /// auto, cpu, or a GPU by index or name
    ///
    /// auto, cpu, or index or name of a GPU; for metropolis, heat-bath and tempering (auto: on the CPU)
    #[arg(long, default_value = "auto")]
    device: String,
    /// Also ln Z, by integrating the energy from beta = 0 on
    ///
    /// Also ln Z, by integrating the energy over inverse temperatures from 0 on (32, or more beyond the critical point), each with as many
    /// chains and sweeps
    #[arg(long)]
    ln_z: bool,
    /// Keep configurations: spins int8, energy float64
    ///
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

pub(super) fn run(arguments: &Arguments, ranks: &Ranks) -> anyhow::Result<()> {
    let ensemble = arguments.system.ensemble()?;
    let sites = ensemble.system.lattice.sites();
    let (algorithm, mut sweeps) = plan(arguments, &ensemble.system)?;
    let out = arguments.out.as_deref().map(check_writable).transpose()?;
    if out.is_some() {
        let drawn = sweeps.sweeps / sweeps.every * sweeps.chains;
        check_memory("configurations", arguments.configurations.min(drawn), sites)?;
    }
    let setup = Setup { ensemble, algorithm, chains: sweeps.chains, seed: arguments.seed };
    let device = setting_of_local_rank(&arguments.device, ranks.local_rank());
    let mut simulation = Simulation::on_ranks(setup, &device, ranks)?;
    super::tell(&format!("device {}; {}", simulation.device(), counted(sweeps.chains, "chain")));
    let equilibrium = match arguments.thermalisation {
        Some(sweeps) => wait("thermalising", || thermalise(&mut simulation, sweeps))?,
        None => come_into_equilibrium(&mut simulation)?,
    };
    sweeps.thermalisation = equilibrium.sweeps;
    let mut kept = out.is_some().then(|| Kept::new(sweeps, arguments.configurations));
    let interrupt = Interrupt::listen();
    let mut progress = Progress::new("sweep", 0, sweeps.sweeps as u64);
    let keep = |simulation: &mut Simulation, measurement: usize| match &mut kept {
        Some(kept) => kept.see(simulation, measurement),
        None => Ok(()),
    };
    // All ranks stop where one is told to.
    let go_on = |interrupt: &Interrupt| match ranks.any(interrupt.flow().is_break()) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let measured = measure_chains(&mut simulation, sweeps, keep, |done| {
        progress.advance(done as u64);
        go_on(&interrupt)
    })?;
    progress.finish();
    let result = MonteCarlo { fault: equilibrium.fault, ..measured };
    let ln_z = match arguments.ln_z {
        true => ln_z(ranks, &result, arguments.seed, || go_on(&interrupt))?,
        false => None,
    };
    if !ranks.is_first() {
        return Ok(());
    }
    let device = simulation.device().to_owned();
    let report = MonteCarloReport::new(algorithm, device, arguments.seed, &result, ln_z);
    if arguments.json { super::print_json(&report) } else { super::print(&describe(&report)) }?;
    // A disk that is full should not cost the figures above.
    if let (Some(path), Some(kept)) = (&out, kept) {
        write_configurations(path, &result.ensemble, &kept.into_spins(sites))?;
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
            progress.say(counted(sweeps, "sweep"));
            progress.advance(sweeps as u64);
        }
        ControlFlow::Continue(())
    };
    equilibrate_watched(simulation, watch)
}

/// ln Z of what was measured; nothing where the user stopped it.
fn ln_z(
    ranks: &Ranks,
    result: &MonteCarlo,
    seed: u32,
    go_on: impl Fn() -> ControlFlow<()>,
) -> anyhow::Result<Option<Integration>> {
    let MonteCarlo { ensemble, algorithm, sweeps, .. } = result;
    let temperatures = temperatures(&ensemble.system, ensemble.beta);
    let mut progress = Progress::new("temperature", 0, temperatures as u64);
    let (system, beta) = (&ensemble.system, ensemble.beta);
    let found = integrate_on_ranks(ranks, system, beta, *algorithm, *sweeps, seed, |done| {
        progress.advance(done as u64);
        go_on()
    })?;
    progress.finish();
    Ok(found)
}

fn plan(arguments: &Arguments, system: &System) -> crate::Result<(Algorithm, Sweeps)> {
    let algorithm = arguments.algorithm.map(|name| match name {
        AlgorithmName::Wolff => Algorithm::Wolff,
        AlgorithmName::SwendsenWang => Algorithm::SwendsenWang,
        AlgorithmName::Metropolis => Algorithm::Metropolis,
        AlgorithmName::HeatBath => Algorithm::HeatBath,
        AlgorithmName::Hybrid => Algorithm::Hybrid,
        AlgorithmName::Multicanonical => Algorithm::Multicanonical,
        AlgorithmName::Tempering => Algorithm::Tempering,
    });
    let Arguments { chains, thermalisation, sweeps, every, configurations, .. } = *arguments;
    Wanted { algorithm, chains, thermalisation, sweeps, every, configurations }.plan(system)
}

fn describe(report: &MonteCarloReport<'_>) -> String {
    let result = report.result;
    let sweeps = result.sweeps;
    let mut lines = vec![
        result.ensemble.to_string(),
        format!(
            "{} of {} after {}, {} on {}, seed {}",
            counted(sweeps.chains, "chain"),
            counted(sweeps.sweeps, "sweep"),
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
