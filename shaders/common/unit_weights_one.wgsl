// Weights to neighbouring hidden units, read one by one.
const UNIT_STEP: u32 = 1u;

fn unit_weights(at: u32) -> array<f32, UNIT_STEP> {
    return array<f32, UNIT_STEP>(parameter(at));
}
