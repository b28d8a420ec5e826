// Moves biases by what the step of the weights leaves to them: rate (Dv - dW l) and rate (Dh - m dW), from the parts that `gradient` has left.
// Grid: ceil((visible_stride + hidden_words * 32) / LANES) workgroups of LANES lanes, a bias each, those of visible numbers first.
// Invariant: parts are added in order.
// Constants: LANES.

#include rbm/task
#include lanes/dispatch

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(5) var<storage, read_write> visible_bias: array<f32>; // [visible_stride]
@group(0) @binding(6) var<storage, read_write> hidden_bias: array<f32>;  // [hidden_words * 32]
@group(0) @binding(11) var<storage, read> visible_parts: array<f32>; // [hidden_words][visible_stride]
@group(0) @binding(12) var<storage, read> hidden_parts: array<f32>;  // [visible_stride / 64][hidden_words * 32]

// Eight parts a turn: a graphics card waits for what it loads, once for all eight.
const AT_ONCE: u32 = 8u;

fn moved_visible(number: u32) -> f32 {
    var sum = 0.0;
    for (var first = 0u; first < task.hidden_words; first += AT_ONCE) {
        for (var k = 0u; k < AT_ONCE; k++) {
            let part = min(first + k, task.hidden_words - 1u);
            sum += select(0.0, visible_parts[part * task.visible_stride + number], first + k < task.hidden_words);
        }
    }
    return sum;
}

fn moved_hidden(unit: u32) -> f32 {
    let parts = task.visible_stride / 64u;
    var sum = 0.0;
    for (var first = 0u; first < parts; first += AT_ONCE) {
        for (var k = 0u; k < AT_ONCE; k++) {
            let part = min(first + k, parts - 1u);
            sum += select(0.0, hidden_parts[part * task.hidden_words * 32u + unit], first + k < parts);
        }
    }
    return sum;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * LANES + lane;
    if at < task.visible_stride {
        visible_bias[at] += task.rate * moved_visible(at);
    } else if at - task.visible_stride < task.hidden_words * 32u {
        let unit = at - task.visible_stride;
        hidden_bias[unit] += task.rate * moved_hidden(unit);
    }
}
