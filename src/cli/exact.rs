//! `han-gpu exact`.

use super::progress::wait;
use super::system::SystemArguments;
use crate::config::Config;
use crate::exact::Transition;
use crate::measure::Solution;

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
  han-gpu exact --lattice triangular --size 10 --beta 1 --coupling -1 --field 1
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

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let ensemble = arguments.system.ensemble()?;
    let Config { couplings, disorder_seed, .. } = arguments.system.config()?;
    let table = wait("solving the lattice exactly", || Solution::of(&ensemble, &couplings, disorder_seed))?;
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
