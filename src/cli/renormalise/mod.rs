//! `han-gpu renormalise`: renormalisation in real space.

mod blocks;
mod chain;
mod map;

use crate::error::Error;
use crate::lattice::{Interaction, Lattice, System};

/// Most iterations of a flow.
const MAX_ITERATIONS: usize = 10_000;
/// Largest coupling in size that a flow starts from.
const MAX_COUPLING: f64 = 1e6;

/// Renormalisation of Ising spins in real space: recursions of couplings, and blocks of configurations.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Map(map::Arguments),
    Chain(chain::Arguments),
    Blocks(blocks::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Map(arguments) => map::run(arguments),
        Command::Chain(arguments) => chain::run(arguments),
        Command::Blocks(arguments) => blocks::run(arguments),
    }
}

/// Where flows of couplings start, and how long they are.
#[derive(Debug, clap::Args)]
struct Starts {
    /// Temperatures to start from, in units of J
    #[arg(long, value_name = "T,...", value_delimiter = ',', allow_hyphen_values = true)]
    from: Vec<f64>,
    /// Couplings K = 1 / T to start from, in place of temperatures
    #[arg(
        long,
        value_name = "K,...",
        value_delimiter = ',',
        allow_hyphen_values = true,
        conflicts_with = "from"
    )]
    couplings: Vec<f64>,
    /// Iterations of every start
    #[arg(long, default_value_t = 20)]
    iterations: usize,
}

impl Starts {
    /// The couplings to start from, those of `default` if none are given.
    fn couplings(&self, default: &[f64]) -> crate::Result<Vec<f64>> {
        if !(1..=MAX_ITERATIONS).contains(&self.iterations) {
            let expected = format!("it must lie in 1 to {MAX_ITERATIONS}");
            return Err(Error::setting("iterations", self.iterations, expected));
        }
        if let Some(temperature) =
            self.from.iter().find(|value| !(value.is_finite() && value.abs() >= 1.0 / MAX_COUPLING))
        {
            let expected =
                format!("temperatures must be finite, and at least {:e} in size", 1.0 / MAX_COUPLING);
            return Err(Error::setting("from", temperature, expected));
        }
        if let Some(coupling) =
            self.couplings.iter().find(|value| !(value.is_finite() && value.abs() <= MAX_COUPLING))
        {
            let expected = format!("couplings must lie in -{MAX_COUPLING:e} to {MAX_COUPLING:e}");
            return Err(Error::setting("couplings", coupling, expected));
        }
        let of_temperatures = self.from.iter().map(|temperature| 1.0 / temperature);
        let given: Vec<f64> = of_temperatures.chain(self.couplings.iter().copied()).collect();
        Ok(if given.is_empty() { default.to_vec() } else { given })
    }
}

/// The exact critical coupling of the square lattice.
fn exact_critical_coupling() -> crate::Result<f64> {
    let system = System::uniform(Lattice::square(2)?, Interaction::new(1.0, 0.0)?);
    Ok(system.critical_beta().unwrap_or(f64::NAN))
}
