//! A lattice at a temperature, on the command line.

use super::flags::{Flags, ForSystem};
use super::heading;
use crate::config::{Config, of_flags};
use crate::disorder::Disorder;
use crate::error::Error;
use crate::io::read_couplings;
use crate::lattice::{Ensemble, Interaction, Lattice, System};
use std::path::Path;

#[derive(Debug, clap::Args)]
pub(super) struct SystemArguments {
    #[command(flatten)]
    flags: Flags<ForSystem>,
}

impl SystemArguments {
    pub(super) fn ensemble(&self) -> crate::Result<Ensemble> {
        let Config { lattice, size, beta, coupling, field, .. } = of_flags(self.flags.given().clone())?;
        let lattice = Lattice::new(lattice, size)?;
        System::uniform(lattice, Interaction::new(coupling, field)?).at(beta)
    }

    /// The same with couplings of single bonds, if there are any.
    pub(super) fn ensemble_with(&self, couplings: &CouplingArguments) -> crate::Result<Ensemble> {
        let Some(named) = &couplings.couplings else { return self.ensemble() };
        let given = self.flags.given().clone();
        for name in ["coupling", "field"] {
            if let Some(value) = given.get(name) {
                let expected = format!("--couplings {named} gives every bond its own; leave --{name} out");
                return Err(Error::setting(name, value, expected));
            }
        }
        let Config { lattice, size, beta, .. } = of_flags(given)?;
        couplings.system(named, Lattice::new(lattice, size)?)?.at(beta)
    }
}

/// Couplings of single bonds, on the command line.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = heading::SYSTEM)]
pub(super) struct CouplingArguments {
    /// A coupling for every bond: a file (docs/FORMATS.md), or `pm1` (+1 or -1) or `gaussian`, which the disorder seed draws
    #[arg(long, value_name = "FILE|KIND")]
    pub(super) couplings: Option<String>,
    /// Seed of the disorder
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    disorder_seed: u32,
    /// The first site in a file of text, 0 or 1
    #[arg(long, value_name = "INDEX", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=1))]
    index_base: u32,
}

impl CouplingArguments {
    fn system(&self, named: &str, lattice: Lattice) -> crate::Result<System> {
        match named {
            "pm1" => Disorder::Pm1.system(lattice, self.disorder_seed),
            "gaussian" => Disorder::Gaussian.system(lattice, self.disorder_seed),
            path => read_couplings(Path::new(path), lattice, self.index_base),
        }
    }
}
