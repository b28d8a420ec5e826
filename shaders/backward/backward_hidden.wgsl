// Gradient with respect to the activations of hidden layer LAYER: the transposed product through the matrix above it.
// Grid: ceil(stride / LANE_ROWS / LANES) * ceil(units / UNITS) workgroups of LANES lanes; a lane computes UNITS units of LANE_ROWS rows, see
// rows_{one,four}. UNITS is 8, a packet, and LANES a multiple of it. Targets that the mask hides from all of a lane's units are skipped, and so are
// patches that the matrix lacks.
// Axes: loads, rows, parts, patches, encoding.
// Constants: LANES, WIDTH, DEPTH, LAYER, UNITS; split parts: WINDOW; Potts spins: COLOURS.

#include layout/types
#include lanes/dispatch
#include weights/net_parameters_$PARTS
#include rows/rows_$ROWS
#include weights/patches_$PATCHES

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(6) var<storage, read> hidden: array<KeptRows>;        // [DEPTH * units][stride / LANE_ROWS]
@group(0) @binding(7) var<storage, read> logits: array<Rows>;            // [own][stride / LANE_ROWS]: their gradient
@group(0) @binding(15) var<storage, read_write> error: array<Rows>;      // [DEPTH * units][stride / LANE_ROWS]

const TOP: bool = LAYER + 1u == DEPTH;

// A product of all lanes of a workgroup: weights of their units, [UNITS][targets], times the gradients of rows. The rows are each
// lane's own and stand apart: barriers depend on the other numbers.
struct Product {
    weights: u32,            // where they start
    source: u32,             // the first unit
    targets: u32,
    first_target: u32,       // the first that is seen
    stride: u32,
}

var<private> sums: array<Rows, UNITS>;

// Whether the matrix above has weights of the lane's units to some of count targets.
fn reaches(product: Product, first: u32, count: u32) -> bool {
    return has_patch(LAYER + 1u, product.source, first, min(first + count, product.targets));
}

// Gradient with respect to what a target of the matrix above gives before its PReLU, or to a logit; behind the last that of the last.
fn gradient_of(product: Product, rows: u32, wanted: u32) -> Rows {
    let target_unit = min(wanted, product.targets - 1u);
    if TOP {
        return logits[target_unit * product.stride + rows];
    }
    let slope = parameter(level.layers[min(LAYER + 1u, DEPTH - 1u)].slope + target_unit);
    let at = ((LAYER + 1u) * level.units + target_unit) * product.stride + rows;
    return error[at] * select(Rows(slope), Rows(1.0), Rows(hidden[at]) > Rows(0.0));
}

#include gradient/hidden_gradient_$LOADS

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let unit_blocks = (level.units + UNITS - 1u) / UNITS;
    let index = group_index(group, groups);
    let first_rows = index / unit_blocks * LANES;
    let first = index % unit_blocks * UNITS;
    let stride = level.stride / LANE_ROWS;
    if first_rows >= stride {
        return;
    }
    // Lanes past the last rows repeat them: all stay at work, to share loads.
    let rows = min(first_rows + lane, stride - 1u);
    let first_group = first / WIDTH;
    let columns = select(level.units, level.own$PER_SITE, TOP);
    let weights = select(level.layers[min(LAYER + 1u, DEPTH - 1u)].weight, level.output.weight, TOP);
    // A border unit is seen by every target, an own unit by those of its own group and later.
    let groups_skipped = select(0u, first_group - min(first_group, select(0u, level.border, TOP)), first_group >= level.border);
    let skipped = select(groups_skipped * WIDTH, groups_skipped$PER_SITE, TOP);
    add_targets(Product(weights + first * columns, first, columns, skipped, stride), rows, lane);
    // Over all units, so that the loop is unrolled and sums stay in registers.
    for (var t = 0u; t < UNITS; t++) {
        if first + t < level.units {
            error[(LAYER * level.units + first + t) * stride + rows] = sums[t];
        }
    }
}
