//! Rows of a level that are worked on together, a row being one block of one configuration.

use super::tile::Lane;
use super::{LANES, Real};
use crate::hierarchy::Level;
use crate::kernels::Inputs;
use crate::random::SpinKey;
use std::ops::Range;

/// Up to [`LANES`] rows that follow one another, the configurations of the first block before those of the second. Where a batch is small,
/// they are of several blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    /// Counted from the level's first row.
    pub(crate) first: usize,
    pub(crate) count: usize,
    batch: usize,
}

/// Those of one block.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) block: usize,
    /// First configuration of the batch.
    pub(crate) configuration: usize,
    pub(crate) lanes: Range<usize>,
}

impl Rows {
    /// `count` rows from the one where the lanes with this number begin.
    pub(crate) fn of_lanes(number: usize, count: usize, batch: usize) -> Self {
        Self { first: number * LANES, count, batch }
    }

    /// All rows of a level.
    pub(crate) fn all(blocks: usize, batch: usize) -> impl Iterator<Item = Self> {
        let rows = blocks * batch;
        (0..rows.div_ceil(LANES))
            .map(move |number| Self::of_lanes(number, LANES.min(rows - number * LANES), batch))
    }

    /// The same rows of an image of their blocks, of which there are so many.
    pub(crate) fn of_image(self, image: usize, blocks: usize) -> Self {
        Self { first: self.first + image * blocks * self.batch, ..self }
    }

    /// The image that rows are of.
    pub(crate) fn image(self, blocks: usize) -> usize {
        self.first / (blocks * self.batch)
    }

    /// By block.
    #[inline(always)]
    pub(crate) fn parts(self) -> impl Iterator<Item = Part> {
        let mut lane = 0;
        std::iter::from_fn(
            #[inline(always)]
            move || {
                let (block, configuration) = (self.place(lane), self.configuration(lane));
                let end = self.count.min(lane + self.batch - configuration);
                let lanes = std::mem::replace(&mut lane, end)..end;
                (!lanes.is_empty()).then_some(Part { block, configuration, lanes })
            },
        )
    }

    /// Blocks of the lanes; further lanes repeat the last row.
    pub(crate) fn blocks(self) -> [u32; LANES] {
        std::array::from_fn(|lane| self.place(lane.min(self.count - 1)) as u32)
    }

    /// Configurations of the lanes, counted on from that of the batch's first; further lanes repeat the last row.
    pub(crate) fn configurations(self) -> [u32; LANES] {
        std::array::from_fn(|lane| self.configuration(lane.min(self.count - 1)) as u32)
    }

    fn place(self, lane: usize) -> usize {
        (self.first + lane) / self.batch
    }

    fn configuration(self, lane: usize) -> usize {
        (self.first + lane) % self.batch
    }

    /// Spins of a block's site, +-1; further lanes repeat the last row.
    #[inline(always)]
    pub(crate) fn spins<R: Real>(self, level: &Level, spins: &[i8], local: usize) -> Lane<R> {
        self.column(level, spins, local).map(
            #[inline(always)]
            |spin| if spin > 0 { R::one() } else { -R::one() },
        )
    }

    /// The same as bytes.
    #[inline(always)]
    pub(crate) fn column(self, level: &Level, spins: &[i8], local: usize) -> [i8; LANES] {
        let mut column = [0; LANES];
        for part in self.parts() {
            let spins = &spins[self.places(&part, level, local)];
            match <&[i8; LANES]>::try_from(spins) {
                Ok(spins) => column = *spins,
                Err(_) => column[part.lanes].copy_from_slice(spins),
            }
        }
        let last = column[self.count - 1];
        column[self.count..].fill(last);
        column
    }

    /// Where the spins of a block's site stand in `[site][batch]`.
    #[inline(always)]
    pub(crate) fn places(self, part: &Part, level: &Level, local: usize) -> Range<usize> {
        let first = level.block_sites(part.block)[local] as usize * self.batch + part.configuration;
        first..first + part.lanes.len()
    }
}

/// Where the random numbers of rows come from.
pub(crate) struct SpinKeys {
    of_all: SpinKey,
    blocks: [u32; LANES],
    configurations: [u32; LANES],
}

impl SpinKeys {
    #[inline(always)]
    pub(crate) fn new(inputs: &Inputs, level: usize, rows: Rows) -> Self {
        let first = inputs.first_configuration;
        let of_all = SpinKey {
            seed: inputs.seed,
            step: inputs.step,
            configuration: first,
            level: level as u32,
            block: 0,
        };
        let configurations = rows.configurations().map(|configuration| first.wrapping_add(configuration));
        Self { of_all, blocks: rows.blocks(), configurations }
    }

    #[inline(always)]
    pub(crate) fn of(&self, lane: usize) -> SpinKey {
        SpinKey { configuration: self.configurations[lane], block: self.blocks[lane], ..self.of_all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_lanes_name_every_row_once_in_order() {
        for (blocks, batch) in [(1, 1), (3, 5), (40, 4), (2, 64), (3, 96), (5, 200), (130, 1)] {
            let mut rows = 0;
            for these in Rows::all(blocks, batch) {
                let (of_block, configurations) = (these.blocks(), these.configurations());
                let mut lanes = 0;
                for part in these.parts() {
                    assert_eq!(part.lanes.start, lanes);
                    for lane in part.lanes.clone() {
                        let configuration = part.configuration + lane - part.lanes.start;
                        assert_eq!(part.block * batch + configuration, rows);
                        assert_eq!(
                            [of_block[lane], configurations[lane]],
                            [part.block as u32, configuration as u32]
                        );
                        rows += 1;
                    }
                    lanes = part.lanes.end;
                }
                assert_eq!(lanes, these.count);
                assert_eq!(of_block[LANES - 1], of_block[these.count - 1]);
            }
            assert_eq!(rows, blocks * batch);
        }
    }
}
