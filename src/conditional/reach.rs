//! How far hidden matrices reach: weights between sites that are far apart are left out, whole tiles at a time.

use std::ops::Range;

/// Sources and targets of a tile. Both backends pass over whole tiles, and loads of a GPU take as many sources at a time.
pub const TILE: usize = 32;

/// The tiles that a matrix has, of [`TILE`] sources by [`TILE`] targets each, where it has not all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiles {
    /// Tiles along the sources.
    sources: usize,
    /// `[targets / 32][sources / 32]`, rounded up.
    there: Vec<bool>,
}

impl Tiles {
    /// Those with a weight whose source and target are near each other.
    pub(super) fn new(
        [sources, targets]: [usize; 2],
        is_near: impl Fn(Range<usize>, Range<usize>) -> bool,
    ) -> Self {
        let tiles = |count: usize| {
            (0..count.div_ceil(TILE)).map(move |tile| tile * TILE..count.min((tile + 1) * TILE))
        };
        let there = tiles(targets).flat_map(|targets| {
            tiles(sources).map(|sources| is_near(sources, targets.clone())).collect::<Vec<_>>()
        });
        Self { there: there.collect(), sources: sources.div_ceil(TILE) }
    }

    /// Whether there is the tile of a source and a target.
    pub fn has(&self, source: usize, target: usize) -> bool {
        self.there[target / TILE * self.sources + source / TILE]
    }

    /// Tiles along the sources.
    pub(crate) fn sources(&self) -> usize {
        self.sources
    }

    /// For every tile of targets, which tiles along the sources are there.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.there.chunks(self.sources)
    }
}

/// The products of some targets and sources that tiles leave, as ranges of both: all in one where there are all tiles.
pub(super) fn products(
    tiles: Option<&Tiles>,
    targets: Range<usize>,
    sources: Range<usize>,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let end = targets.end;
    let mut next = targets.start;
    let of_targets = std::iter::from_fn(move || {
        let first = next;
        next = if tiles.is_some() { end.min((first / TILE + 1) * TILE) } else { end };
        (first < end).then_some(first..next)
    });
    of_targets.flat_map(move |targets| {
        runs(tiles, targets.start, sources.clone()).map(move |sources| (targets.clone(), sources))
    })
}

/// The ranges of some sources that a target has tiles with.
fn runs(tiles: Option<&Tiles>, target: usize, sources: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut next = sources.start;
    std::iter::from_fn(move || {
        let mut pass = |there: bool| {
            while next < sources.end && tiles.is_none_or(|tiles| tiles.has(next, target)) == there {
                next = if tiles.is_some() { sources.end.min((next / TILE + 1) * TILE) } else { sources.end };
            }
            next
        };
        let first = pass(false);
        let end = pass(true);
        (first < end).then_some(first..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 100 sources and 70 targets, where the third tile of targets has none and the second not the third of sources.
    fn tiles() -> Tiles {
        let is_near = |sources: Range<usize>, targets: Range<usize>| {
            targets.start < 64 && (targets.start == 0 || sources.start != 64)
        };
        Tiles::new([100, 70], is_near)
    }

    #[test]
    fn all_in_one_where_no_tile_is_missing() {
        assert_eq!(products(None, 3..50, 7..90).collect::<Vec<_>>(), [(3..50, 7..90)]);
        assert_eq!(products(None, 3..3, 7..90).count() + products(None, 3..4, 7..7).count(), 0);
    }

    #[test]
    fn products_cover_what_is_there_once_and_nothing_else() {
        let tiles = tiles();
        let products: Vec<_> = products(Some(&tiles), 10..70, 40..99).collect();
        assert_eq!(products, [(10..32, 40..99), (32..64, 40..64), (32..64, 96..99)]);
        assert!(tiles.has(99, 40) && !tiles.has(70, 40) && !tiles.has(0, 64));
    }
}
