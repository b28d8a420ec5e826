// Gradient with respect to the logits, in their place: A ([x = +1] - sigmoid(logit)).
// Grid: ceil(own * rows / LANES) workgroups of LANES lanes, one logit per lane.

#include types
#include dispatch
#include activation
#include inputs

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(5) var<storage, read> inputs: array<u32>;             // [ceil(inputs / 32)][stride]
@group(0) @binding(7) var<storage, read_write> logits: array<f32>;       // [own][stride]
@group(0) @binding(11) var<storage, read> advantage: array<f32>;         // per block

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * LANES + lane;
    if at >= level.own * level.rows {
        return;
    }
    let site = at / level.rows;
    let row = at % level.rows;
    let logit_at = site * level.stride + row;
    let source = level.border + site;
    let up = select(1.0, 0.0, (input_word(source, row) >> (source % 32u) & 1u) == 1u);
    let gradient = advantage[level.first_row + row] * (up - sigmoid(logits[logit_at]));
    // The spin that fixes the gauge has no logit.
    logits[logit_at] = select(gradient, 0.0, site == 0u && level.gauge == 2u);
}
