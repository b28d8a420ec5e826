// Bond sum and spin sum that every block of a level owns, as exact integers.
// Grid: ceil(rows / LANE_ROWS / LANES) workgroups of LANES lanes, LANE_ROWS rows per lane, see rows_{one,four}.

#include types
#include dispatch

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read> spins: array<RowSpins>;         // [site][batch / LANE_ROWS]
@group(0) @binding(12) var<storage, read_write> sums: array<RowPairs>;   // per block

#include owned_sums

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups) * LANES + lane;
    if row >= level.rows / LANE_ROWS {
        return;
    }
    let first = row * LANE_ROWS;
    let owned = owned_sums(first / level.batch, first % level.batch);
    sums[level.first_row / LANE_ROWS + row] = pairs(owned.bonds, owned.spins);
}
