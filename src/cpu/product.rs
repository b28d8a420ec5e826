//! Dense products on lanes. The heavy ones go through the `gemm` crate; the short, dependent ones of the masked triangle
//! are loops that the compiler vectorises.

use super::tile::Lane;
use super::{LANES, Real};

/// A matrix in memory: `data[row * row_stride + column * column_stride]`.
pub(crate) struct View<T> {
    data: T,
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<T> View<T> {
    fn new(data: T, [rows, columns]: [usize; 2], [row_stride, column_stride]: [usize; 2]) -> Self {
        Self { data, rows, columns, row_stride, column_stride }
    }

    /// A matrix that lies row by row.
    pub(crate) fn of_rows(data: T, rows: usize, columns: usize) -> Self {
        Self::new(data, [rows, columns], [columns, 1])
    }

    /// Rows as columns.
    pub(crate) fn transposed(self) -> Self {
        Self::new(self.data, [self.columns, self.rows], [self.column_stride, self.row_stride])
    }

    /// Values from the first to the last entry.
    fn span(&self) -> usize {
        match (self.rows, self.columns) {
            (0, _) | (_, 0) => 0,
            (rows, columns) => (rows - 1) * self.row_stride + (columns - 1) * self.column_stride + 1,
        }
    }
}

/// `target += left * right`, on one thread.
pub(crate) fn add_product<R: Real>(target: View<&mut [R]>, left: View<&[R]>, right: View<&[R]>) {
    assert!(target.rows == left.rows && target.columns == right.columns && left.columns == right.rows);
    assert!(target.span() <= target.data.len());
    assert!(left.span() <= left.data.len() && right.span() <= right.data.len());
    let strides = |column: usize, row: usize| (column as isize, row as isize);
    let (target_column, target_row) = strides(target.column_stride, target.row_stride);
    let (left_column, left_row) = strides(left.column_stride, left.row_stride);
    let (right_column, right_row) = strides(right.column_stride, right.row_stride);
    // SAFETY: every entry of the three matrices lies inside its slice, as asserted, and the target is borrowed alone.
    unsafe {
        gemm::gemm(
            target.rows,
            target.columns,
            left.columns,
            target.data.as_mut_ptr(),
            target_column,
            target_row,
            true,
            left.data.as_ptr(),
            left_column,
            left_row,
            right.data.as_ptr(),
            right_column,
            right_row,
            R::one(),
            R::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

fn lanes<R: Real>(values: &[Lane<R>]) -> View<&[R]> {
    View::new(values.as_flattened(), [values.len(), LANES], [LANES, 1])
}

fn lanes_mut<R: Real>(values: &mut [Lane<R>]) -> View<&mut [R]> {
    let rows = values.len();
    View::new(values.as_flattened_mut(), [rows, LANES], [LANES, 1])
}

/// `targets[t] += sum_s weights[s * stride + t] sources[s]`.
pub(crate) fn forward<R: Real>(targets: &mut [Lane<R>], weights: &[R], stride: usize, sources: &[Lane<R>]) {
    if !sources.is_empty() && !targets.is_empty() {
        let weights = View::new(weights, [targets.len(), sources.len()], [1, stride]);
        add_product(lanes_mut(targets), weights, lanes(sources));
    }
}

/// `sources[s] += sum_t weights[s * stride + t] targets[t]`.
pub(crate) fn backward<R: Real>(sources: &mut [Lane<R>], weights: &[R], stride: usize, targets: &[Lane<R>]) {
    if !sources.is_empty() && !targets.is_empty() {
        let weights = View::new(weights, [sources.len(), targets.len()], [stride, 1]);
        add_product(lanes_mut(sources), weights, lanes(targets));
    }
}

/// `gradient[s * stride + t] += sum_lanes sources[s] targets[t]`.
pub(crate) fn outer<R: Real>(gradient: &mut [R], stride: usize, sources: &[Lane<R>], targets: &[Lane<R>]) {
    if !sources.is_empty() && !targets.is_empty() {
        let gradient = View::new(gradient, [sources.len(), targets.len()], [stride, 1]);
        let targets = View::new(targets.as_flattened(), [LANES, targets.len()], [1, LANES]);
        add_product(gradient, lanes(sources), targets);
    }
}

/// `sum += sum_s weights[s * stride] sources[s]`.
#[inline(always)]
pub(crate) fn column<R: Real>(sum: &mut Lane<R>, weights: &[R], stride: usize, sources: &[Lane<R>]) {
    const PART: usize = 32;
    for part in (0..LANES).step_by(PART) {
        let mut local: [R; PART] = sum[part..part + PART].try_into().expect("a part of the lanes");
        for (index, source) in sources.iter().enumerate() {
            let weight = weights[index * stride];
            for (value, &x) in local.iter_mut().zip(&source[part..part + PART]) {
                *value += weight * x;
            }
        }
        sum[part..part + PART].copy_from_slice(&local);
    }
}

/// Sum over lanes of `value(lane)`, in a fixed order that vectorises.
#[inline(always)]
pub(crate) fn sum_lanes<R: Real>(value: impl Fn(usize) -> R) -> R {
    const STRANDS: usize = 16;
    let mut strands = [R::zero(); STRANDS];
    for first in (0..LANES).step_by(STRANDS) {
        for (strand, sum) in strands.iter_mut().enumerate() {
            *sum += value(first + strand);
        }
    }
    let mut half = STRANDS / 2;
    while half > 0 {
        for strand in 0..half {
            let other = strands[strand + half];
            strands[strand] += other;
        }
        half /= 2;
    }
    strands[0]
}
