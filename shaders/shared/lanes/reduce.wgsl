// Sum over the lanes of a workgroup in a fixed order, eight by eight; lane 0 gets it. Called once, in uniform control flow, with
// lanes as the entry point numbers them, which comes with it and calls the kernel's work(group, lane).
// Needs LANES = 64 or a larger power of two.

const EIGHTS: u32 = LANES / 8u;

var<workgroup> reduced: array<f32, LANES>;

#include lanes/entry_$EXCHANGE
#include lanes/sum_eights_$EXCHANGE

fn reduce(lane: u32, value: f32) -> f32 {
    sum_eights(lane, value);
    workgroupBarrier();
    var total = 0.0;
    if lane == 0u {
        for (var eight = 0u; eight < EIGHTS; eight++) {
            total += reduced[eight];
        }
    }
    return total;
}
