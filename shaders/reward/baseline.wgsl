// Batch mean of the root rewards.
// Grid: one workgroup of LANES lanes.
// Axes: exchange.
// Constants: LANES.

#include layout/types
#include lanes/reduce

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(9) var<storage, read> reward: array<f32>;             // [batch] first: the roots
@group(0) @binding(14) var<storage, read_write> baseline: array<f32>;    // one value

fn work(group: u32, lane: u32) {
    var sum = 0.0;
    for (var configuration = lane; configuration < step.batch; configuration += LANES) {
        sum += reward[configuration];
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        baseline[0] = total / f32(step.batch);
    }
}
