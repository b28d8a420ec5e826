//! Where the infinite square lattice of Potts spins orders, and how its energy jumps there (R. J. Baxter, J. Phys. C 6, L445, 1973).

use crate::lattice::{Spins, System};
use serde::Serialize;

/// The transition of the infinite lattice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Transition {
    /// `ln(1 + sqrt q) / J`.
    pub beta: f64,
    /// Energy per site, the mean of both phases where there are two: `-J (1 + 1 / sqrt q)`.
    pub energy_per_site: f64,
    /// Energy per site of the disordered phase less that of the ordered ones; 0 up to four colours, where the transition is continuous.
    pub latent_heat: f64,
}

/// Factors of the latent heat beyond which they are 1 to all digits: the argument of the last one's tanh is more than 40 for five colours.
const FACTORS: u32 = 100;

/// The transition of Potts spins on the square lattice with J > 0 and H = 0; nothing elsewhere.
pub fn transition(system: &System) -> Option<Transition> {
    let Spins::Potts { states } = system.spins else { return None };
    let (beta, coupling) = (system.critical_beta()?, system.interaction.coupling);
    let root = f64::from(states).sqrt();
    let energy = 1.0 + 1.0 / root;
    // 2 cosh theta = sqrt q.
    let latent = match states {
        0..=4 => 0.0,
        _ => {
            let theta = (root / 2.0).acosh();
            let factors = (1..=FACTORS).map(|n| (f64::from(n) * theta).tanh().powi(2));
            2.0 * energy * (theta / 2.0).tanh() * factors.product::<f64>()
        }
    };
    Some(Transition { beta, energy_per_site: -coupling * energy, latent_heat: coupling * latent })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Interaction, Lattice};

    fn of(states: u32, coupling: f64) -> Transition {
        let interaction = Interaction { coupling, field: 0.0 };
        transition(&System::potts(Lattice::square(4).unwrap(), interaction, states).unwrap()).unwrap()
    }

    #[test]
    fn latent_heats_are_the_published_ones() {
        // F. Y. Wu, Rev. Mod. Phys. 54, 235 (1982), and W. Janke, Phys. Rev. B 47, 14757 (1993).
        for (states, latent_heat) in
            [(2, 0.0), (4, 0.0), (5, 0.05292), (7, 0.35328), (8, 0.48636), (10, 0.69605)]
        {
            assert!(
                (of(states, 1.0).latent_heat - latent_heat).abs() < 6e-6,
                "{states}: {:?}",
                of(states, 1.0)
            );
        }
    }

    #[test]
    fn two_colours_have_the_energy_of_ising_spins_and_energies_follow_the_coupling() {
        // Onsager's -sqrt 2 for J = 1: half of it, less the shift of 1.
        assert!((of(2, 1.0).energy_per_site + 1.0 + 0.5_f64.sqrt()).abs() < 1e-12);
        let (one, three) = (of(7, 1.0), of(7, 3.0));
        assert!((three.beta - one.beta / 3.0).abs() < 1e-12);
        assert!((three.latent_heat - 3.0 * one.latent_heat).abs() < 1e-12);
        assert!((three.energy_per_site - 3.0 * one.energy_per_site).abs() < 1e-12);
    }
}
