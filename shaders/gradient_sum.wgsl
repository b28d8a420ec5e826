// Sums the partial gradients of a level in order of slices, averages over the chunks of a batch, and sums the squares of each
// workgroup's part of the gradient.
// A parameter that is not finite makes the sum of squares not finite: an infinite weight can have a vanishing gradient.
// Grid: parameters / LANES workgroups of LANES = 64 lanes, one parameter per lane; levels are padded to that.

#include types
#include dispatch
#include activation
#include reduce

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;         // of this level
@group(0) @binding(16) var<storage, read> partials: array<f32>;          // [slices][parameters] of this level
@group(0) @binding(18) var<storage, read_write> gradient: array<f32>;    // of this level
@group(0) @binding(19) var<storage, read_write> norms: array<f32>;       // of all levels, one per workgroup

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_index(group, groups);
    let parameter = index * LANES + lane;
    if index * LANES >= level.parameters {
        return;
    }
    var sum = 0.0;
    for (var slice = 0u; slice < level.slices; slice++) {
        sum += partials[slice * level.parameters + parameter];
    }
    sum *= step.chunk_share;
    if step.chunk > 0u {
        sum += gradient[parameter];
    }
    gradient[parameter] = sum;
    let p = parameters[parameter];
    let norm = reduce(lane, sum * sum + select(p * p, 0.0, is_finite(p)));
    if lane == 0u {
        norms[level.first_norm + index] = norm;
    }
}
