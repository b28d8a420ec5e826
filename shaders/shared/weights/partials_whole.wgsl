// Partial gradients of a level.

@group(0) @binding(16) var<storage, read_write> partials: array<f32>;    // [slices][parameters] of this level

fn set_partial(at: u32, sum: f32) {
    partials[at] = sum;
}
