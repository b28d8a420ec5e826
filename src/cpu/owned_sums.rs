//! Integer sums over the bonds and spins of blocks: of Ising spins products and spins, of colours bonds between equal ones and sites of colour 0.

use super::LANES;
use super::rows::Rows;
use super::vector::vectorised;
use crate::hierarchy::{Bond, Level};
use crate::lattice::Spins;

/// Bond sum and spin sum that the blocks of rows own, each term times its weight.
pub(crate) fn owned_sums(kind: Spins, geometry: &Level, spins: &[i8], rows: Rows) -> [[i32; LANES]; 2] {
    match kind {
        Spins::Ising => weighted_sums(geometry, spins, rows, |a, b| i32::from(a * b), i32::from),
        Spins::Potts { .. } => {
            weighted_sums(geometry, spins, rows, |a, b| i32::from(a == b), |colour| i32::from(colour == 0))
        }
    }
}

/// The same with terms of a bond, by the spins at its ends, and of a site.
#[inline(always)]
fn weighted_sums(
    geometry: &Level,
    spins: &[i8],
    rows: Rows,
    of_bond: impl Fn(i8, i8) -> i32,
    of_site: impl Fn(i8) -> i32,
) -> [[i32; LANES]; 2] {
    vectorised(
        #[inline(always)]
        || {
            if geometry.is_weighted() {
                let bond_weight = |block: usize, bond: usize| geometry.bond_weight(block, bond);
                let site_weight = |block, own| geometry.site_weight(block, own);
                sums(geometry, spins, rows, (bond_weight, &of_bond), (site_weight, &of_site))
            } else {
                sums(geometry, spins, rows, (|_, _| 1, &of_bond), (|_, _| 1, &of_site))
            }
        },
    )
}

/// The same with weights by block and number beside the terms.
#[inline(always)]
fn sums(
    geometry: &Level,
    spins: &[i8],
    rows: Rows,
    (bond_weight, of_bond): (impl Fn(usize, usize) -> i32, impl Fn(i8, i8) -> i32),
    (site_weight, of_site): (impl Fn(usize, usize) -> i32, impl Fn(i8) -> i32),
) -> [[i32; LANES]; 2] {
    let (mut bonds, mut sums) = ([0; LANES], [0; LANES]);
    for part in rows.parts() {
        let spins = |local: usize| &spins[rows.places(&part, geometry, local)];
        let bonds = &mut bonds[part.lanes.clone()];
        for (number, bond) in geometry.bonds.iter().enumerate() {
            let weight = bond_weight(part.block, number);
            let pairs = spins(bond.earlier as usize).iter().zip(spins(bond.later as usize));
            for (sum, (&earlier, &later)) in bonds.iter_mut().zip(pairs) {
                *sum += weight * of_bond(earlier, later);
            }
        }
        let sums = &mut sums[part.lanes.clone()];
        for own in 0..geometry.own {
            let weight = site_weight(part.block, own);
            for (sum, &spin) in sums.iter_mut().zip(spins(geometry.border + own)) {
                *sum += weight * of_site(spin);
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

/// Colours of the neighbours of a block's single spin in one configuration, with the weights of the bonds to them.
pub(crate) fn neighbour_colours<'a>(
    geometry: &'a Level,
    spins: &'a [i8],
    batch: usize,
    block: usize,
    row: usize,
) -> impl Iterator<Item = (i8, i32)> + 'a {
    let sites = geometry.block_sites(block);
    geometry.bonds.iter().enumerate().map(move |(number, bond)| {
        (spins[sites[bond.earlier as usize] as usize * batch + row], geometry.bond_weight(block, number))
    })
}
