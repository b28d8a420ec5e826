// Boltzmann factors of boxes of Potts spins that are all alike, scaled so that the largest of a kind is nearly 1: see `ColourFactors` in `src/conditional/exact_box.rs`.

fn bond(a: u32, b: u32) -> f32 {
    return select(step.bond_different, step.bond_same, a == b);
}

// By how much the factor of a bond between equal colours is larger.
fn bond_surplus() -> f32 {
    return step.earlier.x;
}

fn field_of(colour: u32) -> f32 {
    return select(step.field_down, step.field_up, colour == 0u);
}

// The scale divides out `count` energies where the energy is positive, and none where it is not.
fn divided_out(energy: vec2<f32>, count: u32) -> i32 {
    return select(0, i32(count), energy.x + energy.y >= 0.0);
}

// Logarithm of the scaled Boltzmann factor of own colours. Integers, so that nothing large cancels.
fn ln_factor(block: u32, sums: vec2<i32>) -> vec2<f32> {
    let bonds = f32(sums.x - divided_out(step.beta_coupling, level.bond_count));
    let field = f32(sums.y - divided_out(step.beta_field, level.own));
    let energy = step.beta_coupling * bonds + step.beta_field * field;
    return energy - step.box_scale_rest;
}

// Reward of a box whose scaled sum is 1.
fn box_reward(block: u32) -> vec2<f32> {
    return step.box_reward;
}
