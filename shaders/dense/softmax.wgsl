// Gradients of the mean of -ln p(class) with respect to the sums of the classes: (p - 1) of the row's class and p of all others, times `share`. A class beyond the last leaves
// the probabilities p themselves, at `share` 1.
// Grid: ceil(rows / LANES) workgroups of LANES lanes, a row each.
// Constants: LANES.

#include dense/units
#include numbers/activation

@group(0) @binding(2) var<storage, read> values: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> classes: array<u32>; // of rows of inputs
@group(0) @binding(4) var<storage, read_write> slopes: array<vec4<f32>>; // of every level but the inputs, [rows][stride]

// Weights in the sum over all classes, of which the likeliest has 1; 0 beyond the last.
fn weights_of(sums: vec4<f32>, most: f32, is_there: vec4<bool>) -> vec4<f32> {
    let less = sums - most;
    let weights = vec4<f32>(exp_minus_abs(less.x), exp_minus_abs(less.y), exp_minus_abs(less.z), exp_minus_abs(less.w));
    return select(vec4<f32>(0.0), weights, is_there);
}

fn numbers_of(quad: u32) -> vec4<u32> {
    return vec4<u32>(4u * quad) + vec4<u32>(0u, 1u, 2u, 3u);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups) * LANES + lane;
    if row >= task.rows {
        return;
    }
    let level = units[task.layers];
    let count = vec4<u32>(level.count);
    let start = (level.values + row * level.stride) / 4u;
    let quads = (level.count + 3u) / 4u;
    var largest = vec4<f32>(values[start].x);
    for (var quad = 0u; quad < quads; quad++) {
        largest = max(largest, select(largest, values[start + quad], numbers_of(quad) < count));
    }
    let most = max(max(largest.x, largest.y), max(largest.z, largest.w));
    var total = 0.0;
    for (var quad = 0u; quad < quads; quad++) {
        total += dot(weights_of(values[start + quad], most, numbers_of(quad) < count), vec4<f32>(1.0));
    }
    let own = vec4<u32>(classes[task.first + row]);
    let to = (level.slopes + row * level.stride) / 4u;
    for (var quad = 0u; quad < quads; quad++) {
        let probabilities = weights_of(values[start + quad], most, numbers_of(quad) < count) / total;
        let is_own = select(vec4<f32>(0.0), vec4<f32>(1.0), numbers_of(quad) == own);
        slopes[to + quad] = task.share * (probabilities - is_own);
    }
}
