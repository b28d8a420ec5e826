// Parameters of a level as its nets compute with them: f32, or rounded to f16.

@group(0) @binding(26) var<storage, read> net_parameters: array<Kept>;

fn parameter(at: u32) -> f32 {
    return f32(net_parameters[at]);
}
