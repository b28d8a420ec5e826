//! A lattice at a temperature, on the command line.

use super::flags::{Flags, ForSystem};
use crate::config::{Config, of_flags};
use crate::lattice::{Ensemble, Interaction, Lattice, System};

#[derive(Debug, clap::Args)]
pub(super) struct SystemArguments {
    #[command(flatten)]
    flags: Flags<ForSystem>,
}

impl SystemArguments {
    pub(super) fn ensemble(&self) -> crate::Result<Ensemble> {
        let Config { lattice, size, beta, coupling, field, .. } = of_flags(self.flags.given().clone())?;
        let lattice = Lattice::new(lattice, size)?;
        System { lattice, interaction: Interaction::new(coupling, field)? }.at(beta)
    }
}
