//! Pairs of border sites that a block's free energy depends on most: those that short paths through the inside of its box join.
//!
//! The expected reward of a block given its border is -ln Z(border), and its high temperature expansion is a sum over paths through
//! the inside: to leading order every pair of border spins counts with the number of its shortest paths, times tanh(beta J) to
//! their length. Where couplings have signs of their own, a path counts with the product of the signs of its bonds.

use super::Hierarchy;

/// Lengths of paths that features are made of.
pub const PATH_LENGTHS: [usize; 9] = [2, 3, 4, 5, 6, 8, 10, 12, 16];

/// Pairs of border sites that shortest paths of one length join, those with equally many paths together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathPairs {
    /// Number of shortest paths of every pair, those with an odd number of bonds J < 0 subtracted where couplings differ, and the pairs by
    /// local index, the smaller one first.
    pub groups: Vec<(i32, Vec<[u32; 2]>)>,
}

impl PathPairs {
    fn new(mut pairs: Vec<(i32, [u32; 2])>) -> Self {
        pairs.sort_unstable();
        let groups = pairs.chunk_by(|(a, _), (b, _)| a == b);
        let group = |pairs: &[(i32, [u32; 2])]| (pairs[0].0, pairs.iter().map(|(_, ends)| *ends).collect());
        Self { groups: groups.map(group).collect() }
    }

    /// Paths of all pairs.
    pub fn paths(&self) -> i32 {
        self.groups.iter().map(|(paths, pairs)| paths * pairs.len() as i32).sum()
    }
}

/// Neighbours of every site of a lattice, with the sign of their bond.
pub(super) struct Neighbours(Vec<Vec<(u32, i32)>>);

impl Neighbours {
    /// From bonds and their signs; bonds of sign 0 join nothing.
    pub(super) fn new(sites: usize, bonds: impl Iterator<Item = ([u32; 2], i32)>) -> Self {
        let mut neighbours = vec![Vec::new(); sites];
        for ([a, b], sign) in bonds.filter(|(_, sign)| *sign != 0) {
            neighbours[a as usize].push((b, sign));
            neighbours[b as usize].push((a, sign));
        }
        Self(neighbours)
    }
}

impl Hierarchy {
    /// The pairs of a block, given by level and number, by [`PATH_LENGTHS`].
    pub(super) fn path_pairs(&self, [level, block]: [usize; 2], neighbours: &Neighbours) -> Vec<PathPairs> {
        let level_here = &self.levels[level];
        let border = &level_here.block_sites(block)[..level_here.border];
        let mut walk = Walk::new(self.sites);
        for (&site, number) in border.iter().zip(0..) {
            walk.places[site as usize] = Place::Border(number);
        }
        for site in self.inside(level, block as u32) {
            walk.places[site as usize] = Place::Inside;
        }
        let mut found = vec![Vec::new(); PATH_LENGTHS.len()];
        for (number, &from) in border.iter().enumerate() {
            // Around a torus a site may be on the border twice; the last place counts.
            let number = number as u32;
            if !matches!(walk.places[from as usize], Place::Border(last) if last == number) {
                continue;
            }
            walk.ends(from, neighbours, |to, length, paths| {
                let place = PATH_LENGTHS.iter().position(|&known| known == length);
                if let Some(place) = place.filter(|_| number < to && paths != 0) {
                    found[place].push((paths, [number, to]));
                }
            });
        }
        found.into_iter().map(PathPairs::new).collect()
    }

    /// Sites that a block of a level and all blocks below it fix.
    fn inside(&self, level: usize, block: u32) -> Vec<u32> {
        let mut blocks = vec![block];
        let mut inside = Vec::new();
        for level in &self.levels[level..] {
            let own = |&block: &u32| &level.block_sites(block as usize)[level.border..];
            inside.extend(blocks.iter().flat_map(own));
            let children = |&block: &u32| level.block_children(block as usize).to_vec();
            blocks = blocks.iter().flat_map(children).collect();
        }
        inside
    }
}

/// The entry of a site that a walk has not reached.
const UNREACHED: (usize, i32) = (usize::MAX, 0);

/// Where a site is, seen from a block.
#[derive(Debug, Clone, Copy)]
enum Place {
    Outside,
    /// On its border, by local index.
    Border(u32),
    Inside,
}

/// Walks from border sites of a block through its inside.
struct Walk {
    /// The place of every site of the lattice.
    places: Vec<Place>,
    /// Length and number of the shortest paths to every site that a walk has reached, else [`UNREACHED`].
    reached: Vec<(usize, i32)>,
}

impl Walk {
    fn new(sites: usize) -> Self {
        Self { places: vec![Place::Outside; sites], reached: vec![UNREACHED; sites] }
    }

    /// Calls `end` with the border sites that paths from one of them through the inside reach, with the length and number of their
    /// shortest paths.
    fn ends(&mut self, from: u32, Neighbours(neighbours): &Neighbours, mut end: impl FnMut(u32, usize, i32)) {
        let longest = PATH_LENGTHS[PATH_LENGTHS.len() - 1];
        self.reached[from as usize] = (0, 1);
        // Sites in the order in which they are reached; those from `first` on are reached by paths of the length at hand.
        let (mut sites, mut first) = (vec![from], 0);
        for length in 1..=longest {
            let front = first..sites.len();
            first = sites.len();
            for place in front {
                let site = sites[place];
                let is_inside = matches!(self.places[site as usize], Place::Inside);
                if !is_inside && length > 1 {
                    continue;
                }
                let (_, paths_here) = self.reached[site as usize];
                for &(neighbour, sign) in &neighbours[site as usize] {
                    let is_step = match self.places[neighbour as usize] {
                        Place::Outside => false,
                        Place::Border(_) => length > 1,
                        Place::Inside => true,
                    };
                    let (its_length, paths) = &mut self.reached[neighbour as usize];
                    if is_step && *its_length == UNREACHED.0 {
                        *its_length = length;
                        sites.push(neighbour);
                    }
                    if is_step && *its_length == length {
                        *paths += sign * paths_here;
                    }
                }
            }
            for &site in &sites[first..] {
                if let Place::Border(number) = self.places[site as usize] {
                    end(number, length, self.reached[site as usize].1);
                }
            }
        }
        for site in sites {
            self.reached[site as usize] = UNREACHED;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Lattice;

    #[test]
    fn pairs_of_a_square_are_those_of_paths_through_its_inside() {
        let hierarchy = Hierarchy::square(Lattice::square(16).unwrap(), 8);
        let [bottom, above] = [2, 1].map(|level| &hierarchy.levels[level].path_pairs);
        let counts: Vec<Vec<(i32, usize)>> = bottom
            .iter()
            .map(|pairs| pairs.groups.iter().map(|(paths, pairs)| (*paths, pairs.len())).collect())
            .collect();
        // Around the four corners; along the four sides of seven and two steps from the corners; and so on.
        assert_eq!(counts[..3], [vec![(1, 4)], vec![(1, 24 + 8)], vec![(1, 20 + 8), (2, 4)]]);
        // Opposite sites of a square are joined by one straight path.
        assert!(
            bottom[5].groups[0].1.contains(&[0, 14]),
            "the first sites of top and bottom: {:?}",
            bottom[5]
        );
        assert!(above.iter().all(|pairs| pairs.paths() > 0));
        assert!(hierarchy.levels[0].path_pairs.iter().all(|pairs| pairs.paths() == 0), "no border, no pairs");
    }
}
