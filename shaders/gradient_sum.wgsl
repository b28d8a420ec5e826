// Sums the partial gradients of a level in order of slices, averages over the chunks of a batch, and sums the squares of each
// workgroup's part of the gradient.
// A parameter that is not finite makes the sum of squares not finite: an infinite weight can have a vanishing gradient.
// Grid: ceil(parameters / 4 / LANES) workgroups of LANES lanes, four parameters per lane; levels are padded to whole fours.
// Where a binding holds only a part of a level, there is one slice, and `level` counts the parameters of the part.

#include types
#include activation
#include reduce

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(3) var<storage, read> parameters: array<vec4<f32>>;   // of this level
@group(0) @binding(16) var<storage, read> partials: array<vec4<f32>>;    // [slices][parameters / 4] of this level
@group(0) @binding(18) var<storage, read_write> gradient: array<vec4<f32>>; // of this level
@group(0) @binding(19) var<storage, read_write> norms: array<f32>;       // of all levels, one per workgroup

fn work(group: u32, lane: u32) {
    let fours = level.parameters / 4u;
    if group * LANES >= fours {
        return;
    }
    // Lanes past the last four repeat it and neither write nor count.
    let wanted = group * LANES + lane;
    let four = min(wanted, fours - 1u);
    var sum = vec4<f32>(0.0);
    for (var slice = 0u; slice < level.slices; slice++) {
        sum += partials[slice * fours + four];
    }
    sum *= step.chunk_share;
    if step.chunk > 0u {
        sum += gradient[four];
    }
    let p = parameters[four];
    var square = dot(sum, sum);
    for (var c = 0u; c < 4u; c++) {
        square += select(p[c] * p[c], 0.0, is_finite(p[c]));
    }
    if wanted < fours {
        gradient[four] = sum;
    }
    let norm = reduce(lane, select(0.0, square, wanted < fours));
    if lane == 0u {
        norms[level.first_norm + group] = norm;
    }
}
