// Least-squares coefficients of a level's rewards from the moments, with a ridge of one part per row and regressor.
// Grid: one workgroup of LANES = 64 lanes. All lanes take the same turns of all loops: drivers
// refuse barriers where they are not sure of that.
// Constants: LANES, COLUMNS, MOMENT_SLICES.

#include layout/types

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(23) var<storage, read> moments: array<vec4<f32>>;     // [workgroups][COLUMNS][COLUMNS]
@group(0) @binding(10) var<storage, read_write> coefficients: array<f32>; // [COLUMNS - 1]

// Regressors besides the constant.
const REGRESSORS: u32 = COLUMNS - 2u;
// Of the matrix and the column of the reward.
const ENTRIES: u32 = REGRESSORS * (REGRESSORS + 1u);
// A regressor that varies less than this does not count.
const LEAST_VARIANCE: f32 = 1e-6;
// A regressor of which less than this share of variance is left by those before it does not count either.
const LEAST_REMAINDER: f32 = 1e-5;

var<workgroup> totals: array<vec4<f32>, LANES>;
var<workgroup> matrix: array<array<f32, COLUMNS>, COLUMNS>;
var<workgroup> factors: array<f32, COLUMNS>;
var<workgroup> least: array<f32, COLUMNS>;                               // smallest pivots

fn moment(a: u32, b: u32) -> f32 {
    let at = a * COLUMNS + b;
    return totals[at / 4u][at % 4u];
}

// Covariance of regressor a with regressor b or, past the last, with the reward.
fn covariance(a: u32, b: u32) -> f32 {
    let rows = moment(0u, 0u);
    let ridge = 1.0 + f32(REGRESSORS) / rows;
    let plain = moment(a + 1u, b + 1u) / rows - moment(0u, a + 1u) / rows * (moment(0u, b + 1u) / rows);
    return select(plain, plain * ridge, a == b);
}

// Entries of the row of a regressor that is left out: its coefficient is 0.
fn left_out(a: u32, b: u32) -> f32 {
    return select(0.0, 1.0, a == b);
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
    let slices = min((level.rows + LANES - 1u) / LANES, MOMENT_SLICES);
    var sum = vec4<f32>(0.0);
    // Eight slices a turn: a graphics card waits for what it loads, once for all eight.
    for (var first = 0u; first < slices; first += 8u) {
        for (var k = 0u; k < 8u; k++) {
            let some = moments[min(first + k, slices - 1u) * LANES + lane];
            sum += select(vec4<f32>(0.0), some, first + k < slices);
        }
    }
    totals[lane] = sum;
    workgroupBarrier();
    for (var first = 0u; first < ENTRIES; first += LANES) {
        let a = (first + lane) / (REGRESSORS + 1u);
        let b = (first + lane) % (REGRESSORS + 1u);
        if a < REGRESSORS {
            matrix[a][b] = select(covariance(a, b), left_out(a, b), covariance(a, a) < LEAST_VARIANCE);
        }
    }
    workgroupBarrier();
    if lane < REGRESSORS {
        least[lane] = LEAST_REMAINDER * matrix[lane][lane];
    }
    // Pivots that nearly vanish belong to regressors that others explain; they are left out.
    for (var pivot = 0u; pivot < REGRESSORS; pivot++) {
        workgroupBarrier();
        let explained = matrix[pivot][pivot] < least[pivot];
        workgroupBarrier();
        if explained && lane <= REGRESSORS {
            matrix[pivot][lane] = left_out(pivot, lane);
        }
        workgroupBarrier();
        if lane < REGRESSORS {
            factors[lane] = select(matrix[lane][pivot] / matrix[pivot][pivot], 0.0, lane == pivot);
        }
        workgroupBarrier();
        for (var first = 0u; first < ENTRIES; first += LANES) {
            let a = (first + lane) / (REGRESSORS + 1u);
            let b = (first + lane) % (REGRESSORS + 1u);
            if a < REGRESSORS && a != pivot {
                matrix[a][b] -= factors[a] * matrix[pivot][b];
            }
        }
    }
    workgroupBarrier();
    let rows = moment(0u, 0u);
    var constant = moment(0u, COLUMNS - 1u) / rows;
    for (var a = 0u; a < REGRESSORS; a++) {
        let coefficient = matrix[a][REGRESSORS] / matrix[a][a];
        constant -= coefficient * (moment(0u, a + 1u) / rows);
        if lane == 0u {
            coefficients[a + 1u] = coefficient;
        }
    }
    if lane == 0u {
        coefficients[0] = constant;
    }
}
