// Weights to neighbouring hidden units, four to a load. Needs nets whose width is a multiple of 4: every row of a matrix to hidden
// units, and every site's part of it, then starts at such a multiple. So do its biases and slopes, which unit_packet reads too: only
// matrices to hidden units come before them.

@group(0) @binding(27) var<storage, read> net_quads: array<vec4<Kept>>;  // the same as net_parameters

const UNIT_STEP: u32 = 4u;

fn unit_weights(at: u32) -> vec4<f32> {
    return vec4<f32>(net_quads[at / 4u]);
}

fn four_unit_weights(at: u32) -> vec4<f32> {
    return unit_weights(at);
}
