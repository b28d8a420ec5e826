//! What observables of a batch of configurations are made of: exact integer sums.

use super::{Interaction, Lattice};
use std::f64::consts::TAU;

/// Integer sums over each configuration of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Observables {
    lattice: Lattice,
    batch: usize,
    /// `[sums_per_configuration][batch]`: spins of every row; spins of every column; for every distance d the sum over sites x
    /// and axes a of `s(x) s(x + d a)`; and spins of every row times `(-1)^column`.
    sums: Vec<i32>,
    /// Cosine and sine at every line of the longest wave.
    wave: Vec<[f64; 2]>,
}

impl Observables {
    /// Number of sums per configuration: every row and column, products at distances 1 to L / 2, and every row with
    /// alternating signs.
    pub fn sums_per_configuration(lattice: Lattice) -> usize {
        3 * lattice.side() as usize + lattice.side() as usize / 2
    }

    /// From the sums of a backend, `[sums_per_configuration][batch]`.
    ///
    /// # Panics
    /// When their number is wrong.
    pub fn new(lattice: Lattice, batch: usize, sums: Vec<i32>) -> Self {
        assert_eq!(sums.len(), Self::sums_per_configuration(lattice) * batch, "number of sums");
        let angle = |line: u32| TAU * f64::from(line) / f64::from(lattice.side());
        let wave = (0..lattice.side()).map(|line| [angle(line).cos(), angle(line).sin()]).collect();
        Self { lattice, batch, sums, wave }
    }

    /// Configurations.
    pub fn batch(&self) -> usize {
        self.batch
    }

    fn sum(&self, quantity: usize, configuration: usize) -> i64 {
        self.sums[quantity * self.batch + configuration].into()
    }

    /// Sum of all spins.
    pub fn spin_sum(&self, configuration: usize) -> i64 {
        (0..self.lattice.side() as usize).map(|row| self.sum(row, configuration)).sum()
    }

    /// Sum of all spins times `(-1)^(row + column)`: the order parameter of an antiferromagnet. Nothing on an odd side,
    /// where no such pattern closes around the lattice.
    pub fn staggered_sum(&self, configuration: usize) -> Option<i64> {
        let side = self.lattice.side() as usize;
        let sign = |row: usize| if row.is_multiple_of(2) { 1 } else { -1 };
        let first = 2 * side + side / 2;
        side.is_multiple_of(2)
            .then(|| (0..side).map(|row| sign(row) * self.sum(first + row, configuration)).sum())
    }

    /// Reverses all spins of a configuration.
    pub fn flip(&mut self, configuration: usize) {
        let side = self.lattice.side() as usize;
        let linear = (0..2 * side).chain(2 * side + side / 2..3 * side + side / 2);
        linear.for_each(|line| self.sums[line * self.batch + configuration] *= -1);
    }

    /// Sum of the products of all pairs of sites at a distance along an axis of the lattice, of which there are as many as bonds (at
    /// distance L / 2 each is counted twice).
    pub fn products(&self, distance: usize, configuration: usize) -> i64 {
        self.sum(2 * self.lattice.side() as usize + distance - 1, configuration)
    }

    /// Energy: the products at distance 1 are those of the bonds.
    pub fn energy(&self, interaction: Interaction, configuration: usize) -> f64 {
        interaction.energy(self.products(1, configuration), self.spin_sum(configuration))
    }

    /// `|sum_x s(x) exp(i k x)|^2 / L^2` of the longest waves, averaged over those along rows and along columns.
    pub fn structure_factor(&self, configuration: usize) -> f64 {
        let side = self.lattice.side() as usize;
        let power = |first: usize| {
            let [cosine, sine] = [0, 1].map(|part| {
                let line = |line: usize| self.wave[line][part] * self.sum(first + line, configuration) as f64;
                (0..side).map(line).sum::<f64>()
            });
            cosine * cosine + sine * sine
        };
        0.5 * (power(0) + power(side)) / self.lattice.sites() as f64
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
        let model = Arc::new(Model::without_network(System { lattice, interaction }));
        // More configurations than a tile has lanes.
        let mut cpu = Cpu::<f32>::new(model, 70);
        let mut stream = Stream::new(1, 0);
        let spins: Vec<i8> = (0..70 * 64).map(|_| if stream.random_bool(0.6) { 1 } else { -1 }).collect();
        cpu.write_spins(&spins).unwrap();
        cpu.run(&[Kernel::Observables], &Inputs::SAMPLING).unwrap();
        let observables = cpu.read_observables().unwrap();
        for (configuration, spins) in spins.chunks(64).enumerate() {
            let spin = |row: u32, column: u32| f64::from(spins[lattice.site(row, column) as usize]);
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
}
