// Sums the partial gradients of a level in a fixed order (every SLICE_LANES-th slice, then those sums), averages over the chunks of a batch, and sums the squares of each
// workgroup's part of the gradient.
// A parameter that is not finite makes the sum of squares not finite: an infinite weight can have a vanishing gradient.
// Grid: ceil(parameters / 4 / FOURS) workgroups of LANES lanes: FOURS quads of parameters, and SLICE_LANES lanes for each that share its
// slices. Levels are padded to whole quads.
// Where a binding holds only a part of a level, there is one slice, and `level` counts the parameters of the part.
// Axes: exchange.
// Constants: LANES, SLICE_LANES.

#include layout/types
#include numbers/activation
#include lanes/reduce

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(3) var<storage, read> parameters: array<vec4<f32>>;   // of this level
@group(0) @binding(16) var<storage, read> partials: array<vec4<f32>>;    // [slices][parameters / 4] of this level
@group(0) @binding(18) var<storage, read_write> gradient: array<vec4<f32>>; // of this level
@group(0) @binding(19) var<storage, read_write> norms: array<f32>;       // of all levels, one per workgroup

const FOURS: u32 = LANES / SLICE_LANES;

var<workgroup> shares: array<array<vec4<f32>, FOURS>, SLICE_LANES>;

// Sum of one quad over all slices.
fn sum_slices(four: u32, fours: u32, lane: u32) -> vec4<f32> {
    let share = lane / FOURS;
    var sum = vec4<f32>(0.0);
    // All lanes take the same turns: SwiftShader loses what a lane that leaves a loop early has summed up.
    for (var first = 0u; first < level.slices; first += SLICE_LANES) {
        if first + share < level.slices {
            sum += partials[(first + share) * fours + four];
        }
    }
    if SLICE_LANES == 1u {
        return sum;
    }
    shares[share][lane % FOURS] = sum;
    workgroupBarrier();
    sum = vec4<f32>(0.0);
    for (var other = 0u; other < SLICE_LANES; other++) {
        sum += shares[other][lane % FOURS];
    }
    return sum;
}

fn work(group: u32, lane: u32) {
    let fours = level.parameters / 4u;
    if group * FOURS >= fours {
        return;
    }
    // Lanes past the last quad repeat it and neither write nor count.
    let wanted = group * FOURS + lane % FOURS;
    let four = min(wanted, fours - 1u);
    let writes = lane < FOURS && wanted < fours;
    var sum = sum_slices(four, fours, lane);
    sum *= step.chunk_share;
    if writes && step.chunk > 0u {
        sum += gradient[four];
    }
    let p = parameters[four];
    var square = dot(sum, sum);
    for (var c = 0u; c < 4u; c++) {
        square += select(p[c] * p[c], 0.0, is_finite(p[c]));
    }
    if writes {
        gradient[four] = sum;
    }
    let norm = reduce(lane, select(0.0, square, writes));
    if lane == 0u {
        norms[level.first_norm + group] = norm;
    }
}
