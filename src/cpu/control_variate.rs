//! What the reward of a square is regressed on: the border's features and the rest of the configuration's reward. All
//! are independent of the square's own spins given its border, so that subtracting them leaves the gradient's mean alone.

use super::rows::{Part, Rows};
use super::state::State;
use super::tile::Lane;
use super::{LANES, Real};
use crate::conditional::Model;
use crate::hierarchy::Level;
use crate::kernels::COLUMNS;

/// Distances along a side at which bond correlations are taken.
const DISTANCES: [usize; 7] = [1, 2, 3, 4, 6, 8, 12];

/// `[COLUMNS]` for up to [`LANES`] rows: 1, features of the border, rest of the reward, reward.
///
/// Rest and reward are counted from those of the level's first row: only differences matter, and they keep more digits.
pub(crate) fn columns<R: Real>(
    model: &Model,
    state: &State<R>,
    level: usize,
    rows: Rows,
) -> [Lane<R>; COLUMNS] {
    let batch = state.batch;
    let first_row = state.levels[level].first_block * batch;
    let mut columns = [[R::zero(); LANES]; COLUMNS];
    columns[0] = [R::one(); LANES];
    border_features(&model.hierarchy.levels[level], &state.spins, rows, &mut columns[1..]);
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

/// Mean spin products at some distances along the sides, of the spins next to the corners, of mean spins of opposite and
/// of adjacent sides; |m|, m^4 and m of the border. Zeros where there is no border.
fn border_features<R: Real>(level: &Level, spins: &[i8], rows: Rows, features: &mut [Lane<R>]) {
    let width = level.border / 4;
    if width == 0 {
        return;
    }
    let column = |part: &Part, local: usize| &spins[rows.places(part, level, local)];
    let side = |number: usize| number * width..(number + 1) * width;
    for (feature, distance) in features.iter_mut().zip(DISTANCES) {
        let along =
            |number| side(number).map(move |a| [a, a + distance]).take(width.saturating_sub(distance));
        *feature = mean_product(level, spins, rows, (0..4).flat_map(along));
    }
    let (features, last) = (&mut features[DISTANCES.len()..], width - 1);
    let [top, right, bottom, left] = [0, width, 2 * width, 3 * width];
    let corners = [[top, left], [top + last, right], [right + last, bottom + last], [bottom, left + last]];
    features[0] = mean_product(level, spins, rows, corners.into_iter());
    let mean = |sites: std::ops::Range<usize>| {
        let mut sums = [0_i32; LANES];
        let count = R::of(sites.len() as f64);
        for part in rows.parts() {
            for local in sites.clone() {
                for (sum, &spin) in sums[part.lanes.clone()].iter_mut().zip(column(&part, local)) {
                    *sum += i32::from(spin);
                }
            }
        }
        sums.map(|sum| R::of(f64::from(sum)) / count)
    };
    let [top, right, bottom, left] = [0, 1, 2, 3].map(|number| mean(side(number)));
    let (half, quarter) = (R::of(0.5), R::of(0.25));
    for lane in 0..LANES {
        let [top, right, bottom, left] = [top[lane], right[lane], bottom[lane], left[lane]];
        let all = (top + right + bottom + left) * quarter;
        features[1][lane] = (top * bottom + left * right) * half;
        features[2][lane] = (top + bottom) * (left + right) * quarter;
        features[3][lane] = all.abs();
        features[4][lane] = (all * all) * (all * all);
        features[5][lane] = all;
    }
}

/// Mean over pairs of border spins of their product.
fn mean_product<R: Real>(
    level: &Level,
    spins: &[i8],
    rows: Rows,
    pairs: impl Iterator<Item = [usize; 2]> + Clone,
) -> Lane<R> {
    let mut sums = [0_i32; LANES];
    for part in rows.parts() {
        let sums = &mut sums[part.lanes.clone()];
        let column = |local: usize| &spins[rows.places(&part, level, local)];
        for [a, b] in pairs.clone() {
            for ((sum, &a), &b) in sums.iter_mut().zip(column(a)).zip(column(b)) {
                *sum += i32::from(a * b);
            }
        }
    }
    let count = f64::from(pairs.count().max(1) as u32);
    sums.map(|sum| R::of(f64::from(sum) / count))
}
