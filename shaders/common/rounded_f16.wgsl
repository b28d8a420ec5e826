// What nets compute with: every parameter of all levels, rounded.

@group(0) @binding(26) var<storage, read_write> net_parameters: array<Kept>;

fn keep_rounded(at: u32, parameter: f32) {
    net_parameters[at] = Kept(parameter);
}
