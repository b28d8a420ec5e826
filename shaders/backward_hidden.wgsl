// Gradient with respect to the activations of hidden layer LAYER: the transposed product through the matrix above it.
// Grid: ceil(rows / LANES) * ceil(units / UNITS) workgroups of LANES lanes; a lane computes UNITS units of one row.
// UNITS is 8, a packet. Targets that the mask hides from all of a lane's units are skipped.

#include types
#include dispatch
#include net_parameters

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(6) var<storage, read> hidden: array<Kept>;            // [DEPTH * units][stride]
@group(0) @binding(7) var<storage, read> logits: array<f32>;             // [own][stride]: their gradient
@group(0) @binding(15) var<storage, read_write> error: array<f32>;       // [DEPTH * units][stride]

#include packet_$LOADS

const TOP: bool = LAYER + 1u == DEPTH;

// Gradient with respect to what a target of the matrix above gives before its PReLU, or to a logit; 0 behind the last.
fn gradient_of(wanted: u32, columns: u32, row: u32) -> f32 {
    let target_unit = min(wanted, columns - 1u);
    var gradient: f32;
    if TOP {
        gradient = logits[target_unit * level.stride + row];
    } else {
        let slope = parameter(level.layers[min(LAYER + 1u, DEPTH - 1u)].slope + target_unit);
        let at = ((LAYER + 1u) * level.units + target_unit) * level.stride + row;
        gradient = error[at] * select(slope, 1.0, f32(hidden[at]) > 0.0);
    }
    return select(0.0, gradient, wanted < columns);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let unit_blocks = (level.units + UNITS - 1u) / UNITS;
    let index = group_index(group, groups);
    let first_row = index / unit_blocks * LANES;
    let first = index % unit_blocks * UNITS;
    if first_row >= level.rows {
        return;
    }
    // Lanes past the last row repeat it: all stay at work, to share loads.
    let row = min(first_row + lane, level.rows - 1u);
    var sums: array<f32, UNITS>;
    for (var t = 0u; t < UNITS; t++) {
        sums[t] = 0.0;
    }
    let first_group = first / WIDTH;
    let columns = select(level.units, level.own, TOP);
    let weights = select(level.layers[min(LAYER + 1u, DEPTH - 1u)].weight, level.output.weight, TOP);
    // A border unit is seen by every target, an own unit by those of its own group and later.
    let groups_skipped = select(0u, first_group - min(first_group, select(0u, level.border, TOP)), first_group >= level.border);
    let skipped = select(groups_skipped * WIDTH, groups_skipped, TOP);
    // Four targets a turn; the test stands at the end, since software adapters run what is behind it once more, for nobody.
    var target_unit = skipped;
    loop {
        var gradients: array<f32, 4>;
        for (var g = 0u; g < 4u; g++) {
            gradients[g] = gradient_of(target_unit + g, columns, row);
        }
        let start = weights + first * columns + target_unit;
        var a = packet(start, columns, lane);
        var b = packet(start + 1u, columns, lane);
        var c = packet(start + 2u, columns, lane);
        var d = packet(start + 3u, columns, lane);
        for (var t = 0u; t < UNITS; t++) {
            sums[t] += a[t] * gradients[0] + b[t] * gradients[1] + c[t] * gradients[2] + d[t] * gradients[3];
        }
        target_unit += 4u;
        if target_unit >= columns {
            break;
        }
    }
    for (var t = 0u; t < min(UNITS, level.units - first); t++) {
        error[(LAYER * level.units + first + t) * level.stride + row] = sums[t];
    }
}
