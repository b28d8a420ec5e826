//! What observables of a batch of configurations are made of: exact integer sums.

use super::{Interaction, Lattice, Occupation};
use std::f64::consts::TAU;

/// Integer sums over each configuration of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Observables {
    lattice: Lattice,
    batch: usize,
    /// `[sums_per_configuration][batch]`: spins of every line of every axis (rows, then columns; in three dimensions planes, rows and
    /// columns); for every distance d the sum over sites x and axes a of `s(x) s(x + d a)`; and spins of every line of the first
    /// axis times -1 to the power of their other coordinates. Where all sites are neighbours there is one line, of all sites, and no distance.
    sums: Vec<i32>,
    /// Cosine and sine at every line of the longest wave.
    wave: Vec<[f64; 2]>,
    /// `[batch]`, where the sums do not give them.
    energies: Option<Vec<f64>>,
    /// `[batch]`, of Potts spins, which have no sums.
    occupations: Vec<Occupation>,
}

impl Observables {
    /// Number of sums per configuration: lines of every axis, products at distances 1 to L / 2, and lines of the first axis with
    /// alternating signs.
    pub fn sums_per_configuration(lattice: Lattice) -> usize {
        let staggered = if lattice.is_spatial() { Self::lines(lattice) } else { 0 };
        Self::first_staggered(lattice) + staggered
    }

    /// Lines of an axis.
    pub fn lines(lattice: Lattice) -> usize {
        if lattice.is_spatial() { lattice.side() as usize } else { 1 }
    }

    /// Distances at which products are summed, from 1 on.
    pub fn distances(lattice: Lattice) -> usize {
        if lattice.is_spatial() { lattice.side() as usize / 2 } else { 0 }
    }

    /// The first sum of products.
    pub fn first_product(lattice: Lattice) -> usize {
        lattice.dimensions() * Self::lines(lattice)
    }

    /// The first sum with alternating signs.
    pub fn first_staggered(lattice: Lattice) -> usize {
        Self::first_product(lattice) + Self::distances(lattice)
    }

    /// From the sums of a backend, `[sums_per_configuration][batch]`.
    ///
    /// # Panics
    /// When their number is wrong.
    pub fn new(lattice: Lattice, batch: usize, sums: Vec<i32>) -> Self {
        assert_eq!(sums.len(), Self::sums_per_configuration(lattice) * batch, "number of sums");
        let lines = Self::lines(lattice);
        let angle = |line: usize| TAU * line as f64 / lines as f64;
        let wave = (0..lines).map(|line| [angle(line).cos(), angle(line).sin()]).collect();
        Self { lattice, batch, sums, wave, energies: None, occupations: Vec::new() }
    }

    /// Of configurations of Potts spins: how many sites have each colour. Their energies are to follow ([`Observables::with_energies`]).
    pub fn of_colours(lattice: Lattice, states: u8, configurations: &[&[i8]]) -> Self {
        let occupations: Vec<_> = configurations.iter().map(|spins| Occupation::of(spins, states)).collect();
        Self {
            lattice,
            batch: occupations.len(),
            sums: Vec::new(),
            wave: Vec::new(),
            energies: None,
            occupations,
        }
    }

    /// Shares of colours, of Potts spins.
    pub fn occupation(&self, configuration: usize) -> Option<&Occupation> {
        self.occupations.get(configuration)
    }

    /// With energies `[batch]` of their own, where sums do not give them ([`System::is_homogeneous`](super::System::is_homogeneous)).
    pub fn with_energies(self, energies: Vec<f64>) -> Self {
        Self { energies: Some(energies), ..self }
    }

    /// Configurations.
    pub fn batch(&self) -> usize {
        self.batch
    }

    fn sum(&self, quantity: usize, configuration: usize) -> i64 {
        self.sums[quantity * self.batch + configuration].into()
    }

    /// Sum of all spins; of Potts spins the number of sites of colour 0.
    pub fn spin_sum(&self, configuration: usize) -> i64 {
        if let Some(occupation) = self.occupation(configuration) {
            return occupation.first_count().into();
        }
        (0..Self::lines(self.lattice)).map(|line| self.sum(line, configuration)).sum()
    }

    /// Sum of all spins times -1 to the power of the sum of their coordinates: the order parameter of an antiferromagnet. Nothing on an odd side,
    /// where no such pattern closes around the lattice, and without places in space.
    pub fn staggered_sum(&self, configuration: usize) -> Option<i64> {
        let side = self.lattice.side() as usize;
        let sign = |line: usize| if line.is_multiple_of(2) { 1 } else { -1 };
        let first = Self::first_staggered(self.lattice);
        (side.is_multiple_of(2) && self.lattice.is_spatial())
            .then(|| (0..side).map(|line| sign(line) * self.sum(first + line, configuration)).sum())
    }

    /// Reverses all spins of a configuration, which leaves its energy as it is.
    pub fn flip(&mut self, configuration: usize) {
        let staggered = Self::first_staggered(self.lattice)..Self::sums_per_configuration(self.lattice);
        let linear = (0..Self::first_product(self.lattice)).chain(staggered);
        linear.for_each(|line| self.sums[line * self.batch + configuration] *= -1);
    }

    /// Sum of the products of all pairs of sites at a distance along an axis of the lattice, of which there are as many as bonds (at
    /// distance L / 2 each is counted twice).
    pub fn products(&self, distance: usize, configuration: usize) -> i64 {
        self.sum(Self::first_product(self.lattice) + distance - 1, configuration)
    }

    /// Energy: the products at distance 1 are those of the bonds.
    pub fn energy(&self, interaction: Interaction, configuration: usize) -> f64 {
        if let Some(energies) = &self.energies {
            return energies[configuration];
        }
        interaction.energy(self.products(1, configuration), self.spin_sum(configuration))
    }

    /// `|sum_x s(x) exp(i k x)|^2 / N` of the longest waves, averaged over those along every axis; of the sum of all spins where there are no waves.
    pub fn structure_factor(&self, configuration: usize) -> f64 {
        let side = Self::lines(self.lattice);
        let power = |first: usize| {
            let [cosine, sine] = [0, 1].map(|part| {
                let line = |line: usize| self.wave[line][part] * self.sum(first + line, configuration) as f64;
                (0..side).map(line).sum::<f64>()
            });
            cosine * cosine + sine * sine
        };
        let axes = self.lattice.dimensions();
        let powers: f64 = (0..axes).map(|axis| power(axis * side)).sum();
        powers / axes as f64 / self.lattice.sites() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::System;
    use super::*;
    use crate::backend::Backend;
    use crate::conditional::Model;
    use crate::cpu::Cpu;
    use crate::random::Stream;
    use crate::schedule::{Inputs, Kernel};
    use rand::RngExt;
    use std::sync::Arc;

    #[test]
    fn sums_are_those_of_their_definitions() {
        let lattice = Lattice::square(8).unwrap();
        let interaction = Interaction { coupling: 0.7, field: 0.2 };
        let model = Arc::new(Model::without_network(System::uniform(lattice, interaction)));
        // More configurations than a tile has lanes.
        let mut cpu = Cpu::<f32>::new(model, 70);
        let mut stream = Stream::new(1, 0);
        let spins: Vec<i8> = (0..70 * 64).map(|_| if stream.random_bool(0.6) { 1 } else { -1 }).collect();
        cpu.write_spins(&spins).unwrap();
        cpu.run(&[Kernel::Observables], &Inputs::SAMPLING).unwrap();
        let observables = cpu.read_observables().unwrap();
        for (configuration, spins) in spins.chunks(64).enumerate() {
            let spin = |row: u32, column: u32| f64::from(spins[lattice.site([0, row, column]) as usize]);
            let spin_sum: i64 = spins.iter().map(|&spin| i64::from(spin)).sum();
            assert_eq!(observables.spin_sum(configuration), spin_sum);
            let energy = interaction.energy(lattice.bond_sum(spins), spin_sum);
            assert_eq!(observables.energy(interaction, configuration), energy);
            let staggered: f64 = (0..64)
                .map(|at| (at / 8, at % 8))
                .map(|(i, j)| if (i + j) % 2 == 0 { spin(i, j) } else { -spin(i, j) })
                .sum();
            assert_eq!(observables.staggered_sum(configuration), Some(staggered as i64));
            for distance in 1..=4 {
                let sum: f64 = (0..64)
                    .map(|at| (at / 8, at % 8))
                    .map(|(i, j)| spin(i, j) * (spin(i + distance, j) + spin(i, j + distance)))
                    .sum();
                assert_eq!(observables.products(distance as usize, configuration) as f64, sum);
            }
            let angle = |line: u32| TAU * f64::from(line) / 8.0;
            let wave = |of: &dyn Fn(u32, u32) -> f64| {
                let sites = || (0..64).map(|at| (at / 8, at % 8));
                let part =
                    |wave: fn(f64) -> f64| sites().map(|(i, j)| spin(i, j) * wave(of(i, j))).sum::<f64>();
                part(f64::cos).powi(2) + part(f64::sin).powi(2)
            };
            let expected = (wave(&|i, _| angle(i)) + wave(&|_, j| angle(j))) / 128.0;
            assert!((observables.structure_factor(configuration) - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn sums_in_three_dimensions_are_those_of_their_definitions() {
        let lattice = Lattice::cubic(4).unwrap();
        let interaction = Interaction { coupling: 0.7, field: 0.2 };
        let mut cpu =
            Cpu::<f32>::new(Arc::new(Model::without_network(System::uniform(lattice, interaction))), 3);
        let mut stream = Stream::new(1, 0);
        let spins: Vec<i8> = (0..3 * 64).map(|_| if stream.random_bool(0.6) { 1 } else { -1 }).collect();
        cpu.write_spins(&spins).unwrap();
        cpu.run(&[Kernel::Observables], &Inputs::SAMPLING).unwrap();
        let observables = cpu.read_observables().unwrap();
        for (configuration, spins) in spins.chunks(64).enumerate() {
            let places = || (0..64).map(|site| lattice.place(site));
            let spin = |place| i64::from(spins[lattice.site(place) as usize]);
            let sum: i64 = places().map(spin).sum();
            assert_eq!(observables.spin_sum(configuration), sum);
            assert_eq!(
                observables.energy(interaction, configuration),
                interaction.energy(lattice.bond_sum(spins), sum)
            );
            let sign = |[i, j, k]: [u32; 3]| if (i + j + k) % 2 == 0 { 1 } else { -1 };
            let staggered: i64 = places().map(|place| sign(place) * spin(place)).sum();
            assert_eq!(observables.staggered_sum(configuration), Some(staggered));
            for d in 1..=2 {
                let moved = |[i, j, k]: [u32; 3]| [[i + d, j, k], [i, j + d, k], [i, j, k + d]];
                let product = |place| spin(place) * moved(place).into_iter().map(spin).sum::<i64>();
                assert_eq!(
                    observables.products(d as usize, configuration),
                    places().map(product).sum::<i64>()
                );
            }
            let power = |axis: usize| {
                let part = |wave: fn(f64) -> f64| {
                    let term =
                        |place: [u32; 3]| spin(place) as f64 * wave(TAU * f64::from(place[axis]) / 4.0);
                    places().map(term).sum::<f64>()
                };
                part(f64::cos).powi(2) + part(f64::sin).powi(2)
            };
            let expected = (power(0) + power(1) + power(2)) / 192.0;
            assert!((observables.structure_factor(configuration) - expected).abs() < 1e-9);
        }
    }
}
