//! Functions of the adjacency matrix of the periodic square lattice, which is diagonal in waves.

use crate::cpu::Real;
use crate::cpu::vector::vectorised;
use crate::sixteen::Lanes;
use std::f64::consts::TAU;

/// Real waves on the `L x L` torus: products of `cas(2 pi k j / L) / sqrt L` along both axes, where `cas = cos + sin` (R. V. L. Hartley, Proc. IRE 30, 144, 1942). They are an
/// orthogonal matrix that is its own inverse, and eigenvectors of every matrix that sums over shifted neighbours in the same way in both directions.
#[derive(Debug, Clone)]
pub(super) struct Waves<R> {
    side: usize,
    /// `[L][L]`: the waves along one axis, symmetric.
    matrix: Vec<R>,
}

impl<R: Real> Waves<R> {
    pub(super) fn new(side: usize) -> Self {
        let wave = |at: usize| {
            // The product is taken modulo L first, so that large angles lose no digits.
            let angle = TAU * ((at / side) * (at % side) % side) as f64 / side as f64;
            R::of((angle.cos() + angle.sin()) / (side as f64).sqrt())
        };
        Self { side, matrix: (0..side * side).map(wave).collect() }
    }

    /// `[L][L]`: the waves along one axis.
    pub(super) fn matrix(&self) -> &[R] {
        &self.matrix
    }

    /// Eigenvalues of the adjacency matrix, `[L][L]`: `2 (cos k + cos k')`. On side 2 every pair of neighbours has two bonds.
    pub(super) fn adjacency(side: usize) -> Vec<f64> {
        let along = |k: usize| 2.0 * (TAU * k as f64 / side as f64).cos();
        (0..side * side).map(|at| along(at / side) + along(at % side)).collect()
    }

    /// Amplitudes of waves, `[L][L]`, of a field, `[sites]`, or the field of amplitudes.
    pub(super) fn transform(&self, field: &mut [Lanes<R>]) {
        let mut turned = vec![Lanes::zero(); field.len()];
        vectorised(
            #[inline(always)]
            || {
                self.along_rows(field, &mut turned);
                self.along_rows(&turned, field);
            },
        );
    }

    /// The product of a field and the matrix with these eigenvalues.
    pub(super) fn apply(&self, eigenvalues: &[R], field: &mut [Lanes<R>]) {
        self.transform(field);
        let amplitudes = field.iter_mut().zip(eigenvalues);
        amplitudes.for_each(|(amplitude, &factor)| *amplitude = amplitude.map(|value| factor * value));
        self.transform(field);
    }

    /// Waves along rows, with rows and columns exchanged.
    #[inline(always)]
    fn along_rows(&self, from: &[Lanes<R>], to: &mut [Lanes<R>]) {
        for (wave, to) in self.matrix.chunks_exact(self.side).zip(to.chunks_exact_mut(self.side)) {
            for (row, to) in from.chunks_exact(self.side).zip(to) {
                let terms = row.iter().zip(wave);
                *to = terms.fold(Lanes::zero(), |sum, (&value, &factor)| sum.plus_scaled(factor, value));
            }
        }
    }
}
