//! Units that are 0 or 1, packed: a word has 32 of them of one row.

use super::machine::Machine;
use crate::cpu::Real;

/// Units of a word.
pub(super) const BLOCK: usize = 32;

/// `[blocks of units][rows]` words, of which bit k is unit k of the block. Bits beyond the last unit are 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits {
    pub(super) rows: usize,
    pub(super) units: usize,
    pub(super) words: Vec<u32>,
}

impl Bits {
    /// All 0.
    pub fn zeros(rows: usize, units: usize) -> Self {
        Self { rows, units, words: vec![0; units.div_ceil(BLOCK) * rows] }
    }

    /// The visible numbers of configurations `[rows][sites]`.
    pub fn of_spins(machine: &Machine, spins: &[i8]) -> Self {
        let sites = machine.lattice.sites();
        let mut bits = Self::zeros(spins.len() / sites, machine.visible());
        for (row, spins) in spins.chunks_exact(sites).enumerate() {
            for (site, &spin) in spins.iter().enumerate() {
                if let Some(number) = machine.number(site, spin) {
                    bits.set(row, number);
                }
            }
        }
        bits
    }

    /// The spins that visible numbers are of, `[rows][sites]`.
    pub fn spins(&self, machine: &Machine) -> Vec<i8> {
        let numbers = machine.spins.numbers();
        let spin = |row: usize, site: usize| match numbers {
            1 if self.get(row, site) => 1,
            1 => -1,
            _ => (0..numbers).position(|colour| self.get(row, site * numbers + colour)).unwrap_or(0) as i8,
        };
        let sites = 0..machine.lattice.sites();
        (0..self.rows)
            .flat_map(|row| sites.clone().map(move |site| (row, site)))
            .map(|(row, site)| spin(row, site))
            .collect()
    }

    /// Whether a unit of a row is 1.
    pub fn get(&self, row: usize, unit: usize) -> bool {
        self.words[unit / BLOCK * self.rows + row] >> (unit % BLOCK) & 1 == 1
    }

    pub(super) fn set(&mut self, row: usize, unit: usize) {
        self.words[unit / BLOCK * self.rows + row] |= 1 << (unit % BLOCK);
    }

    /// Words of a block, `[rows]`.
    pub(super) fn block(&self, block: usize) -> &[u32] {
        &self.words[block * self.rows..][..self.rows]
    }

    /// Takes rows of others.
    pub fn gather(&mut self, from: &Self, rows: &[usize]) {
        for (to, from) in self.words.chunks_exact_mut(self.rows).zip(from.words.chunks_exact(from.rows)) {
            to.iter_mut().zip(rows).for_each(|(to, &row)| *to = from[row]);
        }
    }

    /// Words row by row, `[rows][blocks of units]`, as a GPU has them.
    pub(crate) fn by_rows(&self) -> Vec<u32> {
        let blocks = self.units.div_ceil(BLOCK);
        let word = |at: usize| self.words[at % blocks * self.rows + at / blocks];
        (0..self.rows * blocks).map(word).collect()
    }

    /// Units of rows from their words.
    pub(crate) fn of_rows(rows: usize, units: usize, words: &[u32]) -> Self {
        let blocks = units.div_ceil(BLOCK);
        let word = |at: usize| words[at % rows * blocks + at / rows];
        Self { rows, units, words: (0..rows * blocks).map(word).collect() }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Units as rows, and rows as units.
    pub fn transpose_into(&self, to: &mut Self) {
        for (block, words) in self.words.chunks_exact(self.rows).enumerate() {
            for (of_rows, part) in words.chunks(BLOCK).enumerate() {
                let mut square = [0; BLOCK];
                square[..part.len()].copy_from_slice(part);
                transpose(&mut square);
                let units = block * BLOCK..self.units.min((block + 1) * BLOCK);
                to.words[of_rows * to.rows..][units.clone()].copy_from_slice(&square[..units.len()]);
            }
        }
    }

    /// The mean of every row.
    pub(super) fn means<R: Real>(&self) -> Vec<R> {
        let ones = |row: usize| -> u32 {
            self.words.chunks_exact(self.rows).map(|words| words[row].count_ones()).sum()
        };
        (0..self.rows).map(|row| R::of(f64::from(ones(row)) / self.units as f64)).collect()
    }

    /// Units of both that differ.
    pub fn differences(&self, other: &Self) -> usize {
        self.words.iter().zip(&other.words).map(|(a, b)| (a ^ b).count_ones() as usize).sum()
    }
}

/// Bit k of word j to bit j of word k (H. S. Warren, Hacker's Delight, section 7-3).
fn transpose(words: &mut [u32; BLOCK]) {
    let mut mask = 0x0000_ffff_u32;
    let mut width = BLOCK / 2;
    while width > 0 {
        let mut low = 0;
        while low < BLOCK {
            let swapped = (words[low] >> width ^ words[low + width]) & mask;
            words[low] ^= swapped << width;
            words[low + width] ^= swapped;
            low = (low + width + 1) & !width;
        }
        width /= 2;
        mask ^= mask << width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Lattice, Spins};
    use crate::random::Stream;
    use rand::RngExt;

    #[test]
    fn spins_come_back_and_bits_are_transposed() {
        let mut stream = Stream::new(1, 1);
        for (spins, rows) in [(Spins::Ising, 70), (Spins::Potts { states: 3 }, 33), (Spins::Ising, 1)] {
            let machine = Machine::new(Lattice::square(7).unwrap(), spins, 5).unwrap();
            let draw = |_| match spins {
                Spins::Ising => {
                    if stream.random() {
                        1
                    } else {
                        -1
                    }
                }
                Spins::Potts { states } => stream.random_range(0..states as i8),
            };
            let configurations: Vec<i8> = (0..rows * 49).map(draw).collect();
            let bits = Bits::of_spins(&machine, &configurations);
            assert_eq!(bits.spins(&machine), configurations);
            let mut turned = Bits::zeros(machine.visible(), rows);
            bits.transpose_into(&mut turned);
            for row in 0..rows {
                (0..machine.visible())
                    .for_each(|unit| assert_eq!(bits.get(row, unit), turned.get(unit, row)));
            }
        }
    }
}
