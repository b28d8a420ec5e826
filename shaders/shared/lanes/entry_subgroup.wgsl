// Calls `work(group, lane)` of a kernel, with lanes numbered subgroup by subgroup, as these number theirs. So neighbours are in one
// subgroup wherever a driver puts local indices, which no standard says. On Direct3D 12 the number of a subgroup is taken from the local
// index, which must come in order there.
// Needs full subgroups, as drivers make them of workgroups whose size is a multiple of theirs.

#include lanes/dispatch

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_size) subgroup_size: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    work(group_index(group, groups), subgroup * subgroup_size + lane);
}
