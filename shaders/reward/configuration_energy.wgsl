// Bond sum and spin sum of whole configurations, as exact integers: the blocks' sums added up.
// Grid: ceil(batch / LANES) workgroups of LANES lanes, one configuration per lane.
// Constants: LANES.

#include layout/types
#include lanes/dispatch

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(12) var<storage, read> sums: array<vec2<i32>>;                 // [blocks][batch]
@group(0) @binding(13) var<storage, read_write> configuration_sums: array<vec2<i32>>; // [batch]

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let configuration = group_index(group, groups) * LANES + lane;
    if configuration >= step.batch {
        return;
    }
    var total = vec2<i32>(0, 0);
    // Eight blocks a turn: a graphics card waits for what it loads, once for all eight.
    for (var row = configuration; row < step.total_rows; row += 8u * step.batch) {
        for (var k = 0u; k < 8u; k++) {
            let of_block = sums[min(row + k * step.batch, step.total_rows - 1u)];
            total += select(vec2<i32>(0), of_block, row + k * step.batch < step.total_rows);
        }
    }
    configuration_sums[configuration] = total;
}
