//! Regressors of the reward of every block of a level: features of its border, and the rest of the configuration's reward. All are
//! independent of the block's own spins given its border, so that subtracting what they predict leaves the gradient's mean alone. Of Potts spins equal colours count as
//! equal signs do, and the magnetisation of a border is `q max_c n_c - n`, negative where colour 0 is not its most frequent.

use crate::cpu::rows::Rows;
use crate::cpu::state::State;
use crate::cpu::tile::Lane;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real};
use crate::hierarchy::{Level, PATH_LENGTHS};
use crate::kernels::{
    Axis, COLUMNS, Cost, Description, LANES as WORKGROUP, LaneRows, Phase, Slot, Work, lanes_and, shader,
};
use crate::lattice::Spins;
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "regressors",
    phase: Phase::Reward,
    shader: shader!("reward/regressors"),
    draws: false,
    reads: &[Slot::Level, Slot::Geometry, Slot::Spins, Slot::Inputs, Slot::Reward],
    writes: &[Slot::Regressors],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Rows(LaneRows::Batch), Axis::Encoding],
    constants: |_| lanes_and([]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, 0, level.geometry.border.div_ceil(32) + 3 + COLUMNS),
        workgroups: |level, spread| level.rows.div_ceil(spread.variant.lane_rows * WORKGROUP),
    },
};

/// Terms of -2 whose sum a byte holds.
const MOST_IN_I8: usize = 63;

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let mut regressors = std::mem::take(&mut state.regressors);
    let read: &State<R> = state;
    let (batch, rows) = (read.batch, geometry.blocks * read.batch);
    regressors[..rows.div_ceil(LANES)].par_iter_mut().enumerate().for_each(|(number, columns)| {
        let count = LANES.min(rows - number * LANES);
        let rows = Rows::of_lanes(number, count, batch);
        *columns = of_rows(model.system.spins, geometry, read, level, rows);
    });
    state.regressors = regressors;
}

/// Up to [`LANES`] rows: 1, features of the border, rest of the reward, reward.
///
/// Rest and reward are counted from those of the level's first row: only differences matter, and they keep more digits.
fn of_rows<R: Real>(
    kind: Spins,
    geometry: &Level,
    state: &State<R>,
    level: usize,
    rows: Rows,
) -> [Lane<R>; COLUMNS] {
    let batch = state.batch;
    let first_row = state.levels[level].first_block * batch;
    let mut columns = [[R::zero(); LANES]; COLUMNS];
    columns[0] = [R::one(); LANES];
    border_features(kind, geometry, &state.spins, rows, &mut columns[1..]);
    let reward = |row: usize| [state.reward[row % batch] - state.reward[row], state.reward[row]];
    let reference = reward(first_row);
    let [.., rest_column, own_column] = &mut columns;
    for (lane, (rest, own)) in rest_column.iter_mut().zip(own_column).take(rows.count).enumerate() {
        let [rest_here, own_here] = reward(first_row + rows.first + lane);
        *rest = rest_here - reference[0];
        *own = own_here - reference[1];
    }
    columns
}

/// Products of pairs of border spins, weighted with the numbers of paths between them, by the length of those paths; |m|, m^2, m^4 and m of
/// the border. Zeros where there is no border.
fn border_features<R: Real>(kind: Spins, level: &Level, spins: &[i8], rows: Rows, features: &mut [Lane<R>]) {
    if level.border == 0 {
        return;
    }
    let (products, moments) = features.split_at_mut(PATH_LENGTHS.len());
    for (feature, pairs) in products.iter_mut().zip(&level.path_pairs) {
        let mut sums = [0; LANES];
        for (paths, pairs) in &pairs.groups {
            let unlike = count_unlike(kind, level, spins, rows, pairs);
            for (sum, unlike) in sums.iter_mut().zip(unlike) {
                *sum += paths * (pairs.len() as i32 - 2 * unlike);
            }
        }
        let share = R::of(1.0 / f64::from(pairs.paths().max(1)));
        *feature = sums.map(|sum| R::of(f64::from(sum)) * share);
    }
    let share = R::of(1.0 / level.border as f64);
    for (lane, sum) in border_sums(kind, level, spins, rows).into_iter().enumerate() {
        let m = R::of(f64::from(sum)) * share;
        let square = m * m;
        [m.abs(), square, square * square, m]
            .into_iter()
            .zip(&mut *moments)
            .for_each(|(value, moment)| moment[lane] = value);
    }
}

/// Pairs of a kind whose spins are unlike.
fn count_unlike(kind: Spins, level: &Level, spins: &[i8], rows: Rows, pairs: &[[u32; 2]]) -> [i32; LANES] {
    match kind {
        // 1 ^ -1 is -2, and equal spins give 0: bytes hold the sum.
        Spins::Ising => count(level, spins, rows, pairs, |a, b| a ^ b),
        Spins::Potts { .. } => count(level, spins, rows, pairs, |a, b| if a == b { 0 } else { -2 }),
    }
}

#[inline(always)]
fn count(
    level: &Level,
    spins: &[i8],
    rows: Rows,
    pairs: &[[u32; 2]],
    minus_two_if_unlike: impl Fn(i8, i8) -> i8,
) -> [i32; LANES] {
    let mut counts = [0; LANES];
    vectorised(
        #[inline(always)]
        || {
            for part in rows.parts() {
                let column = |local: u32| &spins[rows.places(&part, level, local as usize)];
                for pairs in pairs.chunks(MOST_IN_I8) {
                    let mut differences = [0_i8; LANES];
                    let differences = &mut differences[part.lanes.clone()];
                    for &[a, b] in pairs {
                        let ends = column(a).iter().zip(column(b));
                        for (difference, (&a, &b)) in differences.iter_mut().zip(ends) {
                            *difference += minus_two_if_unlike(a, b);
                        }
                    }
                    for (count, &difference) in counts[part.lanes.clone()].iter_mut().zip(&*differences) {
                        *count -= i32::from(difference) / 2;
                    }
                }
            }
        },
    );
    counts
}

/// Sums of all border spins.
fn border_sums(kind: Spins, level: &Level, spins: &[i8], rows: Rows) -> [i32; LANES] {
    match kind {
        Spins::Ising => spin_sums(level, spins, rows, i32::from),
        Spins::Potts { states } => colour_sums(states, level, spins, rows),
    }
}

/// The same of colours: `q max_c n_c - n`, times -1 where colour 0 is not the most frequent.
fn colour_sums(states: u8, level: &Level, spins: &[i8], rows: Rows) -> [i32; LANES] {
    let mut most = [0; LANES];
    let mut sign = [1; LANES];
    for colour in 0..states as i8 {
        let counts = spin_sums(level, spins, rows, |spin| i32::from(spin == colour));
        for lane in 0..LANES {
            if counts[lane] > most[lane] {
                most[lane] = counts[lane];
                sign[lane] = if colour == 0 { 1 } else { -1 };
            }
        }
    }
    let sites = level.border as i32;
    std::array::from_fn(|lane| sign[lane] * (i32::from(states) * most[lane] - sites))
}

#[inline(always)]
fn spin_sums(level: &Level, spins: &[i8], rows: Rows, of_spin: impl Fn(i8) -> i32) -> [i32; LANES] {
    let mut sums = [0; LANES];
    for part in rows.parts() {
        for local in 0..level.border {
            let column = &spins[rows.places(&part, level, local)];
            for (sum, &spin) in sums[part.lanes.clone()].iter_mut().zip(column) {
                *sum += of_spin(spin);
            }
        }
    }
    sums
}
