// What nets compute with: every parameter of all levels, rounded.

@group(0) @binding(26) var<storage, read_write> net_parameters: array<vec4<Kept>>;

fn keep_rounded(at: u32, four: vec4<f32>) {
    net_parameters[at] = vec4<Kept>(four);
}
