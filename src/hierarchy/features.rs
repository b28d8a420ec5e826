//! Pairs of border sites that a block's free energy depends on most: those that short paths through the inside of its box join.
//!
//! The expected reward of a block given its border is -ln Z(border), and its high temperature expansion is a sum over paths through
//! the inside: to leading order every pair of border spins counts with the number of its shortest paths, times tanh(beta J) to
//! their length.

use super::Hierarchy;
use std::collections::{HashMap, HashSet};

/// Lengths of paths that features are made of.
pub const PATH_LENGTHS: [usize; 9] = [2, 3, 4, 5, 6, 8, 10, 12, 16];

/// Pairs of border sites that shortest paths of one length join, those with equally many paths together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathPairs {
    /// Number of shortest paths of every pair, and the pairs by local index, the smaller one first.
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

impl Hierarchy {
    /// The pairs of a level, by [`PATH_LENGTHS`]; `neighbours` are those of every site of the lattice.
    pub(super) fn path_pairs(&self, level: usize, neighbours: &[Vec<u32>]) -> Vec<PathPairs> {
        let level_here = &self.levels[level];
        let border: HashMap<u32, u32> =
            level_here.block_sites(0)[..level_here.border].iter().copied().zip(0..).collect();
        let inside = self.inside(level);
        let mut found = vec![Vec::new(); PATH_LENGTHS.len()];
        for (&from, &first) in &border {
            for (to, length, paths) in ends(from, &border, &inside, neighbours) {
                let place = PATH_LENGTHS.iter().position(|&known| known == length);
                if let Some(place) = place.filter(|_| first < border[&to]) {
                    found[place].push((paths, [first, border[&to]]));
                }
            }
        }
        found.into_iter().map(PathPairs::new).collect()
    }

    /// Sites that the first block of a level and all blocks below it fix.
    fn inside(&self, level: usize) -> HashSet<u32> {
        let mut blocks = vec![0_u32];
        let mut inside = HashSet::new();
        for level in &self.levels[level..] {
            let own = |&block: &u32| &level.block_sites(block as usize)[level.border..];
            inside.extend(blocks.iter().flat_map(own));
            let children = |&block: &u32| level.block_children(block as usize).to_vec();
            blocks = blocks.iter().flat_map(children).collect();
        }
        inside
    }
}

/// Border sites that paths from one of them through the inside reach, with the length and number of their shortest paths.
fn ends(
    from: u32,
    border: &HashMap<u32, u32>,
    inside: &HashSet<u32>,
    neighbours: &[Vec<u32>],
) -> Vec<(u32, usize, i32)> {
    let longest = PATH_LENGTHS[PATH_LENGTHS.len() - 1];
    let mut front: HashMap<u32, i32> = HashMap::from([(from, 1)]);
    let (mut seen, mut ends): (HashSet<u32>, Vec<_>) = (HashSet::from([from]), Vec::new());
    for length in 1..=longest {
        let mut next: HashMap<u32, i32> = HashMap::new();
        for (&site, &paths) in &front {
            for &neighbour in neighbours[site as usize].iter().filter(|neighbour| !seen.contains(neighbour)) {
                let is_end = length > 1 && border.contains_key(&neighbour);
                if is_end || inside.contains(&neighbour) {
                    *next.entry(neighbour).or_default() += paths;
                }
            }
        }
        seen.extend(next.keys());
        ends.extend(next.iter().filter(|(site, _)| border.contains_key(site)).map(|(&s, &p)| (s, length, p)));
        next.retain(|site, _| inside.contains(site));
        front = next;
    }
    ends
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
