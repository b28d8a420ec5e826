// Sum over the lanes of a workgroup in a fixed order, subgroup by subgroup; lane 0 gets it. Called once, in uniform control flow.
// Needs subgroups of at least 8 lanes, in the order of local indices. Where they have 8, as Mesa's software driver has with
// 256 bits, the bits are those of reduce_own.

const EIGHTS: u32 = LANES / 8u;

var<workgroup> reduced: array<f32, EIGHTS>;

fn reduce(lane: u32, value: f32) -> f32 {
    let sum = subgroupAdd(value);
    let is_first = subgroupBroadcastFirst(lane) == lane;
    if lane % 8u == 0u {
        reduced[lane / 8u] = select(0.0, sum, is_first);
    }
    workgroupBarrier();
    var total = 0.0;
    if lane == 0u {
        for (var eight = 0u; eight < EIGHTS; eight++) {
            total += reduced[eight];
        }
    }
    return total;
}
