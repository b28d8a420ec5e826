// Unpacks colours, of which each has a byte. Needs unpack_spins.

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let four = group_index(group, groups) * LANES + lane;
    if four >= arrayLength(&spins) {
        return;
    }
    spins[four] = vec4<i32>((vec4<u32>(packed_spins[four]) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u));
}
