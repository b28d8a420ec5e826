// Sum over the lanes of a workgroup in a fixed order, eight by eight; lane 0 gets it. Called once, in uniform control flow.
// Needs LANES = 64 or a larger power of two.

const EIGHTS: u32 = LANES / 8u;

var<workgroup> reduced: array<f32, LANES>;

fn reduce(lane: u32, value: f32) -> f32 {
    reduced[lane] = value;
    workgroupBarrier();
    var sum = 0.0;
    for (var k = 0u; k < 8u; k++) {
        sum += reduced[lane % EIGHTS * 8u + k];
    }
    workgroupBarrier();
    reduced[lane] = sum;
    workgroupBarrier();
    var total = 0.0;
    if lane == 0u {
        for (var eight = 0u; eight < EIGHTS; eight++) {
            total += reduced[eight];
        }
    }
    return total;
}
