//! Sums of vectors whose bits are set: what the products of a machine are, as one of their factors is 0 or 1.
//!
//! Of four vectors all sixteen sums stand in a table; so a row takes one addition for four of them, and a table serves all rows (the method of the four Russians, V. L.
//! Arlazarov et al., Soviet Math. Dokl. 11, 1209, 1970).

use super::bits::BLOCK;
use crate::cpu::Real;

/// Numbers of a block of targets.
pub(super) type Block<R> = [R; BLOCK];

/// Vectors that share a table.
const GROUP: usize = 4;
/// Sums in a table.
const SUMS: usize = 1 << GROUP;
/// Tables at a time: with the sums of a hundred rows they stay in the nearest cache.
const TABLES: usize = 4;

/// Room for tables, of which the first sum of each is 0.
pub(super) struct Tables<R>([[Block<R>; SUMS]; TABLES]);

impl<R: Real> Tables<R> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self([[[R::zero(); BLOCK]; SUMS]; TABLES])
    }

    /// Adds to the sums of every row those of at most 32 vectors that its word has set.
    #[inline(always)]
    pub(super) fn add_set(&mut self, sums: &mut [Block<R>], words: &[u32], vectors: &[Block<R>]) {
        for (part, vectors) in vectors.chunks(GROUP * TABLES).enumerate() {
            self.fill(vectors);
            for (sums, &word) in sums.iter_mut().zip(words) {
                let word = word >> (part * GROUP * TABLES);
                let [a, b, c, d] = &self.0;
                let at = |group: usize| (word >> (GROUP * group)) as usize % SUMS;
                // Copies: behind references the compiler would look whether tables and sums overlap, row by row.
                let (a, b, c, d) = (a[at(0)], b[at(1)], c[at(2)], d[at(3)]);
                let mut sum = *sums;
                for lane in 0..BLOCK {
                    sum[lane] += (a[lane] + b[lane]) + (c[lane] + d[lane]);
                }
                *sums = sum;
            }
        }
    }

    /// Makes the tables of vectors; of those that are not there it makes zeros.
    #[inline(always)]
    fn fill(&mut self, vectors: &[Block<R>]) {
        for (group, table) in self.0.iter_mut().enumerate() {
            let mut own = [[R::zero(); BLOCK]; GROUP];
            let given = vectors.iter().skip(GROUP * group);
            own.iter_mut().zip(given).for_each(|(own, vector)| *own = *vector);
            for (bit, vector) in own.into_iter().enumerate() {
                for below in 0..1 << bit {
                    let mut sum = table[below];
                    for lane in 0..BLOCK {
                        sum[lane] += vector[lane];
                    }
                    table[below + (1 << bit)] = sum;
                }
            }
        }
    }
}
