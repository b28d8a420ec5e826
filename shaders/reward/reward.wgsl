// Tree rewards: beta E_own + ln q_own + rewards of the children, shifted for every bond and site so that they stay small and keep their digits.
// Grid: ceil(rows / LANE_ROWS / LANES) workgroups of LANES lanes, LANE_ROWS rows per lane, see rows_{one,four}; levels run from the last to the first.
// Axes: rows, couplings, spins.
// Constants: LANES; Potts spins: COLOURS.

#include layout/types
#include lanes/dispatch

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read> spins: array<RowSpins>;         // [site][batch / LANE_ROWS]
@group(0) @binding(8) var<storage, read> ln_q: array<Rows>;              // per block
@group(0) @binding(9) var<storage, read_write> reward: array<Rows>;      // per block

#include rows/rows_$ROWS
#include spins/owned_sums_$SPINS
#include rows/rows_spread

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
    let block = row * LANE_ROWS / level.batch;
    let configuration = row * LANE_ROWS % level.batch;
    let bonds = Rows(bond_sum(block, configuration));
    var energy = step.beta_coupling.x * bonds;
    var energy_rest = step.beta_coupling.y * bonds;
    if any(step.beta_field != vec2<f32>(0.0)) {
        let spin_sums = Rows(spin_sum(block, configuration));
        energy += step.beta_field.x * spin_sums;
        energy_rest += step.beta_field.y * spin_sums;
    }
    let here = level.first_row / LANE_ROWS + row;
    let shift = Rows(step.reward_shift.x * f32(level.bond_count) + step.reward_shift.y * f32(level.own));
    // What is large cancels first, and exactly. An error of the energy, which has few values, would come back in thousands of blocks: what
    // does not fit goes up or down.
    let number = spread_of(block, step.first_configuration + configuration);
    var total_reward = (shift - energy) + ln_q[here] - up_or_down(energy_rest, number);
    let children = level.children + block * level.children_per_block;
    let count = level.children_per_block;
    // Four a turn, for a square has four children: see owned_sums.
    for (var first = 0u; first < count; first += 4u) {
        for (var c = 0u; c < 4u; c++) {
            let child = geometry[children + min(first + c, count - 1u)];
            let of_child = reward[(level.children_first_row + child * level.batch + configuration) / LANE_ROWS];
            total_reward += select(Rows(0.0), of_child, first + c < count);
        }
    }
    reward[here] = total_reward;
}
