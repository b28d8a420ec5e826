// Unpacks spins, of which each has a bit. Needs unpack_spins.

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
    let bits = packed_spins[four / 8u] >> (four % 8u * 4u);
    let up = ((vec4<u32>(bits) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u)) == vec4<u32>(1u);
    spins[four] = select(vec4<i32>(-1), vec4<i32>(1), up);
}
