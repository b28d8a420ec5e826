// Draws latent numbers: independent normal ones, each a pure function of what it is for. Twin of `fill` in `src/neuralrg/noise.rs`.
// Grid: ceil(rows * sites / 4 / LANES) workgroups of LANES lanes; the four numbers of a Philox counter each.
// Constants: LANES.

#include flow/task
#include lanes/dispatch
#include numbers/philox
#include numbers/normal

@group(0) @binding(0) var<uniform> task: FlowTask;
@group(0) @binding(4) var<storage, read_write> x: array<f32>; // [rows][sites]

// Sets these numbers apart from those of networks and machines of the same seed.
const TAG: u32 = 0x6e726721u;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * LANES + lane;
    let fours = task.sites / 4u;
    if at >= task.rows * fours {
        return;
    }
    let words = philox(task.key0, task.key1, vec4<u32>(task.first + at / fours, at % fours, task.step, TAG));
    let one = normal_pair(words.x, words.y);
    let two = normal_pair(words.z, words.w);
    x[4u * at] = one.x;
    x[4u * at + 1u] = one.y;
    x[4u * at + 2u] = two.x;
    x[4u * at + 3u] = two.y;
}
