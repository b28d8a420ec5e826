// Sums over boxes as scaled numbers. Needs `step`, numbers/activation, numbers/spread and the factors of the box.

#include numbers/scaled

// The number from which the sum over a box starts, in [1, 2]: started from 1, all boxes with the same border would be rounded alike.
fn start_value(block: u32, configuration: u32) -> f32 {
    return 1.0 + spread(block, step.first_configuration + configuration);
}

// ln q of own spins by their bond sum and spin sum: the logarithm of their scaled Boltzmann factor less that of the sum.
fn ln_probability(block: u32, sums: vec2<i32>, sum: ScaledSum) -> f32 {
    return less_ln(ln_factor(block, sums), sum);
}
