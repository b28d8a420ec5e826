// A spin whose neighbours are all fixed, with bonds and a field of its own: p(+1) = sigmoid(2 beta h), h being J times the weighted sum of neighbours plus H
// times the site's weight.

#include spins/spins
#include spins/weights_each
#include numbers/activation

fn neighbour_sum(block: u32, configuration: u32) -> i32 {
    var sum = 0;
    for (var bond = 0u; bond < level.bond_count; bond++) {
        let spin = spins[spin_index(block, geometry[level.bonds + 2u * bond], configuration)];
        sum += bond_weight(block, bond) * spin;
    }
    return sum;
}

// beta h.
fn beta_field_of(block: u32, sum: i32) -> f32 {
    let neighbours = f32(sum);
    let site = f32(site_weight(block, 0u));
    let coarse = step.beta_coupling.x * neighbours + step.beta_field.x * site;
    return coarse + (step.beta_coupling.y * neighbours + step.beta_field.y * site);
}

// Reward -ln(2 cosh(beta h)) of a block's spin, shifted.
fn reward_of_spin(block: u32, configuration: u32, sum: i32) -> f32 {
    let field = abs(beta_field_of(block, sum));
    let shift = step.reward_shift.x * f32(level.bond_count) + step.reward_shift.y;
    // The large numbers, shift and field, cancel first.
    return (shift - field) - ln_1p(exp_minus_abs(2.0 * field));
}

// ln q of a block's spin in a configuration of the batch.
fn ln_q_of_spin(block: u32, configuration: u32, sum: i32, up: bool) -> f32 {
    let field = beta_field_of(block, sum);
    let logit = select(-2.0 * field, 2.0 * field, up);
    return -softplus(-logit, exp_minus_abs(logit));
}
