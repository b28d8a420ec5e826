// An orthonormal basis of the columns of `wanted` by Householder's reflections: it stays orthonormal where columns depend on one another, and then holds
// other directions too. Twin of `orthonormal` in `src/mps/product.rs`.
//
// Columns lie side by side in lanes, each shared by SHARING lanes. Reflections are left in `wanted`, below its diagonal, and in `heads` and `scales`.

// Columns of lanes: BOND rounded up to a power of two.
const LANE_COLUMNS: u32 = 1u << (u32(BOND > 1u) + u32(BOND > 2u) + u32(BOND > 4u) + u32(BOND > 8u));
const SHARING: u32 = LANES / LANE_COLUMNS;
// Rows of a matrix, and those of a lane.
const HEIGHT: u32 = 2u * BOND;
const LANE_HEIGHT: u32 = (HEIGHT + SHARING - 1u) / SHARING;
// The least square of a vector; a shorter vector counts as zero, since the inverse of its square would be infinite.
const LEAST_SQUARE: f32 = 1e-30;

var<workgroup> wanted: array<f32, MATRICES>;             // [row][column], used up
var<workgroup> basis: array<f32, MATRICES>;              // [row][column]
var<workgroup> heads: array<f32, BOND>;                  // first numbers of the reflections' vectors
var<workgroup> scales: array<f32, BOND>;                 // two over the squares of their lengths
var<workgroup> partial: array<f32, LANES>;
var<workgroup> eights: array<f32, LANES / 8u>;

// Sum over the lanes of a column, four at a time: columns have four lanes or more. A barrier must precede.
fn column_sum(column: u32) -> f32 {
    const STRIDE: u32 = LANE_COLUMNS;
    var sum = 0.0;
    for (var part = 0u; part < SHARING; part += 4u) {
        let first = part * STRIDE + column;
        sum += (partial[first] + partial[first + STRIDE]) + (partial[first + 2u * STRIDE] + partial[first + 3u * STRIDE]);
    }
    return sum;
}

// Sum over all lanes, eight by eight. Must be called in uniform control flow.
fn sum_over_lanes(lane: u32, value: f32) -> f32 {
    workgroupBarrier();
    partial[lane] = value;
    workgroupBarrier();
    if lane < LANES / 8u {
        eights[lane] = sum_of_eight(8u * lane);
    }
    workgroupBarrier();
    return (eights[0] + eights[1]) + (eights[2] + eights[3]) + (eights[4] + eights[5]) + (eights[6] + eights[7]);
}

fn sum_of_eight(first: u32) -> f32 {
    let low = (partial[first] + partial[first + 1u]) + (partial[first + 2u] + partial[first + 3u]);
    return low + (partial[first + 4u] + partial[first + 5u]) + (partial[first + 6u] + partial[first + 7u]);
}

// Makes `basis` of `wanted`; columns from `columns` on stay zero. Must be called in uniform control flow, behind a barrier, and leaves one.
fn make_basis(lane: u32, columns: u32) {
    let column = lane % LANE_COLUMNS;
    let first = lane / LANE_COLUMNS;
    let inside = column < BOND;
    for (var pivot = 0u; pivot < BOND; pivot++) {
        reflect_wanted(lane, min(column, BOND - 1u), first, pivot, inside);
    }
    for (var k = 0u; k < LANE_HEIGHT; k++) {
        let row = first + k * SHARING;
        if inside && row < HEIGHT {
            basis[row * BOND + column] = select(0.0, 1.0, row == column);
        }
    }
    for (var step_up = 1u; step_up <= BOND; step_up++) {
        reflect_basis(lane, min(column, BOND - 1u), first, BOND - step_up, inside);
    }
    for (var k = 0u; k < LANE_HEIGHT; k++) {
        let row = first + k * SHARING;
        if inside && row < HEIGHT && column >= columns {
            basis[row * BOND + column] = 0.0;
        }
    }
    workgroupBarrier();
}

// Takes the pivot's column to an axis, and the columns after it along.
fn reflect_wanted(lane: u32, column: u32, first: u32, pivot: u32, inside: bool) {
    var dot_of_lane = 0.0;
    for (var k = 0u; k < LANE_HEIGHT; k++) {
        let row = min(first + k * SHARING, HEIGHT - 1u);
        let product = wanted[row * BOND + pivot] * wanted[row * BOND + column];
        dot_of_lane += select(0.0, product, first + k * SHARING < HEIGHT && row >= pivot);
    }
    partial[lane] = dot_of_lane;
    let corner = wanted[pivot * BOND + pivot];
    let own = wanted[pivot * BOND + column];
    workgroupBarrier();
    let square = column_sum(pivot);
    let head = corner + select(sqrt(square), -sqrt(square), corner < 0.0);
    let square_of_vector = square - corner * corner + head * head;
    let scale = select(0.0, 2.0 / square_of_vector, square_of_vector > LEAST_SQUARE);
    let less = scale * (column_sum(column) + (head - corner) * own);
    for (var k = 0u; k < LANE_HEIGHT; k++) {
        let row = first + k * SHARING;
        if inside && column > pivot && row >= pivot && row < HEIGHT {
            let value = select(wanted[row * BOND + pivot], head, row == pivot);
            wanted[row * BOND + column] -= less * value;
        }
    }
    if lane == 0u {
        heads[pivot] = head;
        scales[pivot] = scale;
    }
    workgroupBarrier();
}

fn reflect_basis(lane: u32, column: u32, first: u32, pivot: u32, inside: bool) {
    var dot_of_lane = 0.0;
    for (var k = 0u; k < LANE_HEIGHT; k++) {
        let row = min(first + k * SHARING, HEIGHT - 1u);
        let value = select(wanted[row * BOND + pivot], heads[pivot], row == pivot);
        // A lane's rows are its own: it reads no number here that another lane has changed.
        let product = value * basis[row * BOND + column];
        dot_of_lane += select(0.0, product, first + k * SHARING < HEIGHT && row >= pivot && inside);
    }
    partial[lane] = dot_of_lane;
    workgroupBarrier();
    let less = scales[pivot] * column_sum(column);
    for (var k = 0u; k < LANE_HEIGHT; k++) {
        let row = first + k * SHARING;
        if inside && row >= pivot && row < HEIGHT {
            let value = select(wanted[row * BOND + pivot], heads[pivot], row == pivot);
            basis[row * BOND + column] -= less * value;
        }
    }
    workgroupBarrier();
}
