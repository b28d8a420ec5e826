// Sum over the inside of boxes of Potts spins by a transfer over its sites, by a workgroup. Twin of `src/cpu/colour_sum.rs`.
//
// A state is a row of BITS colours, digit j to base COLOURS for site j; site (i, j) replaces digit j of the row above by its own colour. A lane holds the states that
// differ in that digit, a column of them; a box takes as many lanes as it has columns, or all lanes of a workgroup several times where these are fewer.
// A bond only tells equal colours from different ones, so that the sum over the colour above is one sum for all new colours, and a term of the equal one.
// Brings the entry point, which calls the kernel's work(group, lane).

#include numbers/activation
#include numbers/spread
#include box/factors_potts
#include box/scaled_sum
#include lanes/entry_workgroup

const COLUMNS: u32 = ROW_STATES / COLOURS;
// Lanes that share a box.
const SHARING: u32 = min(LANES, COLUMNS);
const BOXES: u32 = LANES / SHARING;
// Sums over all digits from one on, of 0 to BITS - 1 digits below it.
const PARTIAL_SUMS: u32 = (ROW_STATES - 1u) / (COLOURS - 1u);
// Border sites around a box as `geometry` lists them from `level.faces` on: above the first row, below the last, left and right of every row.
const ABOVE: u32 = 0u;
const BELOW: u32 = BITS;
const LEFT: u32 = 2u * BITS;
const RIGHT: u32 = LEFT + LAYERS;
const FACES: u32 = RIGHT + LAYERS;

var<workgroup> border: array<array<u32, FACES>, BOXES>;
var<workgroup> states: array<array<f32, ROW_STATES>, BOXES>;
var<workgroup> largest: array<array<f32, SHARING>, BOXES>;
var<workgroup> partial_sums: array<array<f32, PARTIAL_SUMS>, BOXES>;

struct Place {
    number: u32,         // of the box within the workgroup
    lane: u32,           // within the box; behind the last column for lanes that have no box
    block: u32,
    configuration: u32,
    row: u32,
    inside: bool,        // false behind the last row: such boxes repeat the last one and write nothing
}

fn place(group: u32, lane: u32) -> Place {
    let number = min(lane / SHARING, BOXES - 1u);
    let own_lane = select(FACES + ROW_STATES, lane % SHARING, lane / SHARING < BOXES);
    let wanted = group * BOXES + number;
    let row = min(wanted, level.rows - 1u);
    return Place(number, own_lane, row / level.batch, row % level.batch, row, wanted < level.rows);
}

// The scaled sum over the inside. Must be called in uniform control flow.
fn scaled_sum(at: Place) -> ScaledSum {
    for (var face = at.lane; face < FACES; face += SHARING) {
        let site = geometry[level.faces + face];
        border[at.number][face] = u32(spins[spin_index(at.block, site, at.configuration)]);
    }
    workgroupBarrier();
    let exponent = sum_rows(at, LAYERS);
    sum_partially_at_border(at);
    return ScaledSum(partial_sums[at.number][0], start_value(at.block, at.configuration), exponent);
}

// Sums over the first rows; returns the exponent of what the states were divided by.
fn sum_rows(at: Place, rows: u32) -> i32 {
    var first = 0u;
    for (var j = BITS; j > 0u; j--) {
        first = first * COLOURS + border[at.number][ABOVE + j - 1u];
    }
    for (var state = at.lane; state < ROW_STATES; state += SHARING) {
        states[at.number][state] = select(0.0, start_value(at.block, at.configuration), state == first);
    }
    var exponent = 0;
    for (var i = 0u; i < rows; i++) {
        var stride = 1u;
        for (var j = 0u; j < BITS; j++) {
            workgroupBarrier();
            for (var column = at.lane; column < COLUMNS; column += SHARING) {
                add_site(at, i, j, stride, column);
            }
            stride *= COLOURS;
        }
        exponent += rescale(at);
    }
    workgroupBarrier();
    return exponent;
}

// Replaces digit j, which stands for `stride`, by the colour below it, with its bonds to the left and, at the end of a row, to the right.
fn add_site(at: Place, i: u32, j: u32, stride: u32, column: u32) {
    let low = column % stride;
    let first = column / stride * stride * COLOURS + low;
    var left = border[at.number][LEFT + i];
    if j > 0u {
        left = low / (stride / COLOURS);
    }
    var sum = 0.0;
    for (var c = 0u; c < COLOURS; c++) {
        sum += states[at.number][first + c * stride];
    }
    for (var c = 0u; c < COLOURS; c++) {
        let here = first + c * stride;
        var value = (step.bond_different * sum + bond_surplus() * states[at.number][here]) * (field_of(c) * bond(left, c));
        if j + 1u == BITS {
            value *= bond(border[at.number][RIGHT + i], c);
        }
        states[at.number][here] = value;
    }
}

// Divides by a power of two near the largest state; returns its exponent.
fn rescale(at: Place) -> i32 {
    workgroupBarrier();
    var found = 0.0;
    for (var state = at.lane; state < ROW_STATES; state += SHARING) {
        found = max(found, states[at.number][state]);
    }
    if at.lane < SHARING {
        largest[at.number][at.lane] = found;
    }
    workgroupBarrier();
    for (var lane = 0u; lane < SHARING; lane++) {
        found = max(found, largest[at.number][lane]);
    }
    // The exponent's bits of a positive normal number.
    let power = i32(bitcast<u32>(found) >> 23u) - 127;
    let scale = bitcast<f32>(u32(127 - power) << 23u);
    for (var state = at.lane; state < ROW_STATES; state += SHARING) {
        states[at.number][state] *= scale;
    }
    return power;
}

fn sum_partially_at_border(at: Place) {
    var stride = COLUMNS;
    for (var step_up = 1u; step_up <= BITS; step_up++) {
        let below = border[at.number][BELOW + BITS - step_up];
        sum_digit(at, stride, below);
        stride /= COLOURS;
    }
}

// The sums over all digits from the one that stands for `stride` on, which has a bond to a colour below it, from those over all digits behind it.
fn sum_digit(at: Place, stride: u32, below: u32) {
    for (var low = at.lane; low < stride; low += SHARING) {
        var sum = 0.0;
        for (var c = 0u; c < COLOURS; c++) {
            sum += partial_sum(at.number, stride * COLOURS, low + c * stride) * bond(below, c);
        }
        partial_sums[at.number][first_partial(stride) + low] = sum;
    }
    workgroupBarrier();
}

// The sum over all digits from the one that stands for `stride` on, behind the last one the state itself.
fn partial_sum(number: u32, stride: u32, low: u32) -> f32 {
    if stride == ROW_STATES {
        return states[number][low];
    }
    return partial_sums[number][first_partial(stride) + low];
}

fn first_partial(stride: u32) -> u32 {
    return (stride - 1u) / (COLOURS - 1u);
}
