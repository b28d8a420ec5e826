//! The physical system that everything else is about: a lattice with its couplings, and the same at a temperature.

use super::{Lattice, LatticeKind, SpinModel, Spins, Weights};
use crate::error::{Error, Result};
use std::sync::Arc;

/// Largest size of J and H.
const MAX_INTERACTION: f64 = 1000.0;
/// Largest inverse temperature, alone and times J or H.
pub(crate) const MAX_BETA: f64 = 100.0;

/// Units of energy: `E(s) = -J sum_<ij> s_i s_j - H sum_i s_i`, of Potts spins `-J sum_<ij> delta(s_i, s_j) - H sum_i delta(s_i, 0)`. Both sums are integers, so that
/// energies are exact on every device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interaction {
    /// J, the energy of a bond; negative for the antiferromagnet.
    pub coupling: f64,
    /// H, the field on every spin; of Potts spins on colour 0.
    pub field: f64,
}

impl Interaction {
    /// J and H.
    ///
    /// # Errors
    /// When one is not finite or larger than 1000 in size.
    pub fn new(coupling: f64, field: f64) -> Result<Self> {
        for (name, value) in [("coupling", coupling), ("field", field)] {
            if !(value.is_finite() && value.abs() <= MAX_INTERACTION) {
                let expected = format!("it must lie in -{MAX_INTERACTION} to {MAX_INTERACTION}");
                return Err(Error::setting(name, format!("{value:?}"), expected));
            }
        }
        Ok(Self { coupling, field })
    }

    /// Field on a spin whose neighbours sum to `neighbours`: `J sum + H`, with a weight of H.
    pub fn local_field(self, neighbours: i32, weight: i32) -> f64 {
        self.coupling * f64::from(neighbours) + self.field * f64::from(weight)
    }

    /// Checks an inverse temperature for these couplings.
    ///
    /// # Errors
    /// When it is negative, NaN or above 100, or so large that `beta J` or `beta H` is above 100.
    pub fn check_beta(self, beta: f64) -> Result<f64> {
        if !(0.0..=MAX_BETA).contains(&beta) {
            return Err(Error::setting("beta", beta, format!("it must lie in 0 to {MAX_BETA}")));
        }
        for (name, value) in [("coupling", self.coupling), ("field", self.field)] {
            if beta * value.abs() > MAX_BETA {
                let expected = format!("beta times {name} must be at most {MAX_BETA} in size");
                return Err(Error::setting(name, value, expected));
            }
        }
        Ok(beta)
    }

    /// Energy from the integer bond sum and the integer sum of spins.
    pub fn energy(self, bond_sum: i64, spin_sum: i64) -> f64 {
        -self.coupling * bond_sum as f64 - self.field * spin_sum as f64
    }
}

/// Spins on a lattice.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// Sites and bonds.
    pub lattice: Lattice,
    /// The spins of the sites.
    pub spins: Spins,
    /// J and H; with weights their units.
    pub interaction: Interaction,
    /// Weights of single bonds and sites, where they are not all 1.
    pub weights: Option<Arc<Weights>>,
}

impl System {
    /// Ising spins with one coupling for all bonds and one field for all sites.
    pub fn uniform(lattice: Lattice, interaction: Interaction) -> Self {
        Self { lattice, spins: Spins::Ising, interaction, weights: None }
    }

    /// Potts spins of so many colours, with one coupling for all bonds and one field on colour 0.
    ///
    /// # Errors
    /// When there are fewer than 2 or more than 32 colours, or the lattice is neither the square nor the cubic one.
    pub fn potts(lattice: Lattice, interaction: Interaction, states: u32) -> Result<Self> {
        Self::uniform(lattice, interaction).of_colours(states)
    }

    /// The same lattice, couplings and fields with Potts spins of so many colours.
    ///
    /// # Errors
    /// As [`System::potts`].
    pub fn of_colours(self, states: u32) -> Result<Self> {
        match self.lattice.kind() {
            LatticeKind::Square | LatticeKind::Cubic => {}
            kind @ (LatticeKind::Triangular | LatticeKind::Complete | LatticeKind::Chain) => {
                return Err(Error::setting(
                    "lattice",
                    kind.name(),
                    "with model = potts it must be square or cubic",
                ));
            }
        }
        Ok(Self { spins: Spins::new(SpinModel::Potts, states)?, ..self })
    }

    /// Energy of one configuration, `[sites]` of +-1, or of colours.
    pub fn energy(&self, spins: &[i8]) -> f64 {
        self.interaction.energy(self.bond_sum(spins), self.spin_sum(spins))
    }

    /// Whether the ground states have every second spin up: whether order alternates from site to site.
    pub fn is_staggered(&self) -> bool {
        self.spins == Spins::Ising && self.interaction.coupling < 0.0 && self.lattice.is_bipartite()
    }

    /// The spin of a site in a configuration of least bond energy: all up for J >= 0; else every second spin on the square and the cubic lattice, of a chain
    /// (also where an odd side spoils the pattern along a line) and where all sites are neighbours, every second row on the triangular one.
    pub fn ordered_spin(&self, site: u32) -> i8 {
        let [plane, row, column] = self.lattice.place(site);
        let alternates = match self.lattice.kind() {
            LatticeKind::Square | LatticeKind::Cubic | LatticeKind::Complete | LatticeKind::Chain => {
                plane + row + column
            }
            LatticeKind::Triangular => row,
        };
        if self.interaction.coupling >= 0.0 || alternates.is_multiple_of(2) { 1 } else { -1 }
    }

    /// Whether no configuration satisfies all bonds.
    pub fn is_frustrated(&self) -> bool {
        match &self.weights {
            // Three colours leave no two neighbours alike on any square or cubic lattice.
            None => {
                self.interaction.coupling < 0.0 && !self.lattice.is_bipartite() && self.spins.states() == 2
            }
            // Without signs nothing is in conflict; with them, nearly always something is.
            Some(weights) => {
                weights.bonds.iter().any(|&weight| weight < 0) && self.interaction.coupling != 0.0
            }
        }
    }

    /// Whether reversing all spins leaves the energy as it is.
    pub fn has_spin_flip(&self) -> bool {
        self.spins == Spins::Ising && self.is_symmetric()
    }

    /// Whether any exchange of the values of spins, the same for all of them, leaves the energy as it is.
    pub fn is_symmetric(&self) -> bool {
        self.largest_interaction().field == 0.0
    }

    /// The inverse temperature at which the infinite lattice begins to order without a field, where it does: `ln(1 + sqrt 2) / 2` on the
    /// square lattice (Onsager), `ln(3) / 4` on the triangular one, 0.22165463 on the cubic one by Monte Carlo (arXiv:1806.03558), and `1 / N` where all
    /// sites are neighbours (Curie and Weiss). A chain orders at no temperature. Potts spins of q colours: `ln(1 + sqrt q)` on the square lattice.
    pub fn critical_beta(&self) -> Option<f64> {
        if let Spins::Potts { states } = self.spins {
            let Interaction { coupling, field } = self.interaction;
            let orders = self.lattice.kind() == LatticeKind::Square
                && coupling > 0.0
                && field == 0.0
                && self.weights.is_none();
            return orders.then(|| (1.0 + f64::from(states).sqrt()).ln() / coupling);
        }
        let at_unit_coupling = match self.lattice.kind() {
            LatticeKind::Square => 0.5 * (1.0 + 2_f64.sqrt()).ln(),
            LatticeKind::Triangular => 0.25 * 3_f64.ln(),
            LatticeKind::Cubic => 0.221_654_63,
            LatticeKind::Complete => 1.0 / self.lattice.sites() as f64,
            LatticeKind::Chain => return None,
        };
        let size = self.interaction.coupling.abs();
        let orders = self.has_spin_flip() && size > 0.0 && !self.is_frustrated() && self.weights.is_none();
        orders.then(|| at_unit_coupling / size)
    }

    /// Whether two phases of different energy meet at the critical temperature: of Potts spins with J > 0 and H = 0 with more than four colours in two dimensions, and with
    /// more than two in three.
    pub fn has_first_order(&self) -> bool {
        let Interaction { coupling, field } = self.interaction;
        let most_continuous = if self.lattice.dimensions() == 3 { 2 } else { 4 };
        matches!(self.spins, Spins::Potts { .. })
            && self.spins.states() > most_continuous
            && coupling > 0.0
            && field == 0.0
            && self.weights.is_none()
    }

    /// Whether all bonds are alike and lie along the axes of space: moves, mirrors and turns of the lattice leave the energy as it is, and sums over lines and
    /// distances tell it.
    pub fn is_homogeneous(&self) -> bool {
        self.weights.is_none() && self.lattice.is_spatial()
    }

    /// The system at an inverse temperature.
    ///
    /// # Errors
    /// As [`Interaction::check_beta`], for the largest coupling and field.
    pub fn at(self, beta: f64) -> Result<Ensemble> {
        self.largest_interaction().check_beta(beta)?;
        Ok(Ensemble { system: self, beta })
    }
}

/// `16 x 16, J 1, H 0`.
impl std::fmt::Display for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}, {}", self.lattice, self.spins, Couplings(self))
    }
}

/// `J 1, H 0`, `single J up to 1 and H up to 0`.
struct Couplings<'a>(&'a System);

impl std::fmt::Display for Couplings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Interaction { coupling, field } = self.0.largest_interaction();
        match self.0.weights {
            None => write!(f, "J {coupling}, H {field}"),
            Some(_) => write!(f, "single J up to {coupling} and H up to {field}"),
        }
    }
}

/// A system in thermal equilibrium: the Boltzmann distribution `exp(-beta E) / Z`.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    /// The system.
    pub system: System,
    /// Inverse temperature.
    pub beta: f64,
}

/// `16 x 16, beta 0.44, J 1, H 0`.
/// A number in as many digits as it has, ten at the most.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = format!("{:.10}", self.0);
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        // Beside 0 nothing would be left of a small number.
        if digits.parse() == Ok(self.0) || self.0.abs() >= 0.1 { f.write_str(digits) } else { self.0.fmt(f) }
    }
}

impl std::fmt::Display for Ensemble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}{}, beta {}, {}",
            self.system.lattice,
            self.system.spins,
            Short(self.beta),
            Couplings(&self.system)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energy_of_the_ground_state_and_of_one_flipped_spin() {
        let interaction = Interaction { coupling: 1.5, field: 0.25 };
        let system = |lattice| System::uniform(lattice, interaction);
        let mut spins = vec![1; 16];
        let [square, triangular] =
            [Lattice::square(4), Lattice::triangular(4)].map(|lattice| system(lattice.unwrap()));
        assert_eq!(square.energy(&spins), -1.5 * 32.0 - 4.0);
        assert_eq!(triangular.energy(&spins), -1.5 * 48.0 - 4.0);
        spins[5] = -1;
        assert_eq!(square.energy(&spins), -1.5 * 24.0 - 3.5);
        assert_eq!(triangular.energy(&spins), -1.5 * 36.0 - 3.5);
    }
}
