//! Small products and orthogonal bases of matrices, for 16 configurations at a time. Matrices are row-major.

use crate::sixteen::Lanes;

/// Columns that are summed together.
const BLOCK: usize = 4;

/// `out = a b` of `[rows][inner]` and the first `columns` of `[inner][stride]`.
#[inline(always)]
pub(super) fn multiply(
    out: &mut [Lanes<f64>],
    a: &[Lanes<f64>],
    b: &[Lanes<f64>],
    [inner, columns, stride]: [usize; 3],
) {
    for (out, a) in out.chunks_exact_mut(columns).zip(a.chunks_exact(inner)) {
        let mut first = 0;
        while first + BLOCK <= columns {
            let mut sums = [Lanes::zero(); BLOCK];
            for (at, &factor) in a.iter().enumerate() {
                let b = &b[at * stride + first..][..BLOCK];
                for column in 0..BLOCK {
                    sums[column] = sums[column].plus_product(factor, b[column]);
                }
            }
            out[first..][..BLOCK].copy_from_slice(&sums);
            first += BLOCK;
        }
        for column in first..columns {
            let mut sum = Lanes::zero();
            for (at, &factor) in a.iter().enumerate() {
                sum = sum.plus_product(factor, b[at * stride + column]);
            }
            out[column] = sum;
        }
    }
}

/// Room for the reflections of [`orthonormal`].
#[derive(Debug, Default)]
pub(super) struct Reflections {
    /// `[columns][rows]`: a reflection takes away twice the part along its vector.
    vectors: Vec<Lanes<f64>>,
    /// `[columns]`: two over the square of its length.
    scales: Vec<Lanes<f64>>,
}

/// An orthonormal basis of the columns of a matrix, `[rows][columns]` with at least as many rows, by Householder's reflections: it stays orthonormal where columns depend on one another,
/// and then holds other directions too. `matrix` is used up.
#[inline(always)]
pub(super) fn orthonormal(
    basis: &mut [Lanes<f64>],
    matrix: &mut [Lanes<f64>],
    reflections: &mut Reflections,
    columns: usize,
) {
    let rows = matrix.len() / columns;
    reflections.vectors.resize(columns * rows, Lanes::zero());
    reflections.scales.resize(columns, Lanes::zero());
    for pivot in 0..columns {
        let vector = &mut reflections.vectors[pivot * rows..][..rows];
        for row in pivot..rows {
            vector[row] = matrix[row * columns + pivot];
        }
        reflections.scales[pivot] = to_axis(&mut vector[pivot..]);
        for column in pivot + 1..columns {
            reflect(matrix, &vector[pivot..], reflections.scales[pivot], [pivot, columns, column]);
        }
    }
    basis.fill(Lanes::zero());
    for column in 0..columns {
        basis[column * columns + column] = Lanes::all(1.0);
    }
    for pivot in (0..columns).rev() {
        let vector = &reflections.vectors[pivot * rows + pivot..(pivot + 1) * rows];
        for column in pivot..columns {
            reflect(basis, vector, reflections.scales[pivot], [pivot, columns, column]);
        }
    }
}

/// Makes of a vector that of the reflection which takes it to the first axis, and gives two over its square; 0 for a vector of zeros.
#[inline(always)]
fn to_axis(vector: &mut [Lanes<f64>]) -> Lanes<f64> {
    let square = |vector: &[Lanes<f64>]| {
        let mut sum = Lanes::zero();
        for &value in vector {
            sum = sum.plus_product(value, value);
        }
        sum
    };
    let length = square(vector).map(f64::sqrt);
    vector[0] = vector[0].with(length, |value, length| value + length.copysign(value));
    square(vector).map(|square| if square > 0.0 { 2.0 / square } else { 0.0 })
}

/// Reflects a column of a matrix from a row on.
#[inline(always)]
fn reflect(
    matrix: &mut [Lanes<f64>],
    vector: &[Lanes<f64>],
    scale: Lanes<f64>,
    [first, columns, column]: [usize; 3],
) {
    let mut dot = Lanes::zero();
    for (row, &value) in vector.iter().enumerate() {
        dot = dot.plus_product(value, matrix[(first + row) * columns + column]);
    }
    let step = dot.times(scale).map(|step| -step);
    for (row, &value) in vector.iter().enumerate() {
        let entry = &mut matrix[(first + row) * columns + column];
        *entry = entry.plus_product(step, value);
    }
}
