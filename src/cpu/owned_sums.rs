//! Integer sums over the bonds and spins of blocks.

use super::LANES;
use super::rows::Rows;
use super::vector::vectorised;
use crate::hierarchy::Level;

/// Bond sum and spin sum that the blocks of rows own.
pub(crate) fn owned_sums(geometry: &Level, spins: &[i8], rows: Rows) -> [[i32; LANES]; 2] {
    let (mut bonds, mut sums) = ([0; LANES], [0; LANES]);
    vectorised(
        #[inline(always)]
        || {
            for part in rows.parts() {
                let spins = |local: usize| &spins[rows.places(&part, geometry, local)];
                let bonds = &mut bonds[part.lanes.clone()];
                for bond in &geometry.bonds {
                    let pairs = spins(bond.earlier as usize).iter().zip(spins(bond.later as usize));
                    for (sum, (&earlier, &later)) in bonds.iter_mut().zip(pairs) {
                        *sum += i32::from(earlier * later);
                    }
                }
                let sums = &mut sums[part.lanes.clone()];
                for local in geometry.border..geometry.inputs() {
                    for (sum, &spin) in sums.iter_mut().zip(spins(local)) {
                        *sum += i32::from(spin);
                    }
                }
            }
        },
    );
    [bonds, sums]
}

/// Sum of a block's border spins in one configuration.
pub(crate) fn border_sum(geometry: &Level, spins: &[i8], batch: usize, block: usize, row: usize) -> i32 {
    let border = &geometry.block_sites(block)[..geometry.border];
    border.iter().map(|&site| i32::from(spins[site as usize * batch + row])).sum()
}
