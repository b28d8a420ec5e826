//! The closed chain by its transfer matrix (E. Ising, Z. Phys. 31, 253, 1925; H. A. Kramers and G. H. Wannier, Phys. Rev. 60, 252, 1941): any J and H, at any temperature.
//!
//! An entry of a product of matrices holds the moments of all configurations of a piece of the chain between two given spins. Sums and products of positive terms leave
//! ln Z, U and C their digits where the difference of two eigenvalues would not.

use super::Exact;
use super::moments::{Moments, gain_when_hot};
use super::wide::Wide;
use crate::lattice::{Interaction, Spins, System, Weights};
use std::f64::consts::LN_2;

/// ln Z, energy and specific heat of a chain with one coupling, by repeated squaring.
pub(super) fn solve(system: &System, beta: f64) -> Exact {
    let sites = system.lattice.side();
    let interaction = system.interaction;
    let closed =
        |beta: f64| Piece::of_site(interaction, beta, 1, 1).power(sites, interaction).closed(interaction);
    let all = closed(beta);
    let largest = interaction.coupling.abs().max(interaction.field.abs());
    let gain = gain_when_hot(beta, largest, |beta| closed(beta).variance);
    exact(&all, gain.unwrap_or_else(|| all.gain(interaction)), sites, beta)
}

/// The same with a coupling for every bond and a field on every site.
pub(super) fn solve_weighted(system: &System, weights: &Weights, beta: f64) -> Exact {
    let interaction = system.interaction;
    let mut sites = weights.bonds.iter().zip(&weights.sites);
    let mut next = || sites.next().map(|(&bond, &site)| Piece::of_site(interaction, beta, bond, site));
    let mut piece = next().unwrap_or(Piece::of_site(interaction, beta, 0, 0));
    while let Some(site) = next() {
        piece = piece.times(&site, interaction);
    }
    let all = piece.closed(interaction);
    exact(&all, all.gain(interaction), system.lattice.side(), beta)
}

fn exact(all: &Moments, gain: f64, sites: u32, beta: f64) -> Exact {
    let sites = f64::from(sites);
    Exact {
        ln_z: sites * LN_2 + all.weight.ln(),
        energy_per_site: 0.0 - gain / sites,
        specific_heat: beta * beta * all.variance / sites,
    }
}

/// Moments of a piece of the chain, `[first spin up][spin behind the last up]`: its sites without the one behind the last, and the bonds up to that one.
#[derive(Debug, Clone, Copy)]
struct Piece([[Moments; 2]; 2]);

impl Piece {
    /// A site with its bond to the next one: the transfer matrix, over 2.
    fn of_site(interaction: Interaction, beta: f64, bond: i32, site: i32) -> Self {
        let single = |up: usize, next_up: usize| {
            let [spin, next] = [up, next_up].map(|up| if up == 1 { 1.0 } else { -1.0 });
            let (bonds, spins) = (f64::from(bond) * spin * next, f64::from(site) * spin);
            let one = Moments { weight: Wide::exp(0.0), bonds, spins, variance: 0.0 };
            Moments { weight: Wide::exp(beta * one.gain(interaction)).halved(1), ..one }
        };
        Self([0, 1].map(|up| [0, 1].map(|next_up| single(up, next_up))))
    }

    /// This piece and the one that follows it.
    fn times(&self, next: &Self, interaction: Interaction) -> Self {
        let entry = |first: usize, last: usize| {
            let [down, up] = [0, 1].map(|between| self.0[first][between].with(&next.0[between][last]));
            down.and(up, interaction)
        };
        Self([0, 1].map(|first| [0, 1].map(|last| entry(first, last))))
    }

    /// So many copies of this piece, one or more, one behind the other.
    fn power(&self, copies: u32, interaction: Interaction) -> Self {
        let bits = (0..copies.ilog2()).rev().map(|bit| copies >> bit & 1 == 1);
        bits.fold(*self, |piece, is_odd| {
            let twice = piece.times(&piece, interaction);
            if is_odd { twice.times(self, interaction) } else { twice }
        })
    }

    /// The chain whose last bond leads to its first spin.
    fn closed(&self, interaction: Interaction) -> Moments {
        self.0[0][0].and(self.0[1][1], interaction)
    }
}

/// The mean spin of a closed chain of Ising spins with one coupling, to all digits; nothing for other systems.
///
/// With `K = beta J`, `h = beta H`, `S = (sinh^2 h + exp(-4 K))^(1/2)` and the eigenvalues `exp(K) (cosh h +- S)` it is `sinh h / S` times `(1 - r^N) / (1 + r^N)`, where r is their ratio.
pub fn magnetisation_per_site(system: &System, beta: f64) -> Option<f64> {
    if !system.lattice.is_chain() || system.spins != Spins::Ising || system.weights.is_some() {
        return None;
    }
    let Interaction { coupling, field } = system.interaction;
    let (k, h, side) = (beta * coupling, beta * field, system.lattice.side());
    let root = h.sinh().hypot((-2.0 * k).exp());
    // r = (1 - q) / (1 + q), of which tanh(N artanh q) keeps the digits.
    let q = root / h.cosh();
    let finite = (f64::from(side) * q.min(1.0 / q).atanh()).tanh();
    let is_odd = q > 1.0 && !side.is_multiple_of(2);
    Some(h.sinh() / root * if is_odd { 1.0 / finite } else { finite })
}

#[cfg(test)]
mod tests {
    use super::super::enumeration::{enumerate, levels};
    use super::super::gray;
    use super::super::jet::Jet;
    use super::*;
    use crate::lattice::Lattice;

    fn system(sites: u32, coupling: f64, field: f64) -> System {
        System::uniform(Lattice::chain(sites).unwrap(), Interaction { coupling, field })
    }

    const INTERACTIONS: [(f64, f64); 7] =
        [(1.0, 0.0), (-1.0, 0.0), (1.0, 0.2), (-1.0, 0.3), (-0.75, -3.0), (0.3, -1e-3), (0.0, 0.9)];

    /// Specific heats where states of different bonds and spins have one energy (here at beta = 33) are rounding.
    const ROUNDING: f64 = 1e-26;

    fn assert_near(found: f64, expected: f64, tolerance: f64, of: &str) {
        let error = (found - expected).abs();
        assert!(error <= tolerance * expected.abs() || error < ROUNDING, "{of}: {found}, not {expected}");
    }

    #[test]
    fn agrees_with_sums_over_all_configurations() {
        for sites in 2..=12 {
            let levels = levels(Lattice::chain(sites).unwrap());
            for (coupling, field) in INTERACTIONS {
                let system = system(sites, coupling, field);
                for beta in [0.0, 1e-300, 1e-9, 9e-5, 1.3e-4, 0.01, 0.3, 1.0, 5.0, 20.0, 33.0] {
                    let (found, expected) = (solve(&system, beta), enumerate(&levels, &system, beta));
                    let of = format!("{system}, beta {beta}");
                    assert_near(found.ln_z, expected.ln_z, 1e-13, &of);
                    assert_near(found.energy_per_site, expected.energy_per_site, 1e-11, &of);
                    assert_near(found.specific_heat, expected.specific_heat, 1e-10, &of);
                    let most = levels.keys().map(|&(bonds, spins)| -system.interaction.energy(bonds, spins));
                    let most = most.fold(f64::NEG_INFINITY, f64::max);
                    let sum = |term: &dyn Fn(i64) -> f64| -> f64 {
                        let weight = |bonds, spins| {
                            (-beta * system.interaction.energy(bonds, spins) - beta * most).exp()
                        };
                        levels
                            .iter()
                            .map(|(&(bonds, spins), states)| states * weight(bonds, spins) * term(spins))
                            .sum()
                    };
                    let mean = sum(&|spins| spins as f64) / sum(&|_| 1.0) / f64::from(sites);
                    let m = magnetisation_per_site(&system, beta).unwrap();
                    assert!((m - mean).abs() < 1e-13, "{of}: {m}, not {mean}");
                }
            }
        }
    }

    /// ln Z of a long chain from its eigenvalues, with derivatives by beta.
    fn by_eigenvalues(system: &System, beta: f64) -> Jet {
        let beta = Jet::variable(beta);
        let (k, h) = (beta * system.interaction.coupling, beta * system.interaction.field);
        let half = |x: Jet| (x.ln() * 0.5).exp();
        let root = half(h.sinh() * h.sinh() + (k * -4.0).exp());
        let cosh = half(h.sinh() * h.sinh() + Jet::constant(1.0));
        let sites = f64::from(system.lattice.side());
        let other = (cosh - root) * (cosh - root);
        let even = [(1.0, (k + (cosh + root).ln()) * sites), (1.0, (k + other.ln() * 0.5) * sites)];
        Jet::ln_sum_exp(&even)
    }

    #[test]
    fn long_chains_are_those_of_the_eigenvalues() {
        for sites in [100, 1000, 1 << 20] {
            for (coupling, field, beta) in
                [(1.0, 0.3, 0.4), (-1.0, 0.3, 0.7), (0.5, -0.1, 1.9), (-0.8, 0.01, 2.0), (1.0, 1e-3, 1.5)]
            {
                let system = system(sites, coupling, field);
                let (found, expected) = (solve(&system, beta), by_eigenvalues(&system, beta));
                let of = format!("{system}, beta {beta}");
                let per_site = 1.0 / f64::from(sites);
                assert_near(found.ln_z, expected.value, 1e-13, &of);
                assert_near(found.energy_per_site, -expected.first * per_site, 1e-11, &of);
                assert_near(found.specific_heat, beta * beta * expected.second * per_site, 1e-10, &of);
            }
        }
    }

    #[test]
    fn the_largest_chain_at_the_lowest_temperature_keeps_its_digits() {
        let sites = 1 << 20;
        for (coupling, field, beta, energy) in [
            (1.0, 1.0, 100.0, -2.0),
            (-1.0, 0.5, 100.0, -1.0),
            (-1.0, -3.0, 30.0, -2.0),
            (0.01, 0.0, 10.0, -0.01 * 0.1_f64.tanh()),
        ] {
            let found = solve(&system(sites, coupling, field), beta);
            assert_near(found.energy_per_site, energy, 1e-12, &format!("{found:?}"));
            assert!(found.specific_heat.is_finite() && found.specific_heat >= 0.0, "{found:?}");
            let entropy = found.ln_z / f64::from(sites) + beta * found.energy_per_site;
            assert!((-1e-12..LN_2).contains(&entropy), "{entropy} of {found:?}");
        }
        // The first excitations are pairs of kinks, at N (N - 1) / 2 pairs of bonds, with the energy 4 J.
        let cold = solve(&system(100, 1.0, 0.0), 30.0);
        let kinks = 100.0 * 99.0 / 2.0 * (-120.0_f64).exp();
        assert_near(cold.specific_heat, 900.0 * 16.0 * kinks / 100.0, 1e-10, "pairs of kinks");
        // The field turns all spins together.
        let magnetisation = magnetisation_per_site(&system(sites, 1.0, 1e-300), 100.0).unwrap();
        assert!((magnetisation / 1e-298 / f64::from(sites) - 1.0).abs() < 1e-12, "{magnetisation}");
    }

    #[test]
    fn single_couplings_agree_with_sums_over_all_configurations() {
        for sites in [2, 3, 8, 13] {
            let value = |at: usize| f64::from((at * 37 % 11) as u8) / 4.0 - 1.2;
            let couplings: Vec<f64> = (0..sites).map(value).collect();
            let fields: Vec<f64> = (0..sites).map(|site| value(site + 5) / 3.0).collect();
            let lattice = Lattice::chain(sites as u32).unwrap();
            let system = System::with_couplings(lattice, &couplings, &fields).unwrap();
            for beta in [0.0, 0.3, 1.0, 5.0] {
                let found = solve_weighted(&system, system.weights.as_ref().unwrap(), beta);
                let expected = gray::solve(&system, beta);
                let of = format!("{sites} sites at {beta}");
                assert_near(found.ln_z, expected.ln_z, 1e-12, &of);
                assert!((found.energy_per_site - expected.energy_per_site).abs() < 1e-11, "{of}");
                assert!((found.specific_heat - expected.specific_heat).abs() < 1e-10, "{of}");
            }
        }
    }
}
