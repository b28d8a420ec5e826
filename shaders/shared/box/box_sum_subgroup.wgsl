// Sum over the inside of boxes by a transfer over its sites, by eight lanes of a subgroup, which exchange states without a barrier.
// The same operations in the same order as in box_sum_group: both give the same bits.
//
// A lane holds the states that have its number in their last three bits. The first two bits are the index of a component, those
// between are that of a vector. BITS is 7 or 9. Needs subgroups of at least 8 lanes, all at work.
// Every index of `states` is a constant once calls are inlined and loops unrolled, so that it lies in registers.
// Brings the entry point, which calls the kernel's work(group, lane).

#include box/box_sum
#include lanes/entry_subgroup

// Lanes that share a box.
const SHARING: u32 = 8u;
const BOXES: u32 = LANES / SHARING;
const VECTORS: u32 = STATES / (4u * SHARING);
// The first bits of a state that are those of a vector and of a lane.
const OF_VECTOR: u32 = 2u;
const OF_LANE: u32 = BITS - 3u;
// Sites of all faces, and those of which a lane reads the spins for each word of border bits.
const FACE_SITES: u32 = RIGHT + ROWS;
const FACE_TURNS: u32 = 32u / SHARING;

struct Place {
    lane: u32,           // within the box
    block: u32,
    configuration: u32,
    row: u32,
    inside: bool,        // false behind the last row: such boxes repeat the last one and write nothing
}

var<private> states: array<vec4<f32>, VECTORS>;
var<private> border: vec4<u32>;                        // bits of all faces, one after another

fn place(group: u32, lane: u32) -> Place {
    let wanted = group * BOXES + lane / SHARING;
    let row = min(wanted, level.rows - 1u);
    return Place(lane % SHARING, row / level.batch, row % level.batch, row, wanted < level.rows);
}

// The scaled sum over the inside. Must be called in uniform control flow.
fn scaled_sum(at: Place) -> ScaledSum {
    load_border(at);
    let start = start_value(at.block, at.configuration);
    set_states(at, border.x % STATES, start);
    var exponent = 0;
    for (var i = 0u; i < LAYERS; i++) {
        add_layer(at, i);
        exponent += rescale();
    }
    return ScaledSum(sum_all(at, (border.x >> BELOW) % STATES), start, exponent);
}

// Bits of all faces, of which every lane loads a part.
fn load_border(at: Place) {
    border = vec4<u32>(face_word(at, 0u), 0u, 0u, 0u);
    if FACE_SITES > 32u {
        border.y = face_word(at, 32u);
    }
    if FACE_SITES > 64u {
        border.z = face_word(at, 64u);
        border.w = face_word(at, 96u);
    }
}

// The word of border bits from a place of the faces on, the same in all eight lanes.
fn face_word(at: Place, first: u32) -> u32 {
    var bits = 0u;
    for (var turn = 0u; turn < FACE_TURNS; turn++) {
        // Past the last site, that one again: its bit is never asked for.
        let bit = at.lane + turn * SHARING;
        let place = min(first + bit, FACE_SITES - 1u);
        bits |= select(0u, 1u << bit, face_bit(at.block, at.configuration, place));
    }
    bits |= subgroupShuffleXor(bits, 1u);
    bits |= subgroupShuffleXor(bits, 2u);
    bits |= subgroupShuffleXor(bits, 4u);
    return bits;
}

// The border spin at a place of the faces.
fn border_bit(place: u32) -> u32 {
    if FACE_SITES <= 32u {
        return bit_of(border.x, place);
    }
    let half = select(border.xy, border.zw, place >= 64u);
    return bit_of(select(half.x, half.y, (place & 32u) != 0u), place % 32u);
}

fn set_states(at: Place, above: u32, start: f32) {
    for (var v = 0u; v < VECTORS; v++) {
        let first = (at.lane * VECTORS + v) * 4u;
        let numbers = first + vec4<u32>(0u, 1u, 2u, 3u);
        states[v] = select(vec4<f32>(0.0), vec4<f32>(start), numbers == vec4<u32>(above));
    }
}

// Replaces all bits of a layer by the spins below them.
fn add_layer(at: Place, i: u32) {
    add_in_components(at, i, 0u);
    add_in_components(at, i, 1u);
    add_in_vectors(at, i, 2u);
    add_in_vectors(at, i, 3u);
    if VECTORS > 4u {
        add_in_vectors(at, i, 4u);
        add_in_vectors(at, i, 5u);
    }
    add_in_lanes(at, i, OF_LANE);
    add_in_lanes(at, i, OF_LANE + 1u);
    add_in_lanes(at, i, OF_LANE + 2u);
}

// A site whose bit is one of a component.
fn add_in_components(at: Place, i: u32, j: u32) {
    var factors = factors_of(at, i, j, spins_of(at, 0u, j));
    for (var v = 0u; v < VECTORS; v++) {
        let state = states[v];
        let partner = select(state.zwxy, state.yxwz, j == 0u);
        let ups = ups_in_vector(j, v);
        states[v] = with_site(state, partner, factors.same[ups], factors.other[ups], factors.more);
    }
}

// A site whose bit is one of a vector.
fn add_in_vectors(at: Place, i: u32, j: u32) {
    let bit = j - OF_VECTOR;
    var if_down = factors_of(at, i, j, vec4<u32>(0u));
    var if_up = factors_of(at, i, j, vec4<u32>(1u));
    for (var pair = 0u; pair < VECTORS / 2u; pair++) {
        let low = ((pair >> bit) << (bit + 1u)) | (pair & ((1u << bit) - 1u));
        let high = low | (1u << bit);
        let ups = ups_in_vector(j, low);
        let down = states[low];
        let up = states[high];
        states[low] = with_site(down, up, if_down.same[ups], if_down.other[ups], if_down.more);
        states[high] = with_site(up, down, if_up.same[ups], if_up.other[ups], if_up.more);
    }
}

// A site whose bit is one of a lane.
fn add_in_lanes(at: Place, i: u32, j: u32) {
    var factors = factors_of(at, i, j, spins_of(at, 0u, j));
    for (var v = 0u; v < VECTORS; v++) {
        let state = states[v];
        let partner = subgroupShuffleXor(state, 1u << (j - OF_LANE));
        let ups = ups_in_vector(j, v);
        states[v] = with_site(state, partner, factors.same[ups], factors.other[ups], factors.more);
    }
}

// A bit of the states of a vector.
fn spins_of(at: Place, v: u32, bit: u32) -> vec4<u32> {
    if bit == 0u {
        return vec4<u32>(0u, 1u, 0u, 1u);
    }
    if bit == 1u {
        return vec4<u32>(0u, 0u, 1u, 1u);
    }
    if bit < OF_LANE {
        return vec4<u32>(bit_of(v, bit - OF_VECTOR));
    }
    return vec4<u32>(bit_of(at.lane, bit - OF_LANE));
}

fn is_of_vector(bit: u32) -> bool {
    return bit >= OF_VECTOR && bit < OF_LANE;
}

// Number of the neighbours before a site in its layer that are bits of a vector and up.
fn ups_in_vector(j: u32, v: u32) -> u32 {
    var ups = 0u;
    if j % ROW > 0u && is_of_vector(j - 1u) {
        ups += bit_of(v, j - 1u - OF_VECTOR);
    }
    if DIMENSIONS == 3u && j >= ROW && is_of_vector(j - ROW) {
        ups += bit_of(v, j - ROW - OF_VECTOR);
    }
    return ups;
}

// Number of the other neighbours before it that are up: bits of a component or a lane, and spins of the border.
fn ups_elsewhere(at: Place, i: u32, j: u32) -> vec4<u32> {
    var ups = vec4<u32>(0u);
    if j % ROW == 0u {
        ups += vec4<u32>(border_bit(LEFT + i * (BITS / ROW) + j / ROW));
    } else if !is_of_vector(j - 1u) {
        ups += spins_of(at, 0u, j - 1u);
    }
    if DIMENSIONS == 3u && j < ROW {
        ups += vec4<u32>(border_bit(BEHIND + i * ROW + j));
    } else if DIMENSIONS == 3u && !is_of_vector(j - ROW) {
        ups += spins_of(at, 0u, j - ROW);
    }
    return ups;
}

// Factors of a site for states in which it has the spins `own`.
struct Factors {
    // By `ups_in_vector`: of its bonds to the spins before it, where the spin above it has its sign and where it has the other.
    same: array<vec4<f32>, 3>,
    other: array<vec4<f32>, 3>,
    // In the field, of the bond to the border right of it and of that to the border before it: 1 where there is none.
    more: mat3x4<f32>,
}

fn factors_of(at: Place, i: u32, j: u32, own: vec4<u32>) -> Factors {
    let is_up = own == vec4<u32>(1u);
    let ups = ups_elsewhere(at, i, j);
    var factors: Factors;
    for (var more = 0u; more < DIMENSIONS; more++) {
        // Equal spins among those before the site in its layer.
        let alike = select(vec4<u32>(DIMENSIONS - 1u) - (ups + more), ups + more, is_up);
        factors.same[more] = earlier(alike + 1u);
        factors.other[more] = earlier(alike);
    }
    let field = field_factors();
    factors.more = mat3x4<f32>(select(vec4<f32>(field.x), vec4<f32>(field.y), is_up), vec4<f32>(1.0), vec4<f32>(1.0));
    if j % ROW == ROW - 1u {
        factors.more[1] = bonds_of(own, border_bit(RIGHT + i * (BITS / ROW) + j / ROW));
    }
    if DIMENSIONS == 3u && j + ROW >= BITS {
        factors.more[2] = bonds_of(own, border_bit(FRONT + i * ROW + j % ROW));
    }
    return factors;
}

// States after the spin above a site is summed out, `partner` being those that differ in its bit.
fn with_site(state: vec4<f32>, partner: vec4<f32>, same: vec4<f32>, other: vec4<f32>, more: mat3x4<f32>) -> vec4<f32> {
    return (state * same + partner * other) * more[0] * more[1] * more[2];
}

// Factors of the bonds to earlier neighbours of which so many are equal.
fn earlier(alike: vec4<u32>) -> vec4<f32> {
    let factors = step.earlier;
    let few = select(vec4<f32>(factors.x), vec4<f32>(factors.y), alike == vec4<u32>(1u));
    let many = select(few, vec4<f32>(factors.z), alike == vec4<u32>(2u));
    if DIMENSIONS == 2u {
        return many;
    }
    return select(many, vec4<f32>(factors.w), alike == vec4<u32>(3u));
}

fn bonds_of(own: vec4<u32>, neighbour: u32) -> vec4<f32> {
    return select(vec4<f32>(step.bond_different), vec4<f32>(step.bond_same), own == vec4<u32>(neighbour));
}

// Divides by a power of two near the largest state; returns its exponent.
fn rescale() -> i32 {
    var of_component = states[0];
    for (var v = 1u; v < VECTORS; v++) {
        of_component = max(of_component, states[v]);
    }
    var found = max(max(of_component.x, of_component.y), max(of_component.z, of_component.w));
    found = max(found, subgroupShuffleXor(found, 1u));
    found = max(found, subgroupShuffleXor(found, 2u));
    found = max(found, subgroupShuffleXor(found, 4u));
    // The exponent's bits of a positive normal number.
    let power = i32(bitcast<u32>(found) >> 23u) - 127;
    let scale = bitcast<f32>(u32(127 - power) << 23u);
    for (var v = 0u; v < VECTORS; v++) {
        states[v] *= scale;
    }
    return power;
}

// Sum over all states, every bit weighted with its bond to the layer below, from the last bit on.
fn sum_all(at: Place, below: u32) -> f32 {
    sum_lanes(at, 4u, bonds_to(bit_of(below, OF_LANE + 2u)));
    sum_lanes(at, 2u, bonds_to(bit_of(below, OF_LANE + 1u)));
    sum_lanes(at, 1u, bonds_to(bit_of(below, OF_LANE)));
    if VECTORS > 4u {
        sum_vectors(8u, bonds_to(bit_of(below, 5u)));
        sum_vectors(4u, bonds_to(bit_of(below, 4u)));
    }
    sum_vectors(2u, bonds_to(bit_of(below, 3u)));
    sum_vectors(1u, bonds_to(bit_of(below, 2u)));
    var factors = bonds_to(bit_of(below, 1u));
    let two = states[0].xy * factors.x + states[0].zw * factors.y;
    factors = bonds_to(bit_of(below, 0u));
    return two.x * factors.x + two.y * factors.y;
}

// Both lanes of a pair get the sum.
fn sum_lanes(at: Place, mask: u32, factors: vec2<f32>) {
    let up = (at.lane & mask) != 0u;
    for (var v = 0u; v < VECTORS; v++) {
        let own = states[v];
        let partner = subgroupShuffleXor(own, mask);
        states[v] = select(own, partner, up) * factors.x + select(partner, own, up) * factors.y;
    }
}

// The first half of so many vectors gets the sum.
fn sum_vectors(half: u32, factors: vec2<f32>) {
    for (var v = 0u; v < half; v++) {
        states[v] = states[v] * factors.x + states[(v + half) % VECTORS] * factors.y;
    }
}
