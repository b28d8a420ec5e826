// Copies an array: what a device reaches in memory traffic, as the measure of all other kernels.
// Grid: ceil(arrayLength / LANES) workgroups of LANES lanes, folded into y.

#include lanes/dispatch

@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> copy: array<vec4<f32>>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * LANES + lane;
    if at < arrayLength(&source) {
        copy[at] = source[at];
    }
}
