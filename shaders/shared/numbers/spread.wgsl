// What comes back in hundreds of thousands of places is rounded to either side, in shares that make the mean right: rounded always to the
// same side, the sum would be off by much. Twins in `src/random.rs` and `src/cpu/real.rs`.

const BLOCK_SPREAD: u32 = 0xc13fa9a9u;
const CONFIGURATION_SPREAD: u32 = 0x91e10da5u;

// Numbers in [0, 1) that are evenly spread over blocks, and over configurations. Not random.
fn spread(block: u32, configuration: u32) -> f32 {
    return f32((block * BLOCK_SPREAD + configuration * CONFIGURATION_SPREAD) >> 8u) * 0x1p-24f;
}

// `value`: the nearest f32, the one on the other side, the share of the latter.
fn rounded_to_either_side(value: vec4<f32>, number: f32) -> f32 {
    return select(value.x, value.y, number < value.z);
}
