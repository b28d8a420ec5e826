// What sums over the interior of squares need, whoever of a workgroup's lanes works on which part: see
// exact_square_{group,subgroup,lane}. Needs `level`, `step`, `geometry`, `spins`.
//
// A state is a row of WIDTH spins, bit j for column j; site (i, j) replaces bit j of the row above by its own spin. States are
// rescaled by powers of two after every row.

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

// Boltzmann factor of a bond, scaled so that the larger one is 1.
fn bond(a: u32, b: u32) -> f32 {
    return select(step.bond_different, step.bond_same, a == b);
}

fn own_factor(spin: u32) -> f32 {
    return select(step.field_down, step.field_up, spin == 1u);
}

// ln q of own spins: beta J (bond sum - bonds) and beta H (spin sum - spins), each scaled as the factors, less `ln_sum`.
// Integers, so that nothing large cancels.
fn ln_probability(sums: vec2<i32>, ln_sum: f32) -> f32 {
    let bonds = select(-1, 1, step.coupling >= 0.0) * sums.x - i32(level.bond_count);
    let field = select(-1, 1, step.field >= 0.0) * sums.y - i32(level.own);
    return step.beta * (abs(step.coupling) * f32(bonds) + abs(step.field) * f32(field)) - ln_sum;
}
