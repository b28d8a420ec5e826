// Norm of the whole gradient; remembers the first step at which it was not finite.
// Grid: one workgroup of LANES lanes.
// Axes: exchange.
// Constants: LANES.

#include layout/types
#include layout/status
#include numbers/activation
#include lanes/reduce

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(19) var<storage, read> norms: array<f32>;
@group(0) @binding(20) var<storage, read_write> status: Status;

fn work(group: u32, lane: u32) {
    var sum = 0.0;
    for (var at = lane; at < step.norms; at += LANES) {
        sum += norms[at];
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        status.gradient_norm = sqrt(total);
        if !is_finite(total) && status.first_bad_step == 0u {
            status.first_bad_step = step.step;
        }
    }
}
