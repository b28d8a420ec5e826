//! A lattice at a temperature, on the command line.

use crate::lattice::{Ensemble, Interaction, Lattice, LatticeKind, System};

#[derive(Debug, clap::Args)]
pub(super) struct SystemArguments {
    /// Which sites are neighbours: square (four), or triangular (six: a bond down-right beside those right and down)
    #[arg(long, value_parser = lattice_kind, default_value = "square")]
    lattice: LatticeKind,
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
        let lattice = Lattice::new(self.lattice, self.size)?;
        System { lattice, interaction: Interaction::new(self.coupling, self.field)? }.at(self.beta)
    }
}

/// Reads the name of a kind of lattice.
pub(super) fn lattice_kind(name: &str) -> Result<LatticeKind, String> {
    let known = LatticeKind::ALL.map(LatticeKind::name).join(", ");
    let kind = LatticeKind::ALL.into_iter().find(|kind| kind.name() == name);
    kind.ok_or_else(|| format!("there are: {known}"))
}
