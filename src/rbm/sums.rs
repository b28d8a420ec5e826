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

/// Adds to the sums of every row those of 32 vectors that its word has set.
#[inline(always)]
pub(super) fn add_set<R: Real>(sums: &mut [Block<R>], words: &[u32], vectors: &[Block<R>; BLOCK]) {
    let mut tables = [[R::zero(); BLOCK]; SUMS * BLOCK / GROUP];
    for (table, vectors) in tables.chunks_exact_mut(SUMS).zip(vectors.chunks_exact(GROUP)) {
        for set in 1..SUMS {
            let vector = &vectors[set.trailing_zeros() as usize];
            let rest = table[set & (set - 1)];
            for lane in 0..BLOCK {
                table[set][lane] = rest[lane] + vector[lane];
            }
        }
    }
    for (sums, &word) in sums.iter_mut().zip(words) {
        let at = |group: usize| &tables[group * SUMS + (word >> (GROUP * group)) as usize % SUMS];
        let of: [&Block<R>; BLOCK / GROUP] = std::array::from_fn(at);
        for lane in 0..BLOCK {
            let [a, b, c, d, e, f, g, h] = of.map(|block| block[lane]);
            sums[lane] += ((a + b) + (c + d)) + ((e + f) + (g + h));
        }
    }
}
