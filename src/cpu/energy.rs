//! Owned bond sums and spin sums per block, as integers.

use super::LANES;
use super::rows::Rows;
use super::state::State;
use super::vector::vectorised;
use crate::conditional::Model;
use crate::hierarchy::Level;
use rayon::prelude::*;

pub(super) fn run<R: Send + Sync>(model: &Model, state: &mut State<R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    state.sums[rows].par_chunks_mut(LANES).enumerate().for_each(|(number, sums)| {
        let rows = Rows::of_lanes(number, sums.len(), batch);
        let [bonds, fields] = owned_sums(geometry, spins, rows);
        for (lane, sums) in sums.iter_mut().enumerate() {
            *sums = [bonds[lane], fields[lane]];
        }
    });
}

/// Bond sum and spin sum that the blocks of rows own.
pub(super) fn owned_sums(geometry: &Level, spins: &[i8], rows: Rows) -> [[i32; LANES]; 2] {
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
pub(super) fn border_sum(geometry: &Level, spins: &[i8], batch: usize, block: usize, row: usize) -> i32 {
    let border = &geometry.block_sites(block)[..geometry.border];
    border.iter().map(|&site| i32::from(spins[site as usize * batch + row])).sum()
}
