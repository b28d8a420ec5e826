// Weights of a site's bonds and of its field where all are alike. Functions have the arguments of weights_each.

fn direction_weight(block: u32, site: u32, direction: u32) -> f32 {
    return 1.0;
}

fn field_weight(block: u32, site: u32) -> f32 {
    return 1.0;
}
