// Weights of a site's bonds and of its field where each has its own: `geometry` has them as box/factors_each says.
// Directions of a bond: above, below, left, right; those to own sites after a site have no weight here.

#include spins/weights_each

fn direction_weight(block: u32, site: u32, direction: u32) -> f32 {
    let first = level.weights + level.blocks * (level.bond_count + level.own + 2u);
    return f32(i32(geometry[first + (block * level.own + site) * 4u + direction]));
}

fn field_weight(block: u32, site: u32) -> f32 {
    return f32(site_weight(block, site));
}
