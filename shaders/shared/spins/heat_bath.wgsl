// A spin whose neighbours are all fixed: p(+1) = sigmoid(2 beta (J sum of neighbours + H)).

#include spins/spins
#include numbers/spread

fn border_sum(block: u32, configuration: u32) -> i32 {
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

// ln q of a block's spin in a configuration of the batch.
fn ln_q_of_spin(block: u32, configuration: u32, sum: i32, up: bool) -> f32 {
    let ln_q_of = step.heat_bath_ln_q[2u * neighbours_up(sum) + select(0u, 1u, up)];
    return rounded_to_either_side(ln_q_of, spread(block, step.first_configuration + configuration));
}
