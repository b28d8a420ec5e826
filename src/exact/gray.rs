//! Any system of few sites, by a sum over all its configurations in the order of Gray's code: from one to the next a single spin turns.

use super::Exact;
use crate::lattice::{Interaction, System};
use rayon::prelude::*;

/// Most sites: there are 2^26 configurations, which take some seconds.
pub(super) const MAX_SITES: usize = 26;
/// Sites whose spins tell the parts of the sum apart, which are summed side by side.
const PART_SITES: usize = 10;

/// ln Z, energy and specific heat of a system of up to [`MAX_SITES`] sites, from integer energies.
pub(super) fn solve(system: &System, beta: f64) -> Exact {
    let states = States::new(system);
    let parts = 0..1_u32 << states.part_sites();
    let least = parts.clone().into_par_iter().map(|part| states.least_energy(part)).collect::<Vec<_>>();
    let least = least.into_iter().fold(f64::INFINITY, f64::min);
    // Sums of weights exp(-beta (E - least)), times E - least to the powers 0, 1 and 2.
    let of_part = |part: u32| {
        let mut sums = [0.0_f64; 3];
        states.each(part, |energy| {
            let above = energy - least;
            let weight = (-beta * above).exp();
            sums = [sums[0] + weight, sums[1] + weight * above, sums[2] + weight * above * above];
        });
        sums
    };
    let sums: Vec<[f64; 3]> = parts.into_par_iter().map(of_part).collect();
    let [weight, energy, square] = [0, 1, 2].map(|power| sums.iter().map(|sums| sums[power]).sum::<f64>());
    let (sites, mean) = (states.sites as f64, energy / weight);
    Exact {
        ln_z: weight.ln() - beta * least,
        energy_per_site: (least + mean) / sites,
        specific_heat: beta * beta * (square / weight - mean * mean).max(0.0) / sites,
    }
}

/// All configurations of a system.
struct States {
    sites: usize,
    units: Interaction,
    /// Neighbours of every site with the weights of their bonds.
    bonds: Vec<Vec<(usize, i64)>>,
    /// Weights of the field.
    fields: Vec<i64>,
}

impl States {
    fn new(system: &System) -> Self {
        let sites = system.lattice.sites();
        let weights = system.weights.as_ref();
        let mut bonds = vec![Vec::new(); sites];
        for (number, ends) in system.lattice.bonds().enumerate() {
            let [a, b] = ends.map(|site| site as usize);
            let weight = weights.map_or(1, |weights| i64::from(weights.bonds[number]));
            bonds[a].push((b, weight));
            bonds[b].push((a, weight));
        }
        let field = |site: usize| weights.map_or(1, |weights| i64::from(weights.sites[site]));
        Self { sites, units: system.interaction, bonds, fields: (0..sites).map(field).collect() }
    }

    fn part_sites(&self) -> usize {
        PART_SITES.min(self.sites)
    }

    fn least_energy(&self, part: u32) -> f64 {
        let mut least = f64::INFINITY;
        self.each(part, |energy| least = least.min(energy));
        least
    }

    /// Looks at the energies of a part's configurations, of which the first sites are given by its number.
    fn each(&self, part: u32, mut look: impl FnMut(f64)) {
        let first = self.part_sites();
        let spin = |site: usize| if site < first && part >> site & 1 == 1 { -1_i64 } else { 1 };
        let mut spins: Vec<i64> = (0..self.sites).map(spin).collect();
        let felt = |site: usize, spins: &[i64]| -> i64 {
            self.bonds[site].iter().map(|&(other, weight)| weight * spins[other]).sum()
        };
        let twice: i64 = (0..self.sites).map(|site| spins[site] * felt(site, &spins)).sum();
        let mut bond_sum = twice / 2;
        let mut spin_sum: i64 = self.fields.iter().zip(&spins).map(|(weight, spin)| weight * spin).sum();
        look(self.units.energy(bond_sum, spin_sum));
        for number in 1..1_u32 << (self.sites - first) {
            let site = first + number.trailing_zeros() as usize;
            bond_sum -= 2 * spins[site] * felt(site, &spins);
            spin_sum -= 2 * spins[site] * self.fields[site];
            spins[site] = -spins[site];
            look(self.units.energy(bond_sum, spin_sum));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disorder::Disorder;
    use crate::exact::weighted_rows;
    use crate::lattice::{Lattice, LatticeKind};

    fn close(found: &Exact, expected: &Exact) {
        for (found, expected) in [
            (found.ln_z, expected.ln_z),
            (found.energy_per_site, expected.energy_per_site),
            (found.specific_heat, expected.specific_heat),
        ] {
            assert!((found - expected).abs() <= 1e-10 * expected.abs().max(1e-3), "{found} for {expected}");
        }
    }

    #[test]
    fn agrees_with_the_transfer_row_by_row() {
        let lattice = Lattice::square(4).unwrap();
        let couplings: Vec<f64> = (0..32).map(|bond| f64::from(bond * 7 % 11) - 4.5).collect();
        let fields: Vec<f64> = (0..16).map(|site| f64::from(site * 5 % 7) * 0.25 - 0.5).collect();
        let system = System::with_couplings(lattice, &couplings, &fields).unwrap();
        for beta in [0.0, 0.2, 1.0, 8.0] {
            let expected = weighted_rows::solve(&system, system.weights.as_ref().unwrap(), beta);
            close(&solve(&system, beta), &expected);
        }
    }

    #[test]
    fn agrees_with_the_transfer_of_triangles_where_couplings_are_equal() {
        let lattice = Lattice::triangular(4).unwrap();
        let equal = System::with_couplings(lattice, &[-1.0; 48], &[0.3; 16]).unwrap();
        let uniform = System::uniform(lattice, Interaction { coupling: -1.0, field: 0.3 });
        for beta in [0.3, 2.0] {
            close(&solve(&equal, beta), &crate::exact::solve(&uniform, beta).unwrap());
        }
        let few = Lattice::new(LatticeKind::Cubic, 2).unwrap();
        assert!(solve(&Disorder::Pm1.system(few, 3).unwrap(), 1.0).ln_z > 0.0);
    }
}
