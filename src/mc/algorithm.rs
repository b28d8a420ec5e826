//! Which updates move a chain, and which of them fit a system.

use crate::error::{Error, Result};
use crate::lattice::{Interaction, Spins, System};
use serde::{Deserialize, Serialize};

/// How chains move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// Single clusters (U. Wolff, Phys. Rev. Lett. 62, 361, 1989), with a ghost spin for the field.
    Wolff,
    /// All clusters, each turned with probability 1/2 (R. H. Swendsen and J.-S. Wang, Phys. Rev. Lett. 58, 86, 1987), with a ghost spin
    /// for the field.
    #[serde(rename = "swendsen-wang")]
    SwendsenWang,
    /// Single spins (Metropolis et al., J. Chem. Phys. 21, 1087, 1953).
    Metropolis,
    /// A heat bath of every Potts spin.
    #[serde(rename = "heat-bath")]
    HeatBath,
    /// A sweep is a heat bath of every spin, a Wolff cluster and a geometric cluster (Heringa and Blöte, Phys. Rev. E 57, 4976, 1998); for Potts spins a heat bath, and a
    /// Wolff cluster where J > 0.
    Hybrid,
    /// Hybrid sweeps of Potts spins where two phases meet, and a replica that has all energies between both phases (B. A. Berg and T. Neuhaus,
    /// Phys. Rev. Lett. 68, 9, 1992).
    Multicanonical,
    /// Replicas at a ladder of temperatures, each with a heat bath of every spin, which exchange their temperatures (K. Hukushima and K. Nemoto,
    /// J. Phys. Soc. Jpn. 65, 1604, 1996). A chain is such a ladder.
    Tempering,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 7] = [
        Self::Wolff,
        Self::SwendsenWang,
        Self::Metropolis,
        Self::HeatBath,
        Self::Hybrid,
        Self::Multicanonical,
        Self::Tempering,
    ];

    /// The algorithm that fits a system: tempering where bonds have couplings of their own or join all sites; clusters alone where neither a field nor frustration
    /// nor two phases spoil them, multicanonical chains where two phases do, else all updates but tempering.
    pub fn fitting(system: &System) -> Self {
        if !system.is_homogeneous() {
            return Self::Tempering;
        }
        if let Spins::Potts { .. } = system.spins {
            let Interaction { coupling, field } = system.interaction;
            return match coupling > 0.0 && field == 0.0 {
                true if system.has_first_order() => Self::Multicanonical,
                true => Self::Wolff,
                false => Self::Hybrid,
            };
        }
        if system.has_spin_flip() && !system.is_frustrated() { Self::Wolff } else { Self::Hybrid }
    }

    /// Checks that chains of a system can move so.
    pub(super) fn check(self, system: &System) -> Result<()> {
        let refuse = |expected: &str| Err(Error::setting("algorithm", self.name(), expected));
        if !system.is_homogeneous() && self != Self::Tempering {
            return refuse(
                "where bonds have couplings of their own or join all sites, chains move by tempering",
            );
        }
        match (system.spins, self) {
            (Spins::Ising, Self::HeatBath) => {
                refuse("it is of Potts spins; single Ising spins move by metropolis")
            }
            (Spins::Ising, Self::Multicanonical) => {
                refuse("it is of Potts spins; Ising spins move by wolff or hybrid")
            }
            (Spins::Ising, _) | (Spins::Potts { .. }, Self::Hybrid | Self::HeatBath | Self::Tempering) => {
                Ok(())
            }
            (Spins::Potts { .. }, Self::Wolff | Self::SwendsenWang | Self::Multicanonical)
                if system.interaction.coupling >= 0.0 =>
            {
                Ok(())
            }
            (Spins::Potts { .. }, Self::Wolff | Self::SwendsenWang | Self::Multicanonical) => {
                refuse("it needs J >= 0; it must be hybrid, which is a heat bath there")
            }
            (Spins::Potts { .. }, Self::Metropolis) => {
                refuse("single spins of model = potts move by heat-bath")
            }
        }
    }

    /// The algorithm of a name.
    ///
    /// # Errors
    /// When there is none of it.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        found.ok_or_else(|| {
            let expected = format!("it must be one of {}", Self::ALL.map(Self::name).join(", "));
            Error::setting("algorithm", name, expected)
        })
    }

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wolff => "wolff",
            Self::SwendsenWang => "swendsen-wang",
            Self::Metropolis => "metropolis",
            Self::HeatBath => "heat-bath",
            Self::Hybrid => "hybrid",
            Self::Multicanonical => "multicanonical",
            Self::Tempering => "tempering",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_has_one_name_in_messages_and_files() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::named(algorithm.name()).unwrap(), algorithm);
            assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.name());
        }
        let refused = Algorithm::named("wulff").unwrap_err().to_string();
        assert!(refused.contains("wolff, swendsen-wang"), "{refused}");
    }
}
