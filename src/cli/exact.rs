//! `han-gpu exact`.

use super::progress::wait;
use super::system::SystemArguments;
use crate::config::Config;
use crate::disorder::has_seed;
use crate::exact::{self, Transition};
use crate::lattice::{Ensemble, LatticeKind, SpinModel, Spins};
use serde::Serialize;

/// Print exact thermodynamics of a lattice.
///
/// Lattices are solved up to size 10 (cubic: 4), with or without field, and the square lattice without field at every size, but for
/// J < 0 on odd ones. Square lattices with a coupling for every bond (`--couplings`) are solved up to size 10, and without fields up to 32; other
/// lattices with such couplings up to 26 sites. The complete lattice with one coupling is solved at every size; without `--couplings cw` that is J of every
/// bond, and not J / N. Chains are solved at every size to 1,048,576, with or without field, also with a coupling for every bond; with one coupling the magnetisation is told too. With `--model potts --states q` the square lattice is solved while a row has at most 20,736 colourings: up to size 9 for 3 colours, 4 for 12, and 10 for 2, with a coupling for every bond too.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu exact --size 16 --beta 0.44
  han-gpu exact --size 128 --beta 0.44068679350977 --json
  han-gpu exact --size 10 --beta 0.6 --coupling -1 --field 0.3 --lattice triangular
  han-gpu exact --lattice chain --size 1000000 --beta 2 --field 0.01
  han-gpu exact --size 16 --beta 1 --couplings pm1 --disorder-seed 7
  han-gpu exact --model potts --states 3 --size 8 --beta 1.005")]
pub(super) struct Arguments {
    #[command(flatten)]
    system: SystemArguments,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Colours {
    model: SpinModel,
    states: usize,
}

#[derive(Serialize)]
struct Table {
    /// Model and colours of spins other than those of Ising.
    #[serde(flatten)]
    spins: Option<Colours>,
    lattice: LatticeKind,
    size: u32,
    beta: f64,
    /// Absent where every bond has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    coupling: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<f64>,
    /// The file or kind of disorder that `--couplings` named.
    #[serde(skip_serializing_if = "Option::is_none")]
    couplings: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disorder_seed: Option<u32>,
    ln_z: f64,
    /// Absent at beta = 0.
    free_energy_per_site: Option<f64>,
    energy_per_site: f64,
    /// In units of k_B.
    entropy_per_site: Option<f64>,
    specific_heat: f64,
    /// Mean spin, which chains alone have an exact value of here.
    #[serde(skip_serializing_if = "Option::is_none")]
    magnetisation_per_site: Option<f64>,
    /// The transition of the infinite lattice of Potts spins.
    #[serde(skip_serializing_if = "Option::is_none")]
    transition: Option<Transition>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let ensemble = arguments.system.ensemble()?;
    let Config { couplings: named, disorder_seed, .. } = arguments.system.config()?;
    let Ensemble { system, beta } = &ensemble;
    let solved = wait("solving the lattice exactly", || exact::solve(system, *beta));
    let exact = solved.ok_or_else(|| exact::refusal(system))?;
    let uniform = system.weights.is_none().then_some(system.interaction);
    let value = |name| ensemble.exact_value(name, Some(exact)).filter(|value| value.is_finite());
    let colours = Colours { model: system.spins.model(), states: system.spins.states() };
    let table = Table {
        spins: (system.spins != Spins::Ising).then_some(colours),
        lattice: system.lattice.kind(),
        size: system.lattice.side(),
        beta: *beta,
        coupling: uniform.map(|interaction| interaction.coupling),
        field: uniform.map(|interaction| interaction.field),
        disorder_seed: has_seed(&named).then_some(disorder_seed),
        couplings: (!named.is_empty()).then_some(named),
        ln_z: exact.ln_z,
        free_energy_per_site: value("free_energy_per_site"),
        // 0 and not -0 at infinite temperature.
        energy_per_site: exact.energy_per_site + 0.0,
        entropy_per_site: value("entropy_per_site"),
        specific_heat: exact.specific_heat,
        magnetisation_per_site: exact::magnetisation_per_site(system, *beta).map(|m| m + 0.0),
        transition: exact::transition(system),
    };
    if arguments.json {
        return super::print_json(&table);
    }
    let or_none = |value: Option<f64>| value.map_or("-".to_owned(), |value| value.to_string());
    super::print(&format!(
        "ln Z                  {}\nfree energy per site  {}\nenergy per site       {}\n\
         entropy per site      {}\nspecific heat         {}{}{}",
        table.ln_z,
        or_none(table.free_energy_per_site),
        table.energy_per_site,
        or_none(table.entropy_per_site),
        table.specific_heat,
        table.magnetisation_per_site.map_or(String::new(), |m| format!("\nmagnetisation         {m}")),
        table.transition.map_or(String::new(), described)
    ))
}

/// The transition of the infinite lattice, on a line of its own.
fn described(Transition { beta, energy_per_site, latent_heat }: Transition) -> String {
    let jump = match latent_heat {
        0.0 => "continuous".to_owned(),
        _ => format!("latent heat {latent_heat:.6}"),
    };
    format!(
        "\ninfinite lattice      orders at beta = {beta:.8}, energy per site {energy_per_site:.6} there, {jump}"
    )
}
