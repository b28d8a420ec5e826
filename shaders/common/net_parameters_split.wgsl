// Parameters of a level as its nets compute with them, f32 or rounded to f16, where one binding does not hold them all.

@group(0) @binding(26) var<storage, read> net_parameters: array<Kept>;        // the first WINDOW
@group(0) @binding(28) var<storage, read> net_parameters_upper: array<Kept>;  // the rest

fn parameter(at: u32) -> f32 {
    if at < WINDOW {
        return f32(net_parameters[at]);
    }
    return f32(net_parameters_upper[at - WINDOW]);
}
