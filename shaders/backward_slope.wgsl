// Partial gradients of the PReLU slopes: sum over a slice of rows of error * min(hidden, 0). Then the error goes through the
// PReLU, in its place: from the gradient with respect to activations to that with respect to pre-activations.
// Grid: DEPTH * units * slices workgroups of LANES lanes, one unit and slice per workgroup.

#include types
#include dispatch
#include net_parameters
#include reduce

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(6) var<storage, read> hidden: array<Kept>;            // [DEPTH * units][stride]
@group(0) @binding(15) var<storage, read_write> error: array<f32>;       // [DEPTH * units][stride]
@group(0) @binding(16) var<storage, read_write> partials: array<f32>;    // [slices][parameters] of this level

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_index(group, groups);
    let slice = index % level.slices;
    let unit = index / level.slices;
    if unit >= DEPTH * level.units {
        return;
    }
    let slope_at = level.layers[unit / level.units].slope + unit % level.units;
    let slope = parameter(slope_at);
    let end_row = min((slice + 1u) * level.slice_rows, level.rows);
    var sum = 0.0;
    for (var row = slice * level.slice_rows + lane; row < end_row; row += LANES) {
        let at = unit * level.stride + row;
        let z = f32(hidden[at]);
        let gradient = error[at];
        // select and not min: min(NaN, 0) may be 0.
        sum += gradient * select(z, 0.0, z > 0.0);
        error[at] = gradient * select(slope, 1.0, z > 0.0);
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        partials[slice * level.parameters + slope_at] = total;
    }
}
