// Weights to neighbouring hidden units, read one by one.

#include weights/four_parameters

const UNIT_STEP: u32 = 1u;

fn unit_weights(at: u32) -> array<f32, UNIT_STEP> {
    return array<f32, UNIT_STEP>(parameter(at));
}

fn four_unit_weights(at: u32) -> vec4<f32> {
    return four_parameters(at);
}
