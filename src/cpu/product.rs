//! Dense products on lanes. The heavy ones go through `ndarray` (matrixmultiply); the short, dependent ones of the
//! masked triangle are loops that the compiler vectorises.

use super::tile::Lane;
use super::{LANES, Real};
use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};

fn lanes<R: Real>(values: &[Lane<R>]) -> ArrayView2<'_, R> {
    ArrayView2::from_shape((values.len(), LANES), values.as_flattened()).expect("whole lanes")
}

fn lanes_mut<R: Real>(values: &mut [Lane<R>]) -> ArrayViewMut2<'_, R> {
    ArrayViewMut2::from_shape((values.len(), LANES), values.as_flattened_mut()).expect("whole lanes")
}

fn matrix<R: Real>(weights: &[R], rows: usize, columns: usize) -> ArrayView2<'_, R> {
    ArrayView2::from_shape((rows, columns), &weights[..rows * columns]).expect("weights of the stated shape")
}

/// `targets[t] += sum_s weights[s][t] sources[s]`: forward through the rows that the sources occupy.
pub(super) fn forward<R: Real>(targets: &mut [Lane<R>], weights: &[R], sources: &[Lane<R>]) {
    if !sources.is_empty() {
        let weights = matrix(weights, sources.len(), targets.len());
        general_mat_mul(R::one(), &weights.t(), &lanes(sources), R::one(), &mut lanes_mut(targets));
    }
}

/// `sources[s] += sum_t weights[s][t] targets[t]`: backward through the whole matrix, masked zeros included.
pub(super) fn backward<R: Real>(sources: &mut [Lane<R>], weights: &[R], targets: &[Lane<R>]) {
    let weights = matrix(weights, sources.len(), targets.len());
    general_mat_mul(R::one(), &weights, &lanes(targets), R::one(), &mut lanes_mut(sources));
}

/// `gradient[s][t] += sum_lanes sources[s] targets[t]` on columns `first_target..` of a matrix with `columns` columns.
pub(super) fn outer<R: Real>(
    gradient: &mut [R],
    columns: usize,
    first_target: usize,
    sources: &[Lane<R>],
    targets: &[Lane<R>],
) {
    if sources.is_empty() || targets.is_empty() {
        return;
    }
    let gradient = &mut gradient[..sources.len() * columns];
    let mut gradient =
        ArrayViewMut2::from_shape((sources.len(), columns), gradient).expect("gradient of the stated shape");
    let mut part = gradient.slice_mut(ndarray::s![.., first_target..first_target + targets.len()]);
    general_mat_mul(R::one(), &lanes(sources), &lanes(targets).t(), R::one(), &mut part);
}

/// `sum += sum_s weights[s * stride] sources[s]`.
#[inline(always)]
pub(super) fn column<R: Real>(sum: &mut Lane<R>, weights: &[R], stride: usize, sources: &[Lane<R>]) {
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
