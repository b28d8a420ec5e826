// A spin whose neighbours are all fixed: p(+1) = sigmoid(2 beta (J sum of neighbours + H)). Few sums occur, so `step` has what depends on them.

#include spins/spins
#include numbers/spread

fn neighbour_sum(block: u32, configuration: u32) -> i32 {
    var sum = 0;
    // Four a turn: a graphics card waits for what it loads, once for all four.
    for (var first = 0u; first < level.border; first += 4u) {
        for (var k = 0u; k < 4u; k++) {
            let spin = spins[spin_index(block, min(first + k, level.border - 1u), configuration)];
            sum += select(0, spin, first + k < level.border);
        }
    }
    return sum;
}

// How many neighbours are up: where a sum over them stands in tables.
fn neighbours_up(sum: i32) -> u32 {
    return u32(sum + i32(level.border)) / 2u;
}

// beta (J sum of neighbours + H).
fn beta_field_of(block: u32, sum: i32) -> f32 {
    let neighbours = f32(sum);
    return (step.beta_coupling.x * neighbours + step.beta_field.x) + (step.beta_coupling.y * neighbours + step.beta_field.y);
}

// Reward -ln(2 cosh(beta h)) of a block's spin, shifted.
fn reward_of_spin(block: u32, configuration: u32, sum: i32) -> f32 {
    let of_sum = step.heat_bath_reward[neighbours_up(sum)];
    return rounded_to_either_side(of_sum, spread(block, step.first_configuration + configuration));
}

// ln q of a block's spin in a configuration of the batch.
fn ln_q_of_spin(block: u32, configuration: u32, sum: i32, up: bool) -> f32 {
    let ln_q_of = step.heat_bath_ln_q[2u * neighbours_up(sum) + select(0u, 1u, up)];
    return rounded_to_either_side(ln_q_of, spread(block, step.first_configuration + configuration));
}
