// Partial gradients of a level where one binding does not hold its parameters: there is one slice.

@group(0) @binding(16) var<storage, read_write> partials: array<f32>;        // of the first WINDOW parameters
@group(0) @binding(29) var<storage, read_write> partials_upper: array<f32>;  // of the rest

fn set_partial(at: u32, sum: f32) {
    if at < WINDOW {
        partials[at] = sum;
    } else {
        partials_upper[at - WINDOW] = sum;
    }
}
