// The shares of x and of -x in the density [q(x) + q(-x)] / 2 of a mixture, whose flow has density q. Where `joins` is 1, leaves the score of the mixture in the rows of x; else the scores of
// both, times their shares, and the shares. Twin of `Scored` in `src/neuralrg/gradient.rs`.
// Grid: a workgroup of LANES lanes for each of `rows` configurations x; their images lie behind them, as flow/mirror leaves them.
// Invariants: every lane adds up the same sums in the same order.
// Constants: LANES.

#include flow/task
#include lanes/dispatch
#include numbers/activation

@group(0) @binding(0) var<uniform> task: FlowTask;
@group(0) @binding(5) var<storage, read_write> score: array<f32>;    // [2][rows][sites]
@group(0) @binding(6) var<storage, read> ln_q: array<f32>;           // [2][rows][sites / 4]: parts of z z / 2 + ln |det dx/dz|
@group(0) @binding(17) var<storage, read_write> shares: array<f32>;  // [2][rows]

var<workgroup> excess: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups);
    let image = row + task.rows;
    // Workgroups behind the last row take part in the barrier alone.
    let fours = select(0u, task.sites / 4u, row < task.rows);
    var sum = 0.0;
    for (var part = lane; part < fours; part += LANES) {
        sum += ln_q[row * fours + part] - ln_q[image * fours + part];
    }
    excess[lane] = sum;
    workgroupBarrier();
    if row >= task.rows {
        return;
    }
    // ln q(-x) - ln q(x).
    var difference = 0.0;
    for (var other = 0u; other < LANES; other++) {
        difference += excess[other];
    }
    let e = exp_minus_abs(difference);
    let larger = 1.0 / (1.0 + e);
    let own = select(larger, e * larger, difference > 0.0);
    let of_image = select(e * larger, larger, difference > 0.0);
    for (var site = lane; site < task.sites; site += LANES) {
        let at = row * task.sites + site;
        let at_image = image * task.sites + site;
        if task.joins == 1u {
            score[at] = own * score[at] - of_image * score[at_image];
        } else {
            score[at] *= own;
            score[at_image] *= of_image;
        }
    }
    if lane == 0u {
        shares[row] = own;
        shares[image] = of_image;
    }
}
