//! Least-squares coefficients of a level's rewards on what they are regressed on, from the moments.

use crate::cpu::{Call, Real};
use crate::kernels::{COLUMNS, Cost, Description, MOMENT_SLICES, Phase, Slot, Work, lanes_and, shader};

pub(crate) const KERNEL: Description = Description {
    name: "regression",
    phase: Phase::Reward,
    shader: shader!("reward/regression"),
    draws: false,
    reads: &[Slot::Level, Slot::Moments],
    writes: &[Slot::Coefficients],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |_| lanes_and([("COLUMNS", COLUMNS), ("MOMENT_SLICES", MOMENT_SLICES)]),
    work: Work::Level { cost: |_| Cost::moving(COLUMNS * COLUMNS), workgroups: |_, _| 1 },
};

/// Regressors besides the constant; the last column is the reward.
const REGRESSORS: usize = COLUMNS - 2;
/// A regressor that varies less than this does not count.
const LEAST_VARIANCE: f64 = 1e-6;
/// A regressor of which less than this share of variance is left by those before it does not count either.
const LEAST_REMAINDER: f64 = 1e-5;

pub(crate) fn run<R: Real>(Call { state, .. }: Call<'_, R>, level: usize) {
    let level = &mut state.levels[level];
    let moment = |a: usize, b: usize| level.moments[a.min(b) * COLUMNS + a.max(b)];
    let rows = moment(0, 0);
    let mean = |a: usize| moment(0, a) / rows;
    // Covariances, the reward's in the last column; a ridge of one part per row and regressor keeps few rows from being
    // fitted to their own noise.
    let ridge = 1.0 + REGRESSORS as f64 / rows;
    let mut matrix = [[0.0; REGRESSORS + 1]; REGRESSORS];
    for (a, line) in matrix.iter_mut().enumerate() {
        for (b, entry) in line.iter_mut().enumerate() {
            *entry = moment(a + 1, b + 1) / rows - mean(a + 1) * mean(b + 1);
        }
        line[a] *= ridge;
        if line[a] < LEAST_VARIANCE {
            *line = [0.0; REGRESSORS + 1];
            line[a] = 1.0;
        }
    }
    eliminate(&mut matrix);
    let coefficients = &mut level.coefficients;
    coefficients[0] = mean(COLUMNS - 1);
    for (a, line) in matrix.iter().enumerate() {
        let coefficient = line[REGRESSORS] / line[a];
        coefficients[a + 1] = coefficient;
        coefficients[0] -= coefficient * mean(a + 1);
    }
}

/// Makes the left part diagonal. Pivots that nearly vanish belong to regressors that others explain; they are left out.
fn eliminate(matrix: &mut [[f64; REGRESSORS + 1]; REGRESSORS]) {
    let least: [f64; REGRESSORS] = std::array::from_fn(|a| LEAST_REMAINDER * matrix[a][a]);
    for pivot in 0..REGRESSORS {
        if matrix[pivot][pivot] < least[pivot] {
            matrix[pivot] = [0.0; REGRESSORS + 1];
            matrix[pivot][pivot] = 1.0;
        }
        let line = matrix[pivot];
        for (a, other) in matrix.iter_mut().enumerate() {
            if a == pivot {
                continue;
            }
            let factor = other[pivot] / line[pivot];
            for (entry, &value) in other.iter_mut().zip(&line) {
                *entry -= factor * value;
            }
        }
    }
}
