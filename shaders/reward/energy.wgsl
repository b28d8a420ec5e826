// Bond sum and spin sum (of Potts spins bonds between equal colours and sites of colour 0) that every block of a level owns, as exact integers.
// Grid: ceil(rows / LANES) workgroups of LANES lanes, one row per lane.
// Axes: couplings, spins.
// Constants: LANES; Potts spins: COLOURS.

#include layout/types
#include lanes/dispatch

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read> spins: array<i32>;              // [site][batch]
@group(0) @binding(12) var<storage, read_write> sums: array<vec2<i32>>;  // per block

#include rows/rows_one
#include spins/owned_sums_$SPINS

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups) * LANES + lane;
    if row >= level.rows {
        return;
    }
    let owned = owned_sums(row / level.batch, row % level.batch);
    sums[level.first_row + row] = vec2<i32>(owned.bonds, owned.spins);
}
