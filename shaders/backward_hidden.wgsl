// Gradient with respect to the activations of hidden layer LAYER: the transposed product through the matrix above it.
// Grid: ceil(rows / LANES) * ceil(units / UNITS) workgroups of LANES lanes; a lane computes UNITS units of one row.
// UNITS is 8, a packet. Targets that the mask hides from all of a lane's units are skipped.

#include types
#include dispatch

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;         // of this level
@group(0) @binding(6) var<storage, read> hidden: array<Kept>;            // [DEPTH * units][rows]
@group(0) @binding(7) var<storage, read> logits: array<f32>;             // [own][rows]: their gradient
@group(0) @binding(15) var<storage, read_write> error: array<f32>;       // [DEPTH * units][rows]

#include packet_$LOADS

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
    let top = LAYER + 1u == DEPTH;
    let matrix = level.layers[min(LAYER + 1u, DEPTH - 1u)];
    let columns = select(level.units, level.own, top);
    let weights = select(matrix.weight, level.output.weight, top);
    // A border unit is seen by every target, an own unit by those of its own group and later.
    let groups_skipped = select(0u, first_group - min(first_group, select(0u, level.border, top)), first_group >= level.border);
    let skipped = select(groups_skipped * WIDTH, groups_skipped, top);
    for (var target_unit = skipped; target_unit < columns; target_unit++) {
        var gradient: f32;
        if top {
            gradient = logits[target_unit * level.rows + row];
        } else {
            let at = ((LAYER + 1u) * level.units + target_unit) * level.rows + row;
            gradient = error[at] * select(parameters[matrix.slope + target_unit], 1.0, f32(hidden[at]) > 0.0);
        }
        var seen = packet(weights + first * columns + target_unit, columns, lane);
        for (var t = 0u; t < UNITS; t++) {
            sums[t] += seen[t] * gradient;
        }
    }
    for (var t = 0u; t < min(UNITS, level.units - first); t++) {
        error[(LAYER * level.units + first + t) * level.rows + row] = sums[t];
    }
}
