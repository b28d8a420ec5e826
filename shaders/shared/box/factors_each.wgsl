// Boltzmann factors of boxes whose bonds and sites have weights of their own, scaled so that the largest of a bond or site is 1. No two boxes have the same
// factors, so errors of these have no direction, and they are multiplied with each other.
// Needs box_sum_group, which says how many boxes a workgroup has. `geometry` has the weights behind those of spins/weights_each: for every box the sizes
// of all its bonds' weights and of its sites', summed; then for every own site those of the bonds to the neighbours before and after it, along every axis,
// 0 to own sites after it.

const OWN: u32 = LAYERS * BITS;
const DIRECTIONS: u32 = 2u * DIMENSIONS;
// Numbers kept for a site: one for its bond in every direction, then one for its field.
const OF_SITE: u32 = DIRECTIONS + 1u;

// exp(-2 |energy|) of every bond and site: by how much a spin is less likely that does not do its will. Negative where the weight times J or H is.
var<workgroup> unlike: array<array<f32, OWN * OF_SITE>, BOXES>;

fn first_of_box(block: u32) -> u32 {
    return level.weights + level.blocks * (level.bond_count + level.own) + 2u * block;
}

fn direction_weight(block: u32, site: u32, direction: u32) -> i32 {
    let first = level.weights + level.blocks * (level.bond_count + level.own + 2u);
    return i32(geometry[first + (block * OWN + site) * DIRECTIONS + direction]);
}

// Computes the factors of a box; a barrier must follow.
fn load_factors(number: u32, block: u32, lane: u32) {
    for (var at = lane; at < OWN * OF_SITE; at += SHARING) {
        let site = at / OF_SITE;
        let direction = at % OF_SITE;
        var energy = 0.0;
        if direction < DIRECTIONS {
            let weight = f32(direction_weight(block, site, direction));
            energy = step.beta_coupling.x * weight + step.beta_coupling.y * weight;
        } else {
            let weight = f32(site_weight(block, site));
            energy = step.beta_field.x * weight + step.beta_field.y * weight;
        }
        let factor = exp_minus_abs(2.0 * energy);
        unlike[number][at] = select(-factor, factor, energy >= 0.0);
    }
}

fn factor_of(number: u32, site: u32, which: u32, is_equal: bool) -> f32 {
    let factor = unlike[number][site * OF_SITE + which];
    return select(abs(factor), 1.0, is_equal == (factor > 0.0));
}

// Factors of the bonds of a spin to its earlier neighbours, by (spin, above): down down, down up, up up, up down. `left` and, in three dimensions,
// `behind` are those in its layer.
fn earlier_bonds_of(number: u32, site: u32, left: u32, behind: u32) -> vec4<f32> {
    const ALONG_ROW: u32 = 2u * (DIMENSIONS - 1u);
    let equal = factor_of(number, site, 0u, true);
    let different = factor_of(number, site, 0u, false);
    var down = factor_of(number, site, ALONG_ROW, left == 0u);
    var up = factor_of(number, site, ALONG_ROW, left == 1u);
    if DIMENSIONS == 3u {
        down *= factor_of(number, site, 2u, behind == 0u);
        up *= factor_of(number, site, 2u, behind == 1u);
    }
    return vec4<f32>(equal * down, different * down, equal * up, different * up);
}

// Factors of a spin down and a spin up in the field.
fn field_factors_of(number: u32, site: u32) -> vec2<f32> {
    return vec2<f32>(factor_of(number, site, DIRECTIONS, false), factor_of(number, site, DIRECTIONS, true));
}

// Factors of the bond of a spin down and a spin up to the neighbour after it along an axis.
fn bonds_after(number: u32, site: u32, axis: u32, neighbour: u32) -> vec2<f32> {
    let which = 2u * axis + 1u;
    return vec2<f32>(factor_of(number, site, which, neighbour == 0u), factor_of(number, site, which, neighbour == 1u));
}

// Factors of the bond of site j of layer i to the neighbour in the layer below, which owns it unless it is of the border.
fn bonds_below(number: u32, i: u32, j: u32, neighbour: u32) -> vec2<f32> {
    if i + 1u == LAYERS {
        return bonds_after(number, i * BITS + j, 0u, neighbour);
    }
    let site = (i + 1u) * BITS + j;
    return vec2<f32>(factor_of(number, site, 0u, neighbour == 0u), factor_of(number, site, 0u, neighbour == 1u));
}

// The sizes of all weights of a box, of bonds and of sites, summed.
fn total_weights(block: u32) -> vec2<i32> {
    let first = first_of_box(block);
    return vec2<i32>(i32(geometry[first]), i32(geometry[first + 1u]));
}

// Logarithm of the scaled Boltzmann factor of own spins: beta J (bond sum - bonds) and beta H (spin sum - spins), weighted. Units are positive.
// Integers, so that nothing large cancels.
fn ln_factor(block: u32, sums: vec2<i32>) -> vec2<f32> {
    let less = vec2<f32>(sums - total_weights(block));
    return step.beta_coupling * less.x + step.beta_field * less.y;
}

// Reward of a box whose scaled sum is 1.
fn box_reward(block: u32) -> vec2<f32> {
    let total = vec2<f32>(total_weights(block));
    return step.box_reward - (step.beta_coupling * total.x + step.beta_field * total.y);
}
