//! Wolff's single-cluster algorithm (Phys. Rev. Lett. 62, 361, 1989), with a ghost spin for the field.

use crate::lattice::{Interaction, Torus};
use crate::random::Stream;
use rand::{Rng, RngExt};

/// One Markov chain.
#[derive(Debug, Clone)]
pub struct Wolff {
    torus: Torus,
    /// Signs of J and H.
    coupling: i8,
    field: i8,
    /// Probability that a satisfied bond joins its ends, times 2^32.
    bond: u64,
    /// Probability that a spin along the field is joined to the ghost spin that carries it, times 2^32.
    ghost: u64,
    spins: Vec<i8>,
    cluster: Vec<u32>,
    updates_per_sweep: usize,
    stream: Stream,
}

impl Wolff {
    /// A chain that starts from random spins; it is not in equilibrium yet.
    pub fn new(torus: Torus, interaction: Interaction, beta: f64, seed: u32, chain: u32) -> Self {
        let mut stream = Stream::new(seed, chain);
        let spins = (0..torus.sites()).map(|_| if stream.random_bool(0.5) { 1 } else { -1 }).collect();
        let joined = |energy: f64| (-(-2.0 * beta * energy.abs()).exp_m1() * 2.0_f64.powi(32)) as u64;
        Self {
            torus,
            coupling: sign(interaction.coupling),
            field: sign(interaction.field),
            bond: joined(interaction.coupling),
            ghost: joined(interaction.field),
            spins,
            cluster: Vec::new(),
            updates_per_sweep: 1,
            stream,
        }
    }

    /// The configuration, `[sites]`, +-1.
    pub fn spins(&self) -> &[i8] {
        &self.spins
    }

    /// Builds one cluster and flips it, unless it is tied to the field. Returns its size.
    pub fn update(&mut self) -> usize {
        let first = self.stream.random_range(0..self.spins.len() as u32);
        self.cluster.clear();
        let mut tied = self.join(first);
        let mut next = 0;
        while let Some(&site) = self.cluster.get(next) {
            next += 1;
            // Spins are flipped when they join the cluster, so that a bond to a member never looks satisfied.
            let spin = -self.spins[site as usize];
            for neighbour in neighbours(self.torus, site) {
                let other = self.spins[neighbour as usize];
                let satisfied = self.coupling * spin * other > 0;
                if satisfied && self.chance(self.bond) {
                    tied |= self.join(neighbour);
                }
            }
        }
        if tied {
            for &site in &self.cluster {
                self.spins[site as usize] = -self.spins[site as usize];
            }
        }
        self.cluster.len()
    }

    /// Updates from the start until clusters have covered the lattice `sweeps` times, and sets how many updates
    /// make a sweep from then on.
    pub fn equilibrate(&mut self, sweeps: usize) {
        let sites = self.spins.len();
        let (mut updates, mut covered) = (0, 0);
        while covered < sweeps * sites {
            updates += 1;
            covered += self.update();
        }
        // A fixed number: to stop where clusters have covered a lattice would favour what follows large clusters.
        self.updates_per_sweep = (updates * sites).div_ceil(covered);
    }

    /// Updates in which clusters cover the lattice `count` times on average; before [`Wolff::equilibrate`], single updates.
    pub fn sweeps(&mut self, count: usize) {
        for _ in 0..count * self.updates_per_sweep {
            self.update();
        }
    }

    /// Flips a spin into the cluster; whether it is tied to the field.
    fn join(&mut self, site: u32) -> bool {
        let spin = self.spins[site as usize];
        self.spins[site as usize] = -spin;
        self.cluster.push(site);
        self.field * spin > 0 && self.chance(self.ghost)
    }

    fn chance(&mut self, threshold: u64) -> bool {
        u64::from(self.stream.next_u32()) < threshold
    }
}

/// -1, 0 or 1.
fn sign(value: f64) -> i8 {
    i8::from(value > 0.0) - i8::from(value < 0.0)
}

/// The four neighbours of a site; sides are powers of two, so masks wrap around.
fn neighbours(torus: Torus, site: u32) -> [u32; 4] {
    let (side, row_mask, mask) = (torus.side(), torus.side() - 1, torus.sites() as u32 - 1);
    let row = site & !row_mask;
    [
        site.wrapping_add(side) & mask,
        site.wrapping_sub(side) & mask,
        row | site.wrapping_add(1) & row_mask,
        row | site.wrapping_sub(1) & row_mask,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Estimate;
    use crate::exact::solve;

    /// Energies and |m| per site over `count` configurations, two sweeps apart, in 100 bins.
    fn means(side: u32, interaction: Interaction, beta: f64, count: usize) -> [Estimate; 2] {
        let torus = Torus::new(side).unwrap();
        let mut chain = Wolff::new(torus, interaction, beta, 3, 0);
        chain.equilibrate(100);
        let bins: Vec<[f64; 2]> = (0..100)
            .map(|_| {
                let mut sums = [0.0; 2];
                for _ in 0..count / 100 {
                    chain.sweeps(2);
                    let spin_sum: i64 = chain.spins().iter().map(|&spin| i64::from(spin)).sum();
                    sums[0] += interaction.energy(torus.bond_sum(chain.spins()), spin_sum);
                    sums[1] += spin_sum.abs() as f64;
                }
                sums.map(|sum| sum / (count / 100 * torus.sites()) as f64)
            })
            .collect();
        [0, 1].map(|which| Estimate::mean(&bins.iter().map(|bin| bin[which]).collect::<Vec<_>>()))
    }

    #[test]
    fn energies_and_magnetisations_are_the_known_ones() {
        let ferromagnet = Interaction { coupling: 1.0, field: 0.0 };
        // |m| at beta = 0.44 from long cluster runs: 0.77512(24) and 0.70906(23).
        for (side, magnetisation) in [(8, 0.77512), (16, 0.70906)] {
            let [energy, found] = means(side, ferromagnet, 0.44, 10_000);
            let exact = solve(Torus::new(side).unwrap(), ferromagnet, 0.44).unwrap();
            assert!(energy.deviation(exact.energy_per_site).abs() < 4.0, "{energy:?}");
            assert!(found.deviation(magnetisation).abs() < 4.0, "{found:?}");
        }
    }

    #[test]
    fn the_ordered_phase_has_the_spontaneous_magnetisation() {
        // At beta = 0.6 the correlation length is below 2, so 32 x 32 is infinite (Yang, Phys. Rev. 85, 808, 1952).
        let exact = (1.0 - (2.0_f64 * 0.6).sinh().powi(-4)).powf(0.125);
        let [_, found] = means(32, Interaction { coupling: 1.0, field: 0.0 }, 0.6, 4_000);
        assert!(found.error < 1e-3 && found.deviation(exact).abs() < 4.0, "{found:?}, exact {exact}");
    }

    #[test]
    fn fields_and_antiferromagnets_are_sampled_too() {
        let torus = Torus::new(4).unwrap();
        for (coupling, field) in [(1.0, 0.2), (-1.0, 0.5), (-0.8, 0.0)] {
            let interaction = Interaction { coupling, field };
            let exact = solve(torus, interaction, 0.35).unwrap();
            let [energy, _] = means(4, interaction, 0.35, 20_000);
            assert!(energy.error > 0.0 && energy.deviation(exact.energy_per_site).abs() < 4.0, "{energy:?}");
        }
    }
}
