//! Owned bond sums and spin sums per block, as integers.

use super::LANES;
use super::state::State;
use super::vector::vectorised;
use crate::conditional::Model;
use crate::hierarchy::Level;
use rayon::prelude::*;

pub(super) fn run<R: Send + Sync>(model: &Model, state: &mut State<R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    state.sums[rows].par_chunks_mut(batch).enumerate().for_each(|(block, sums)| {
        for (chunk, sums) in sums.chunks_mut(LANES).enumerate() {
            let [bonds, fields] = owned_sums(geometry, spins, batch, block, chunk * LANES);
            for (lane, sums) in sums.iter_mut().enumerate() {
                *sums = [bonds[lane], fields[lane]];
            }
        }
    });
}

/// Bond sum and spin sum that one block owns, in up to [`LANES`] configurations from `first` on.
pub(super) fn owned_sums(
    geometry: &Level,
    spins: &[i8],
    batch: usize,
    block: usize,
    first: usize,
) -> [[i32; LANES]; 2] {
    let sites = geometry.block_sites(block);
    let rows = LANES.min(batch - first);
    let spins = |local: usize| &spins[sites[local] as usize * batch + first..][..rows];
    let (mut bonds, mut sums) = ([0; LANES], [0; LANES]);
    vectorised(
        #[inline(always)]
        || {
            for bond in &geometry.bonds {
                let pairs = spins(bond.earlier as usize).iter().zip(spins(bond.later as usize));
                for (sum, (&earlier, &later)) in bonds.iter_mut().zip(pairs) {
                    *sum += i32::from(earlier * later);
                }
            }
            for local in geometry.border..geometry.inputs() {
                for (sum, &spin) in sums.iter_mut().zip(spins(local)) {
                    *sum += i32::from(spin);
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
