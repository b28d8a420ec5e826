//! Integer sums over the bonds and spins of blocks.

use super::LANES;
use super::rows::Rows;
use super::vector::vectorised;
use crate::hierarchy::{Bond, Level};

/// Bond sum and spin sum that the blocks of rows own, each term times its weight.
pub(crate) fn owned_sums(geometry: &Level, spins: &[i8], rows: Rows) -> [[i32; LANES]; 2] {
    vectorised(
        #[inline(always)]
        || {
            if geometry.is_weighted() {
                let of_bond = |block: usize, bond: usize| geometry.bond_weight(block, bond);
                sums(geometry, spins, rows, of_bond, |block, own| geometry.site_weight(block, own))
            } else {
                sums(geometry, spins, rows, |_, _| 1, |_, _| 1)
            }
        },
    )
}

/// The same with weights by block and number.
#[inline(always)]
fn sums(
    geometry: &Level,
    spins: &[i8],
    rows: Rows,
    bond_weight: impl Fn(usize, usize) -> i32,
    site_weight: impl Fn(usize, usize) -> i32,
) -> [[i32; LANES]; 2] {
    let (mut bonds, mut sums) = ([0; LANES], [0; LANES]);
    for part in rows.parts() {
        let spins = |local: usize| &spins[rows.places(&part, geometry, local)];
        let bonds = &mut bonds[part.lanes.clone()];
        for (number, bond) in geometry.bonds.iter().enumerate() {
            let weight = bond_weight(part.block, number);
            let pairs = spins(bond.earlier as usize).iter().zip(spins(bond.later as usize));
            for (sum, (&earlier, &later)) in bonds.iter_mut().zip(pairs) {
                *sum += weight * i32::from(earlier * later);
            }
        }
        let sums = &mut sums[part.lanes.clone()];
        for own in 0..geometry.own {
            let weight = site_weight(part.block, own);
            for (sum, &spin) in sums.iter_mut().zip(spins(geometry.border + own)) {
                *sum += weight * i32::from(spin);
            }
        }
    }
    [bonds, sums]
}

/// Sum of the neighbours of a block's single spin in one configuration, each times the weight of its bond.
pub(crate) fn neighbour_sum(geometry: &Level, spins: &[i8], batch: usize, block: usize, row: usize) -> i32 {
    let sites = geometry.block_sites(block);
    let of_bond = |(number, bond): (usize, &Bond)| {
        let spin = spins[sites[bond.earlier as usize] as usize * batch + row];
        geometry.bond_weight(block, number) * i32::from(spin)
    };
    geometry.bonds.iter().enumerate().map(of_bond).sum()
}
