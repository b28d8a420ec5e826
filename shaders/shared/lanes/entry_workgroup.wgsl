// Calls `work(group, lane)` of a kernel, with lanes numbered by local indices.

#include lanes/dispatch

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    work(group_index(group, groups), lane);
}
