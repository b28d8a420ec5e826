// What sums over the interior of squares need, whoever of a workgroup's lanes works on which part: see
// exact_square_{group,subgroup,lane}. Needs `level`, `step`, `geometry`, `spins`.
//
// A state is a row of WIDTH spins, bit j for column j; site (i, j) replaces bit j of the row above by its own spin. States are
// rescaled by powers of two after every row.

#include numbers/activation
#include numbers/spread

const STATES: u32 = 1u << WIDTH;
const PAIRS: u32 = STATES / 2u;

fn bit_of(word: u32, bit: u32) -> u32 {
    return (word >> bit) & 1u;
}

// Bits of the WIDTH sites from local index `first` on.
fn spin_bits(block: u32, configuration: u32, first: u32) -> u32 {
    var bits = 0u;
    for (var j = 0u; j < WIDTH; j++) {
        bits |= select(0u, 1u << j, spins[spin_index(block, first + j, configuration)] > 0);
    }
    return bits;
}

// Boltzmann factors, scaled so that the largest of a kind is nearly 1. They are never multiplied with each other: an error of a product
// would be the same in all squares.
fn bond(a: u32, b: u32) -> f32 {
    return select(step.bond_different, step.bond_same, a == b);
}

// Factors of the bonds of a spin down and a spin up to a neighbour.
fn bonds_to(neighbour: u32) -> vec2<f32> {
    return vec2<f32>(bond(0u, neighbour), bond(1u, neighbour));
}

// Factors of the bonds of a spin to its left neighbour and to the spin above it, by (spin, above): down down, down up, up up, up down.
fn bond_pairs(left: u32) -> vec4<f32> {
    let left_down = vec4<f32>(step.pair_same, step.pair_mixed, step.pair_mixed, step.pair_different);
    let left_up = vec4<f32>(step.pair_mixed, step.pair_different, step.pair_same, step.pair_mixed);
    return select(left_down, left_up, left == 1u);
}

// Factors of a spin down and a spin up in the field.
fn field_factors() -> vec2<f32> {
    return vec2<f32>(step.field_down, step.field_up);
}

// What the sum over a square starts from, in [1, 2]: from 1, all squares with the same border would be rounded alike.
fn start_value(block: u32, configuration: u32) -> f32 {
    return 1.0 + spread(block, step.first_configuration + configuration);
}

// A scaled sum over states, `value / start * 2^exponent`.
struct ScaledSum {
    value: f32,
    start: f32,
    exponent: i32,
}

// `whole.x + whole.y - ln sum`, whole.x being a multiple of 2^-12. What is large cancels first, exactly: so are multiples of the first
// part of ln 2, which has few digits.
fn less_ln(whole: vec2<f32>, sum: ScaledSum) -> f32 {
    let power = i32(bitcast<u32>(sum.value) >> 23u) - 127;
    let mantissa = sum.value * bitcast<f32>(u32(127 - power) << 23u);
    let exponent = f32(sum.exponent + power);
    let ln_ratio = ln_1p(mantissa - 1.0) - ln_1p(sum.start - 1.0);
    return (whole.x - exponent * 0.6933594) - (ln_ratio - exponent * 2.1219444e-4 - whole.y);
}

fn sign_of(energy: vec2<f32>) -> i32 {
    return select(-1, 1, energy.x + energy.y >= 0.0);
}

// ln q of own spins: beta J (bond sum - bonds) and beta H (spin sum - spins), each scaled as the factors, less that of the sum.
// Integers, so that nothing large cancels.
fn ln_probability(sums: vec2<i32>, sum: ScaledSum) -> f32 {
    let bonds = f32(sums.x - sign_of(step.beta_coupling) * i32(level.bond_count));
    let field = f32(sums.y - sign_of(step.beta_field) * i32(level.own));
    let energy = step.beta_coupling * bonds + step.beta_field * field;
    return less_ln(energy - step.square_scale_rest, sum);
}
