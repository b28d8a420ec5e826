//! `han-gpu exact`.

use crate::error::Error;
use crate::exact::solve;
use crate::lattice::{Interaction, Torus};
use serde::Serialize;

/// Print exact thermodynamics of the torus.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu exact --size 16 --beta 0.44
  han-gpu exact --size 128 --beta 0.44068679350977 --json")]
pub(super) struct Arguments {
    /// Side of the lattice, a power of two from 4 to 1024
    #[arg(long)]
    size: u32,
    /// Inverse temperature
    #[arg(long, allow_negative_numbers = true)]
    beta: f64,
    /// Coupling J
    #[arg(long, value_name = "J", default_value_t = 1.0, allow_negative_numbers = true)]
    coupling: f64,
    /// Field H; only size 4 can be solved with a field
    #[arg(long, value_name = "H", default_value_t = 0.0, allow_negative_numbers = true)]
    field: f64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Table {
    size: u32,
    beta: f64,
    coupling: f64,
    field: f64,
    ln_z: f64,
    /// -ln Z / (beta N); absent at beta = 0.
    free_energy_per_site: Option<f64>,
    energy_per_site: f64,
    /// In units of k_B.
    entropy_per_site: f64,
    specific_heat: f64,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { size, beta, coupling, field, json } = arguments;
    let torus = Torus::new(size)?;
    let interaction = Interaction::new(coupling, field)?;
    interaction.check_beta(beta)?;
    let exact = solve(torus, interaction, beta).ok_or_else(|| {
        Error::setting(
            "field",
            field,
            "no exact solution is known with a field, and only size 4 can be enumerated",
        )
    })?;
    let sites = torus.sites() as f64;
    let table = Table {
        size,
        beta,
        coupling,
        field,
        ln_z: exact.ln_z,
        free_energy_per_site: (beta > 0.0).then(|| -exact.ln_z / (beta * sites)),
        energy_per_site: exact.energy_per_site,
        entropy_per_site: beta * exact.energy_per_site + exact.ln_z / sites,
        specific_heat: exact.specific_heat,
    };
    if json {
        return super::print_json(&table);
    }
    let free_energy = table.free_energy_per_site.map_or("-".to_owned(), |value| value.to_string());
    super::print(&format!(
        "ln Z                  {}\nfree energy per site  {free_energy}\nenergy per site       {}\n\
         entropy per site      {}\nspecific heat         {}",
        table.ln_z, table.energy_per_site, table.entropy_per_site, table.specific_heat
    ))
}
