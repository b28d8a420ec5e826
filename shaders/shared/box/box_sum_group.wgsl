// Sum over the inside of boxes by a transfer over its sites, by a workgroup. Twin of `src/cpu/box_sum.rs`.
//
// A lane holds the two states that differ in the bit of the site at hand, so a box takes PAIRS = 2^(BITS - 1) lanes, or all
// lanes of a workgroup several times where these are fewer. A workgroup takes BOXES boxes, in consecutive rows.
// `keep_layer` is called with every finished layer.
// Brings the entry point, which calls the kernel's work(group, lane).

#include box/box_sum
#include lanes/entry_workgroup

// Lanes that share a box.
const SHARING: u32 = min(LANES, PAIRS);
const BOXES: u32 = LANES / SHARING;
// States that one lane looks at for the largest, and such parts of a box.
const PART: u32 = 8u;
const PARTS: u32 = STATES / PART;
const FACES: u32 = 6u;

var<workgroup> border: array<array<u32, FACES>, BOXES>;          // bits of the faces, as `face` counts them
var<workgroup> states: array<array<f32, STATES>, BOXES>;
var<workgroup> largest: array<array<f32, PARTS>, BOXES>;
// Heap: [2^k + low] is summed over all bits from k on. The sums over the last bit, [PAIRS + low], are made when they are read.
var<workgroup> partial_sums: array<array<f32, PAIRS>, BOXES>;

struct Place {
    number: u32,         // of the box within the workgroup
    lane: u32,           // within the box
    block: u32,
    configuration: u32,
    row: u32,
    inside: bool,        // false behind the last row: such boxes repeat the last one and write nothing
}

fn place(group: u32, lane: u32) -> Place {
    let number = lane / SHARING;
    let wanted = group * BOXES + number;
    let row = min(wanted, level.rows - 1u);
    return Place(number, lane % SHARING, row / level.batch, row % level.batch, row, wanted < level.rows);
}

// Where a face begins in the list of faces, and its number of sites. Above, below, behind, front, left, right.
fn face(number: u32) -> vec2<u32> {
    var firsts = array<u32, FACES>(ABOVE, BELOW, BEHIND, FRONT, LEFT, RIGHT);
    var counts = array<u32, FACES>(BITS, BITS, FACE_ROWS, FACE_ROWS, ROWS, ROWS);
    return vec2<u32>(firsts[number], counts[number]);
}

// The scaled sum over the inside. Must be called in uniform control flow.
fn scaled_sum(at: Place) -> ScaledSum {
    for (var number = at.lane; number < FACES; number += SHARING) {
        let sites = face(number);
        border[at.number][number] = face_bits(at.block, at.configuration, sites.x, sites.y);
    }
    load_factors(at.number, at.block, at.lane);
    workgroupBarrier();
    let start = start_value(at.block, at.configuration);
    for (var state = at.lane; state < STATES; state += SHARING) {
        states[at.number][state] = select(0.0, start, state == border[at.number][0]);
    }
    var exponent = 0;
    for (var i = 0u; i < LAYERS; i++) {
        for (var j = 0u; j < BITS; j++) {
            workgroupBarrier();
            for (var pair = at.lane; pair < PAIRS; pair += SHARING) {
                add_site(at, i, j, pair);
            }
        }
        exponent += rescale(at);
        keep_layer(at, i);
    }
    workgroupBarrier();
    return ScaledSum(sum_partially(at, LAYERS - 1u, border[at.number][1]), start, exponent);
}

// Replaces bit j by the spin below it, with its bonds to the sites before it in its layer and, at the end of a row or a layer, to
// the border after it; of a pair of states that differ in that bit.
fn add_site(at: Place, i: u32, j: u32, pair: u32) {
    let low = ((pair >> j) << (j + 1u)) | (pair & ((1u << j) - 1u));
    let high = low | (1u << j);
    let place_in_row = j % ROW;
    let line = i * (BITS / ROW) + j / ROW;
    let site = i * BITS + j;
    var left = bit_of(border[at.number][4], line);
    if place_in_row > 0u {
        left = bit_of(low, j - 1u);
    }
    var behind = 0u;
    if DIMENSIONS == 3u {
        behind = bit_of(border[at.number][2], i * ROW + place_in_row);
        if j >= ROW {
            behind = bit_of(low, j - ROW);
        }
    }
    let bonds = earlier_bonds_of(at.number, site, left, behind);
    let down = states[at.number][low];
    let up = states[at.number][high];
    let field = field_factors_of(at.number, site);
    var sums = vec2<f32>(down * bonds.x + up * bonds.y, up * bonds.z + down * bonds.w) * field;
    if place_in_row == ROW - 1u {
        sums *= bonds_after(at.number, site, DIMENSIONS - 1u, bit_of(border[at.number][5], line));
    }
    if DIMENSIONS == 3u && j + ROW >= BITS {
        sums *= bonds_after(at.number, site, 1u, bit_of(border[at.number][3], i * ROW + place_in_row));
    }
    states[at.number][low] = sums.x;
    states[at.number][high] = sums.y;
}

// Divides by a power of two near the largest state; returns its exponent.
fn rescale(at: Place) -> i32 {
    workgroupBarrier();
    for (var part = at.lane; part < PARTS; part += SHARING) {
        var found = 0.0;
        for (var state = part * PART; state < (part + 1u) * PART; state++) {
            found = max(found, states[at.number][state]);
        }
        largest[at.number][part] = found;
    }
    workgroupBarrier();
    var found = 0.0;
    for (var part = 0u; part < PARTS; part++) {
        found = max(found, largest[at.number][part]);
    }
    // The exponent's bits of a positive normal number.
    let power = i32(bitcast<u32>(found) >> 23u) - 127;
    let scale = bitcast<f32>(u32(127 - power) << 23u);
    for (var state = at.lane; state < STATES; state += SHARING) {
        states[at.number][state] *= scale;
    }
    return power;
}

// A sum over the last bit, weighted with its bond to the spin below.
fn sum_of_last(at: Place, i: u32, low: u32, below: u32) -> f32 {
    let factors = bonds_below(at.number, i, BITS - 1u, bit_of(below, BITS - 1u));
    return states[at.number][low] * factors.x + states[at.number][low + PAIRS] * factors.y;
}

// Fills the heap of partial sums of `states` after layer i, every bit weighted with its bond to the layer below; returns the sum over all.
fn sum_partially(at: Place, i: u32, below: u32) -> f32 {
    for (var step_up = 2u; step_up <= BITS; step_up++) {
        let bit = BITS - step_up;
        let size = 1u << bit;
        for (var low = at.lane; low < size; low += SHARING) {
            var down = 0.0;
            var up = 0.0;
            if step_up == 2u {
                down = sum_of_last(at, i, low, below);
                up = sum_of_last(at, i, low + size, below);
            } else {
                down = partial_sums[at.number][2u * size + low];
                up = partial_sums[at.number][3u * size + low];
            }
            let factors = bonds_below(at.number, i, bit, bit_of(below, bit));
            partial_sums[at.number][size + low] = down * factors.x + up * factors.y;
        }
        workgroupBarrier();
    }
    return partial_sums[at.number][1];
}
