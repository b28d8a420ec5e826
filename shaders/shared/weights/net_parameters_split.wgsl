// Parameters of a level as its nets compute with them, f32 or rounded to f16, where one binding does not hold them all.

@group(0) @binding(26) var<storage, read> net_parameters: array<Kept>;        // the first WINDOW
@group(0) @binding(28) var<storage, read> net_parameters_upper: array<Kept>;  // the rest

// Both are read: with a branch for every parameter some compilers take minutes.
fn parameter(at: u32) -> f32 {
    let lower = net_parameters[min(at, WINDOW - 1u)];
    let upper = net_parameters_upper[max(at, WINDOW) - WINDOW];
    return f32(select(upper, lower, at < WINDOW));
}
