//! What any hierarchy must satisfy, checked against the lattice's bonds alone.

use super::Hierarchy;
use std::collections::BTreeMap;

/// Checks a hierarchy against the bonds of its lattice.
///
/// Every site is fixed exactly once and before it serves as a border; every bond is owned exactly once, by the block
/// that fixes its later site, and its ends are the sites that the tables say; every neighbour of an own site lies in the
/// block's own sites, its border or its descendants (the Markov property that makes q factorise without error).
///
/// # Errors
/// The first violation found, in words.
pub fn check(hierarchy: &Hierarchy, bonds: &[[u32; 2]]) -> Result<(), String> {
    let owners = fixed_once(hierarchy)?;
    owned_once(hierarchy, bonds)?;
    markov(hierarchy, bonds, &owners)
}

/// `(level, block)` that fixes every site, when each is fixed exactly once and after its borders.
fn fixed_once(hierarchy: &Hierarchy) -> Result<Vec<(usize, usize)>, String> {
    let mut owners = vec![None; hierarchy.sites];
    for (k, level) in hierarchy.levels.iter().enumerate() {
        for block in 0..level.blocks {
            let (border, _) = level.block_sites(block).split_at(level.border);
            if let Some(site) = border.iter().find(|&&site| owners[site as usize].is_none()) {
                return Err(format!("level {k} block {block}: border site {site} is not fixed yet"));
            }
        }
        for block in 0..level.blocks {
            for &site in &level.block_sites(block)[level.border..] {
                if owners[site as usize].replace((k, block)).is_some() {
                    return Err(format!("level {k} block {block}: site {site} is fixed twice"));
                }
            }
        }
    }
    owners
        .into_iter()
        .enumerate()
        .map(|(site, owner)| owner.ok_or(format!("site {site} is never fixed")))
        .collect()
}

fn owned_once(hierarchy: &Hierarchy, bonds: &[[u32; 2]]) -> Result<(), String> {
    let mut left: BTreeMap<[u32; 2], i32> = BTreeMap::new();
    let ordered = |a: u32, b: u32| [a.min(b), a.max(b)];
    for &[a, b] in bonds {
        *left.entry(ordered(a, b)).or_default() += 1;
    }
    for (k, level) in hierarchy.levels.iter().enumerate() {
        for bond in &level.bonds {
            if bond.earlier >= bond.later || (bond.later as usize) < level.border {
                return Err(format!("level {k}: {bond:?} does not end on a later own site"));
            }
        }
        for block in 0..level.blocks {
            let sites = level.block_sites(block);
            for bond in &level.bonds {
                let ends = ordered(sites[bond.earlier as usize], sites[bond.later as usize]);
                let count =
                    left.get_mut(&ends).ok_or(format!("level {k} block {block}: {ends:?} is no bond"))?;
                *count -= 1;
            }
        }
    }
    match left.iter().find(|(_, count)| **count != 0) {
        Some((ends, count)) => Err(format!("bond {ends:?} is owned {} times", 1 - count)),
        None => Ok(()),
    }
}

fn markov(hierarchy: &Hierarchy, bonds: &[[u32; 2]], owners: &[(usize, usize)]) -> Result<(), String> {
    let mut neighbours = vec![Vec::new(); hierarchy.sites];
    for &[a, b] in bonds {
        neighbours[a as usize].push(b);
        neighbours[b as usize].push(a);
    }
    let parents = parents(hierarchy);
    let number = |(level, block): (usize, usize)| {
        hierarchy.levels[..level].iter().map(|level| level.blocks).sum::<usize>() + block
    };
    for (k, level) in hierarchy.levels.iter().enumerate() {
        for block in 0..level.blocks {
            let sites = level.block_sites(block);
            for &site in &sites[level.border..] {
                for &neighbour in &neighbours[site as usize] {
                    let inside = sites.contains(&neighbour)
                        || descends(&parents, number((k, block)), number(owners[neighbour as usize]));
                    if !inside {
                        return Err(format!(
                            "level {k} block {block}: {site} has a neighbour {neighbour} outside"
                        ));
                    }
                }
            }
        }
    }
    Ok(())
}

/// For every block, counted over all levels, the block above it, if there is one.
fn parents(hierarchy: &Hierarchy) -> Vec<Option<usize>> {
    let mut parents = vec![None; hierarchy.levels.iter().map(|level| level.blocks).sum()];
    let mut first = 0;
    for level in &hierarchy.levels {
        let behind = first + level.blocks;
        for block in 0..level.blocks {
            let children = level.block_children(block).iter();
            children.for_each(|&child| parents[behind + child as usize] = Some(first + block));
        }
        first = behind;
    }
    parents
}

/// Whether block `descendant` is `ancestor` or lies below it in the tree.
fn descends(parents: &[Option<usize>], ancestor: usize, descendant: usize) -> bool {
    let mut block = descendant;
    while block > ancestor {
        match parents[block] {
            Some(parent) => block = parent,
            None => return false,
        }
    }
    block == ancestor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::SiteOrder;
    use crate::lattice::{Interaction, Lattice, LatticeKind, System};

    fn square(side: u32, bottom: u32) -> (Hierarchy, Vec<[u32; 2]>) {
        let lattice = Lattice::square(side).unwrap();
        (Hierarchy::square(lattice, bottom), lattice.bonds().collect())
    }

    #[test]
    fn the_square_hierarchy_satisfies_every_rule() {
        for (side, bottom) in [(4, 2), (4, 4), (8, 2), (8, 8), (16, 2), (16, 4), (32, 8)] {
            let (hierarchy, bonds) = square(side, bottom);
            check(&hierarchy, &bonds).unwrap();
            let owned: usize = hierarchy.levels.iter().map(|level| level.blocks * level.bonds.len()).sum();
            assert_eq!(owned, 2 * hierarchy.sites);
            let (last, above) = hierarchy.levels.split_last().unwrap();
            assert_eq!(last.bonds.len(), 2 * (bottom * (bottom - 1)) as usize, "bonds inside a square");
            for level in &above[1..] {
                assert_eq!(
                    level.bonds.len(),
                    2 * level.extent[0] as usize,
                    "a cross of side l owns 2 l bonds"
                );
            }
        }
    }

    #[test]
    fn flat_and_bisected_hierarchies_satisfy_every_rule_on_every_lattice() {
        for kind in LatticeKind::ALL {
            for side in [4, 8, 16] {
                let lattice = Lattice::new(kind, side).unwrap();
                let system = System::uniform(lattice, Interaction { coupling: 1.0, field: 0.0 });
                let halves = (lattice.dimensions() > 1)
                    .then(|| Hierarchy::bisection(lattice, &vec![2; lattice.dimensions()]));
                for hierarchy in [Hierarchy::flat(&system, SiteOrder::Index)].into_iter().chain(halves) {
                    let bonds: Vec<_> = lattice.bonds().collect();
                    check(&hierarchy, &bonds).unwrap();
                    let owned: usize =
                        hierarchy.levels.iter().map(|level| level.blocks * level.bonds.len()).sum();
                    assert_eq!(owned, bonds.len());
                }
            }
        }
    }

    #[test]
    fn sizes_match_the_published_ones() {
        let (hierarchy, _) = square(16, 2);
        let shapes: Vec<_> = hierarchy.levels.iter().map(|l| (l.blocks, l.border, l.own)).collect();
        assert_eq!(shapes, [(1, 0, 31), (1, 60, 29), (4, 28, 13), (16, 12, 5), (64, 4, 1)]);
        assert_eq!(hierarchy.blocks(), 86);
    }

    #[test]
    fn the_check_sees_each_kind_of_fault() {
        let faulty = |break_it: fn(&mut Hierarchy)| {
            let (mut hierarchy, bonds) = square(8, 2);
            break_it(&mut hierarchy);
            check(&hierarchy, &bonds).unwrap_err()
        };
        let twice = faulty(|h| {
            let first = h.levels[2].border;
            h.levels[2].sites[first] = h.levels[2].sites[first + 1];
        });
        assert!(twice.contains("fixed twice"), "{twice}");
        let early = faulty(|h| h.levels.swap(1, 2));
        assert!(early.contains("not fixed yet"), "{early}");
        let bond = faulty(|h| h.levels[1].bonds.truncate(3));
        assert!(bond.contains("owned 0 times"), "{bond}");
        let wrong_bond = faulty(|h| h.levels[1].bonds[2].earlier = 0);
        assert!(wrong_bond.contains("is no bond"), "{wrong_bond}");
        // Children that lie elsewhere leave neighbours of the cross outside the block.
        let markov = faulty(|h| h.levels[2].children.fill(0));
        assert!(markov.contains("outside"), "{markov}");
    }
}
