//! How far hidden matrices reach: weights between sites that are far apart are left out, whole patches at a time.

use std::ops::Range;

/// Sources and targets of a patch. Both backends pass over whole patches, and loads of a GPU take as many sources at a time.
pub const PATCH: usize = 32;

/// The patches that a matrix has, of [`PATCH`] sources by [`PATCH`] targets each, where it has not all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patches {
    /// Patches along the sources.
    sources: usize,
    /// `[targets / 32][sources / 32]`, rounded up.
    there: Vec<bool>,
}

impl Patches {
    /// Patches of a matrix of so many sources and targets that have a weight whose ends are near each other.
    pub(super) fn new(
        [sources, targets]: [usize; 2],
        is_near: impl Fn(Range<usize>, Range<usize>) -> bool,
    ) -> Self {
        let patches = |count: usize| {
            (0..count.div_ceil(PATCH)).map(move |patch| patch * PATCH..count.min((patch + 1) * PATCH))
        };
        let there = patches(targets).flat_map(|targets| {
            patches(sources).map(|sources| is_near(sources, targets.clone())).collect::<Vec<_>>()
        });
        Self { there: there.collect(), sources: sources.div_ceil(PATCH) }
    }

    /// Whether there is the patch of a source and a target.
    pub fn has(&self, source: usize, target: usize) -> bool {
        self.there[target / PATCH * self.sources + source / PATCH]
    }

    /// Patches along the sources.
    pub(crate) fn sources(&self) -> usize {
        self.sources
    }

    /// For every patch of targets, which patches along the sources are there.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.there.chunks(self.sources)
    }
}

/// The products of some targets and sources that patches leave, as ranges of both: all in one where there are all patches.
pub(super) fn products(
    patches: Option<&Patches>,
    targets: Range<usize>,
    sources: Range<usize>,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let end = targets.end;
    let mut next = targets.start;
    let of_targets = std::iter::from_fn(move || {
        let first = next;
        next = if patches.is_some() { end.min((first / PATCH + 1) * PATCH) } else { end };
        (first < end).then_some(first..next)
    });
    of_targets.flat_map(move |targets| {
        runs(patches, targets.start, sources.clone()).map(move |sources| (targets.clone(), sources))
    })
}

/// The ranges of some sources that a target has patches with.
fn runs(
    patches: Option<&Patches>,
    target: usize,
    sources: Range<usize>,
) -> impl Iterator<Item = Range<usize>> {
    let mut next = sources.start;
    std::iter::from_fn(move || {
        let mut pass = |there: bool| {
            while next < sources.end && patches.is_none_or(|patches| patches.has(next, target)) == there {
                next =
                    if patches.is_some() { sources.end.min((next / PATCH + 1) * PATCH) } else { sources.end };
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

    /// Patches of a matrix of 100 sources and 70 targets, where the third patch of targets has none and the second not the third of sources.
    fn patches() -> Patches {
        let is_near = |sources: Range<usize>, targets: Range<usize>| {
            targets.start < 64 && (targets.start == 0 || sources.start != 64)
        };
        Patches::new([100, 70], is_near)
    }

    #[test]
    fn all_in_one_where_no_tile_is_missing() {
        assert_eq!(products(None, 3..50, 7..90).collect::<Vec<_>>(), [(3..50, 7..90)]);
        assert_eq!(products(None, 3..3, 7..90).count() + products(None, 3..4, 7..7).count(), 0);
    }

    #[test]
    fn products_cover_what_is_there_once_and_nothing_else() {
        let patches = patches();
        let products: Vec<_> = products(Some(&patches), 10..70, 40..99).collect();
        assert_eq!(products, [(10..32, 40..99), (32..64, 40..64), (32..64, 96..99)]);
        assert!(patches.has(99, 40) && !patches.has(70, 40) && !patches.has(0, 64));
    }
}
