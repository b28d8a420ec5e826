//! A lattice at a temperature, on the command line.

use crate::lattice::{Ensemble, Interaction, Lattice, System};

#[derive(Debug, clap::Args)]
pub(super) struct SystemArguments {
    /// Side of the lattice, 2 to 1024; each site has a bond right and one down, so that at 2 every pair counts twice
    #[arg(long)]
    size: u32,
    /// Inverse temperature
    #[arg(long, allow_negative_numbers = true)]
    beta: f64,
    /// Coupling J; negative for the antiferromagnet
    #[arg(long, value_name = "J", default_value_t = 1.0, allow_negative_numbers = true)]
    coupling: f64,
    /// Field H
    #[arg(long, value_name = "H", default_value_t = 0.0, allow_negative_numbers = true)]
    field: f64,
}

impl SystemArguments {
    pub(super) fn ensemble(&self) -> crate::Result<Ensemble> {
        let lattice = Lattice::square(self.size)?;
        System { lattice, interaction: Interaction::new(self.coupling, self.field)? }.at(self.beta)
    }
}
