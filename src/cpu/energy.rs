//! Owned bond sums and spin sums per block, as integers.

use super::state::State;
use crate::conditional::Model;
use crate::hierarchy::Level;
use rayon::prelude::*;

pub(super) fn run<R: Send + Sync>(model: &Model, state: &mut State<R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    state.sums[rows].par_chunks_mut(batch).enumerate().for_each(|(block, sums)| {
        for (row, sums) in sums.iter_mut().enumerate() {
            *sums = owned_sums(geometry, spins, batch, block, row);
        }
    });
}

/// Bond sum and spin sum that one block owns in one configuration.
pub(super) fn owned_sums(geometry: &Level, spins: &[i8], batch: usize, block: usize, row: usize) -> [i32; 2] {
    let sites = geometry.block_sites(block);
    let spin = |local: usize| i32::from(spins[sites[local] as usize * batch + row]);
    let bonds =
        geometry.bonds.iter().map(|bond| spin(bond.earlier as usize) * spin(bond.later as usize)).sum();
    [bonds, (geometry.border..geometry.inputs()).map(spin).sum()]
}

/// Sum of a block's border spins in one configuration.
pub(super) fn border_sum(geometry: &Level, spins: &[i8], batch: usize, block: usize, row: usize) -> i32 {
    let border = &geometry.block_sites(block)[..geometry.border];
    border.iter().map(|&site| i32::from(spins[site as usize * batch + row])).sum()
}
