// What sums over the interior of squares need, whoever of a workgroup's lanes works on which part: see
// exact_square_{group,subgroup,lane}. Needs `level`, `step`, `geometry`, `spins`.
//
// A state is a row of WIDTH spins, bit j for column j; site (i, j) replaces bit j of the row above by its own spin. States are
// rescaled by powers of two after every row.

#include activation

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

// Boltzmann factor of a bond, scaled so that the larger one is nearly 1.
fn bond(a: u32, b: u32) -> f32 {
    return select(step.bond_different, step.bond_same, a == b);
}

fn own_factor(spin: u32) -> f32 {
    return select(step.field_down, step.field_up, spin == 1u);
}

// A scaled sum over states, `value * 2^exponent`.
struct ScaledSum {
    value: f32,
    exponent: i32,
}

// `whole + rest - ln sum`. What is large cancels first: multiples of the first part of ln 2, which has few digits, are exact.
fn less_ln(whole: f32, rest: f32, sum: ScaledSum) -> f32 {
    let power = i32(bitcast<u32>(sum.value) >> 23u) - 127;
    let mantissa = sum.value * bitcast<f32>(u32(127 - power) << 23u);
    let exponent = f32(sum.exponent + power);
    return (whole - exponent * 0.6933594) - (ln_1p(mantissa - 1.0) - exponent * 2.1219444e-4 - rest);
}

// ln q of own spins: beta J (bond sum - bonds) and beta H (spin sum - spins), each scaled as the factors, less that of the sum.
// Integers, so that nothing large cancels.
fn ln_probability(sums: vec2<i32>, sum: ScaledSum) -> f32 {
    let bonds = select(-1, 1, step.coupling >= 0.0) * sums.x - i32(level.bond_count);
    let field = select(-1, 1, step.field >= 0.0) * sums.y - i32(level.own);
    let energy = abs(step.coupling) * f32(bonds) + abs(step.field) * f32(field);
    return less_ln(step.beta_head * energy, step.beta_rest * energy - step.square_scale_rest, sum);
}
