// Sum over the interior of squares of side 8 by a transfer over its sites, by eight lanes of a subgroup, which exchange states
// without a barrier. The same operations in the same order as in box_sum_group: both give the same bits.
//
// A lane holds the 16 states that have its number in bits 4 to 6. Bits 2 and 3 are the index of a vector, bits 0 and 1 that of its
// component. BITS is 7. Needs subgroups of at least 8 lanes, all at work.
// Brings the entry point, which calls the kernel's work(group, lane).

#include box/box_sum
#include lanes/entry_subgroup

// Lanes that share a square.
const SHARING: u32 = 8u;
const BOXES: u32 = LANES / SHARING;

struct Place {
    lane: u32,           // within the square
    block: u32,
    configuration: u32,
    row: u32,
    inside: bool,        // false behind the last row: such squares repeat the last one and write nothing
}

var<private> states: array<vec4<f32>, 4>;

fn place(group: u32, lane: u32) -> Place {
    let wanted = group * BOXES + lane / SHARING;
    let row = min(wanted, level.rows - 1u);
    return Place(lane % SHARING, row / level.batch, row % level.batch, row, wanted < level.rows);
}

// The scaled sum over the interior. Must be called in uniform control flow.
fn scaled_sum(at: Place) -> ScaledSum {
    let border = border_bits(at);
    let bottom = (border >> BELOW) % STATES;
    let start = start_value(at.block, at.configuration);
    set_states(at, border % STATES, start);
    var exponent = 0;
    for (var i = 0u; i < BITS; i++) {
        sum_row(at, bit_of(border, LEFT + i), bit_of(border, RIGHT + i));
        exponent += rescale();
    }
    return ScaledSum(sum_all(at, bottom), start, exponent);
}

// Bits of the faces, BITS each: every lane loads a part.
fn border_bits(at: Place) -> u32 {
    var bits = 0u;
    // Past the last site, that one again.
    for (var k = 0u; k < 4u; k++) {
        let place = min(at.lane + k * SHARING, 4u * BITS - 1u);
        bits |= select(0u, 1u << place, face_bit(at.block, at.configuration, place));
    }
    bits |= subgroupShuffleXor(bits, 1u);
    bits |= subgroupShuffleXor(bits, 2u);
    bits |= subgroupShuffleXor(bits, 4u);
    return bits;
}

fn set_states(at: Place, top: u32, start: f32) {
    for (var v = 0u; v < 4u; v++) {
        let first = at.lane * 16u + v * 4u;
        let numbers = first + vec4<u32>(0u, 1u, 2u, 3u);
        states[v] = select(vec4<f32>(0.0), vec4<f32>(start), numbers == vec4<u32>(top));
    }
}

// Replaces all bits of a row by the spins below them.
fn sum_row(at: Place, left: u32, right: u32) {
    let field = field_factors();
    let left_down = left == 0u;
    for (var v = 0u; v < 4u; v++) {
        let agree = vec4<bool>(left_down, !left_down, left_down, !left_down);
        states[v] = mixed(states[v], states[v].yxwz, agree, field.xyxy);
    }
    for (var v = 0u; v < 4u; v++) {
        states[v] = mixed(states[v], states[v].zwxy, vec4<bool>(true, false, false, true), field.xxyy);
    }
    exchange_vectors(0u, 1u, vec4<bool>(true, true, false, false), field);
    exchange_vectors(2u, 3u, vec4<bool>(true, true, false, false), field);
    exchange_vectors(0u, 2u, vec4<bool>(true), field);
    exchange_vectors(1u, 3u, vec4<bool>(false), field);
    let spins = vec3<u32>(bit_of(at.lane, 0u), bit_of(at.lane, 1u), bit_of(at.lane, 2u));
    let own = select(field.xxx, field.yyy, spins == vec3<u32>(1u));
    exchange_lanes(1u, vec4<bool>(vec4<u32>(0u, 0u, 1u, 1u) == spins.xxxx), own.x);
    exchange_lanes(2u, vec4<bool>(spins.x == spins.y), own.y);
    exchange_lanes(4u, vec4<bool>(spins.y == spins.z), own.z);
    for (var v = 0u; v < 4u; v++) {
        states[v] *= bond(spins.z, right);
    }
}

// States after a site is summed out: `partner` differs in its bit. Where `agree`, the new spin is that of its left neighbour.
fn mixed(state: vec4<f32>, partner: vec4<f32>, agree: vec4<bool>, field: vec4<f32>) -> vec4<f32> {
    let kept = select(vec4<f32>(step.earlier.y), vec4<f32>(step.earlier.z), agree);
    let changed = select(vec4<f32>(step.earlier.x), vec4<f32>(step.earlier.y), agree);
    return (state * kept + partner * changed) * field;
}

// `agree`: of the vector whose spin is down.
fn exchange_vectors(down: u32, up: u32, agree: vec4<bool>, field: vec2<f32>) {
    let old = states[down];
    states[down] = mixed(old, states[up], agree, field.xxxx);
    states[up] = mixed(states[up], old, !agree, field.yyyy);
}

// `agree`: of the four vectors.
fn exchange_lanes(mask: u32, agree: vec4<bool>, field: f32) {
    for (var v = 0u; v < 4u; v++) {
        states[v] = mixed(states[v], subgroupShuffleXor(states[v], mask), vec4<bool>(agree[v]), vec4<f32>(field));
    }
}

// Divides by a power of two near the largest state; returns its exponent.
fn rescale() -> i32 {
    let of_component = max(max(states[0], states[1]), max(states[2], states[3]));
    var found = max(max(of_component.x, of_component.y), max(of_component.z, of_component.w));
    found = max(found, subgroupShuffleXor(found, 1u));
    found = max(found, subgroupShuffleXor(found, 2u));
    found = max(found, subgroupShuffleXor(found, 4u));
    // The exponent's bits of a positive normal number.
    let power = i32(bitcast<u32>(found) >> 23u) - 127;
    let scale = bitcast<f32>(u32(127 - power) << 23u);
    for (var v = 0u; v < 4u; v++) {
        states[v] *= scale;
    }
    return power;
}

// Sum over all states, every bit weighted with its bond to the row below, from the last bit on.
fn sum_all(at: Place, below: u32) -> f32 {
    sum_lanes(at, 4u, bonds_to(bit_of(below, 6u)));
    sum_lanes(at, 2u, bonds_to(bit_of(below, 5u)));
    sum_lanes(at, 1u, bonds_to(bit_of(below, 4u)));
    var factors = bonds_to(bit_of(below, 3u));
    let low = states[0] * factors.x + states[2] * factors.y;
    let high = states[1] * factors.x + states[3] * factors.y;
    factors = bonds_to(bit_of(below, 2u));
    let four = low * factors.x + high * factors.y;
    factors = bonds_to(bit_of(below, 1u));
    let two = four.xy * factors.x + four.zw * factors.y;
    factors = bonds_to(bit_of(below, 0u));
    return two.x * factors.x + two.y * factors.y;
}

// Both lanes of a pair get the sum.
fn sum_lanes(at: Place, mask: u32, factors: vec2<f32>) {
    let up = (at.lane & mask) != 0u;
    for (var v = 0u; v < 4u; v++) {
        let own = states[v];
        let partner = subgroupShuffleXor(own, mask);
        states[v] = select(own, partner, up) * factors.x + select(partner, own, up) * factors.y;
    }
}
