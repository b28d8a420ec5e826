//! Sums over all rows of a level of the products of what rewards are regressed on.

use crate::cpu::product::sum_lanes;
use crate::cpu::state::MOMENT_PARTS;
use crate::cpu::tile::Lane;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real};
use crate::kernels::{COLUMNS, Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};
use rayon::prelude::*;

/// Most partial sums of moments on a GPU.
pub(crate) const SLICES: usize = 64;

pub(crate) const KERNEL: Description = Description {
    name: "moments",
    phase: Phase::Reward,
    shader: shader!("reward/moments"),
    draws: false,
    reads: &[Slot::Level, Slot::Regressors],
    writes: &[Slot::Moments],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |_| lanes_and([("COLUMNS", COLUMNS), ("MOMENT_SLICES", SLICES)]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, 0, COLUMNS),
        workgroups: |level, _| groups_of(level.rows).min(SLICES),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>, level: usize) {
    let (batch, blocks) = (state.batch, model.hierarchy.levels[level].blocks);
    let lanes = (blocks * batch).div_ceil(LANES);
    let of_part = lanes.div_ceil(MOMENT_PARTS);
    let mut all_parts = std::mem::take(&mut state.moment_parts);
    let parts = &mut all_parts[..lanes.div_ceil(of_part)];
    let rows = blocks * batch;
    let regressors = &state.regressors[..lanes];
    parts.par_iter_mut().zip(regressors.par_chunks(of_part)).enumerate().for_each(
        |(part, (sums, chunks))| {
            sums.fill(0.0);
            for (number, columns) in (part * of_part..).zip(chunks) {
                add_products(columns, LANES.min(rows - number * LANES), sums);
            }
        },
    );
    let moments = &mut state.levels[level].moments;
    moments.fill(0.0);
    for part in parts {
        for (total, value) in moments.iter_mut().zip(part) {
            *total += *value;
        }
    }
    state.moment_parts = all_parts;
}

/// Adds the products of all pairs of columns, summed over lanes in f64.
fn add_products<R: Real>(columns: &[Lane<R>; COLUMNS], rows: usize, sums: &mut [f64]) {
    vectorised(
        #[inline(always)]
        || {
            let mut wide = [[0.0; LANES]; COLUMNS];
            for (wide, column) in wide.iter_mut().zip(columns) {
                for (wide, value) in wide[..rows].iter_mut().zip(column) {
                    *wide = value.widen();
                }
            }
            for (a, left) in wide.iter().enumerate() {
                for (b, right) in wide.iter().enumerate().skip(a) {
                    sums[a * COLUMNS + b] += sum_lanes(
                        #[inline(always)]
                        |lane| left[lane] * right[lane],
                    );
                }
            }
        },
    );
}
