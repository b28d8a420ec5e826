//! A lattice at a temperature, on the command line.

use super::flags::{Flags, ForSystem};
use crate::config::{Config, of_system};
use crate::lattice::Ensemble;

#[derive(Debug, clap::Args)]
pub(super) struct SystemArguments {
    #[command(flatten)]
    flags: Flags<ForSystem>,
}

impl SystemArguments {
    pub(super) fn ensemble(&self) -> crate::Result<Ensemble> {
        let config = self.config()?;
        config.system()?.at(config.beta)
    }

    /// The settings of the lattice, and defaults.
    pub(super) fn config(&self) -> crate::Result<Config> {
        of_system(self.flags.given().clone())
    }
}
