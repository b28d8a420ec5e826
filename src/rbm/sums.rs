//! Sums of vectors whose bits are set: what the products of a machine are, as one of their factors is 0 or 1.
//!
//! Of four vectors all sixteen sums stand in a table; so a row takes one addition for four of them, and a table serves all rows (the method of the four Russians, V. L.
//! Arlazarov et al., Soviet Math. Dokl. 11, 1209, 1970).

use super::bits::BLOCK;
use crate::cpu::Real;
use std::ops::{Deref, DerefMut};

/// Numbers of a block of targets. They lie in whole lines of the cache: a vector that crosses from one line to the next takes two loads.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub struct Block<R>(pub(super) [R; BLOCK]);

impl<R: Real> Block<R> {
    #[inline(always)]
    pub(super) fn zero() -> Self {
        Self([R::zero(); BLOCK])
    }

    #[inline(always)]
    pub(super) fn from_fn(make: impl FnMut(usize) -> R) -> Self {
        Self(std::array::from_fn(make))
    }
}

impl<R> Deref for Block<R> {
    type Target = [R; BLOCK];

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<R> DerefMut for Block<R> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Vectors that share a table.
const GROUP: usize = 4;
/// Sums in a table.
const SUMS: usize = 1 << GROUP;
/// Tables at a time: with the sums of a hundred rows they stay in the nearest cache.
const TABLES: usize = 4;

/// Lanes that are worth half a block's work, where no more of them have units.
const HALF: usize = BLOCK / 2;

/// Room for tables, of which the first sum of each is 0.
pub(super) struct Tables<R>([[Block<R>; SUMS]; TABLES]);

impl<R: Real> Tables<R> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self([[Block::zero(); SUMS]; TABLES])
    }

    /// Adds to the sums of every row those of at most 32 vectors that its word has set; `lanes` of the vectors are not 0.
    #[inline(always)]
    pub(super) fn add_set(
        &mut self,
        sums: &mut [Block<R>],
        words: &[u32],
        vectors: &[Block<R>],
        lanes: usize,
    ) {
        match lanes <= HALF {
            true => self.add_lanes::<HALF>(sums, words, vectors),
            false => self.add_lanes::<BLOCK>(sums, words, vectors),
        }
    }

    #[inline(always)]
    fn add_lanes<const LANES: usize>(&mut self, sums: &mut [Block<R>], words: &[u32], vectors: &[Block<R>]) {
        for (part, vectors) in vectors.chunks(GROUP * TABLES).enumerate() {
            self.fill::<LANES>(vectors);
            let shift = part * GROUP * TABLES;
            match vectors.len().div_ceil(GROUP) {
                1 => self.look_up::<LANES, 1>(sums, words, shift),
                2 => self.look_up::<LANES, 2>(sums, words, shift),
                3 => self.look_up::<LANES, 3>(sums, words, shift),
                _ => self.look_up::<LANES, TABLES>(sums, words, shift),
            }
        }
    }

    /// Adds the sums of the first `USED` tables.
    #[inline(always)]
    fn look_up<const LANES: usize, const USED: usize>(
        &self,
        sums: &mut [Block<R>],
        words: &[u32],
        shift: usize,
    ) {
        for (sums, &word) in sums.iter_mut().zip(words) {
            let word = word >> shift;
            // Copies: behind references the compiler would look whether tables and sums overlap, row by row.
            let found: [Block<R>; USED] =
                std::array::from_fn(|group| self.0[group][(word >> (GROUP * group)) as usize % SUMS]);
            let mut sum = *sums;
            for lane in 0..LANES {
                let mut of_lane = found[0][lane];
                for other in &found[1..] {
                    of_lane += other[lane];
                }
                sum[lane] += of_lane;
            }
            *sums = sum;
        }
    }

    /// Makes the tables of vectors; of those that are not there it makes zeros, up to a whole table.
    #[inline(always)]
    fn fill<const LANES: usize>(&mut self, vectors: &[Block<R>]) {
        for (table, vectors) in self.0.iter_mut().zip(vectors.chunks(GROUP)) {
            let mut own = [Block::zero(); GROUP];
            own.iter_mut().zip(vectors).for_each(|(own, vector)| *own = *vector);
            for (bit, vector) in own.into_iter().enumerate() {
                for below in 0..1 << bit {
                    let mut sum = table[below];
                    for lane in 0..LANES {
                        sum[lane] += vector[lane];
                    }
                    table[below + (1 << bit)] = sum;
                }
            }
        }
    }
}
