// Partial gradients of the PReLU slopes: sum over a slice of rows of error * min(hidden, 0). Then the error goes through the
// PReLU, in its place: from the gradient with respect to activations to that with respect to pre-activations.
// Rows come in quads. Grid: DEPTH * units * slices workgroups of LANES lanes, one unit and slice per workgroup.
// Axes: exchange, parts.
// Constants: LANES, DEPTH; split parts: WINDOW.

#include layout/types
#include weights/net_parameters_$PARTS
#include weights/partials_$PARTS
#include lanes/reduce

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(6) var<storage, read> hidden: array<vec4<Kept>>;      // [DEPTH * units][stride / 4]
@group(0) @binding(15) var<storage, read_write> error: array<vec4<f32>>; // [DEPTH * units][stride / 4]

fn work(group: u32, lane: u32) {
    let slice = group % level.slices;
    let unit = group / level.slices;
    if unit >= DEPTH * level.units {
        return;
    }
    let slope_at = level.layers[unit / level.units].slope + unit % level.units;
    let slope = parameter(slope_at);
    let start = unit * (level.stride / 4u);
    let end_row = min((slice + 1u) * level.slice_rows, level.net_rows);
    let end = (end_row + 3u) / 4u;
    var sum = 0.0;
    // All lanes take the same turns: SwiftShader loses what a lane that leaves a loop early has summed up.
    for (var first = slice * level.slice_rows / 4u; first < end; first += LANES) {
        let quad = first + lane;
        if quad < end {
            let at = start + quad;
            let counts = 4u * quad + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(end_row);
            let z = vec4<f32>(hidden[at]);
            let gradient = select(vec4<f32>(0.0), error[at], counts);
            // select and not min: min(NaN, 0) may be 0.
            sum += dot(gradient, select(z, vec4<f32>(0.0), z > vec4<f32>(0.0)));
            error[at] = gradient * select(vec4<f32>(slope), vec4<f32>(1.0), z > vec4<f32>(0.0));
        }
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        set_partial(slice * level.parameters + slope_at, total);
    }
}
