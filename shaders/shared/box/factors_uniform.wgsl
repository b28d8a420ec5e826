// Boltzmann factors of boxes that are all alike, scaled so that the largest of a kind is nearly 1. They are never multiplied with each other: an error of
// a product would be the same in all boxes.
// Functions that name a box's number in its workgroup, a site or an axis have those arguments for the sake of factors_each.

fn bond(a: u32, b: u32) -> f32 {
    return select(step.bond_different, step.bond_same, a == b);
}

// Factors of the bonds of a spin down and a spin up to a neighbour.
fn bonds_to(neighbour: u32) -> vec2<f32> {
    return vec2<f32>(bond(0u, neighbour), bond(1u, neighbour));
}

// Factors of the bonds of a spin to its earlier neighbours, by (spin, above): down down, down up, up up, up down. Of those in its layer
// (left of it, in three dimensions also behind it) `ups` are up.
fn earlier_bonds(ups: u32) -> vec4<f32> {
    let factors = step.earlier;
    if DIMENSIONS == 2u {
        return select(factors.zyyx, factors.yxzy, ups == 1u);
    }
    return select(select(factors.wzyx, factors.zyzy, ups == 1u), factors.yxwz, ups == 2u);
}

// Factors of a spin down and a spin up in the field.
fn field_factors() -> vec2<f32> {
    return vec2<f32>(step.field_down, step.field_up);
}

fn load_factors(number: u32, block: u32, lane: u32) {}

fn earlier_bonds_of(number: u32, site: u32, left: u32, behind: u32) -> vec4<f32> {
    return earlier_bonds(left + behind);
}

fn field_factors_of(number: u32, site: u32) -> vec2<f32> {
    return field_factors();
}

fn bonds_after(number: u32, site: u32, axis: u32, neighbour: u32) -> vec2<f32> {
    return bonds_to(neighbour);
}

fn bonds_below(number: u32, i: u32, j: u32, neighbour: u32) -> vec2<f32> {
    return bonds_to(neighbour);
}

fn sign_of(energy: vec2<f32>) -> i32 {
    return select(-1, 1, energy.x + energy.y >= 0.0);
}

// Logarithm of the scaled Boltzmann factor of own spins: beta J (bond sum - bonds) and beta H (spin sum - spins), each scaled as the factors.
// Integers, so that nothing large cancels.
fn ln_factor(block: u32, sums: vec2<i32>) -> vec2<f32> {
    let bonds = f32(sums.x - sign_of(step.beta_coupling) * i32(level.bond_count));
    let field = f32(sums.y - sign_of(step.beta_field) * i32(level.own));
    let energy = step.beta_coupling * bonds + step.beta_field * field;
    return energy - step.box_scale_rest;
}

// Reward of a box whose scaled sum is 1.
fn box_reward(block: u32) -> vec2<f32> {
    return step.box_reward;
}
