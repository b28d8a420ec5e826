// Weights to neighbouring hidden units, read one by one.
const UNIT_STEP: u32 = 1u;

fn unit_weights(at: u32) -> array<f32, UNIT_STEP> {
    return array<f32, UNIT_STEP>(parameter(at));
}

fn four_unit_weights(at: u32) -> vec4<f32> {
    return vec4<f32>(parameter(at), parameter(at + 1u), parameter(at + 2u), parameter(at + 3u));
}
