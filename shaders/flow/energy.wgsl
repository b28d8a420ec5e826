// Energies E(x) = x Kt^-1 x / 2 - sum ln cosh x of the field dual to Ising spins, and the slopes from which flow/backward starts: a share of the gradient Kt^-1 x - tanh x, with the
// score of ln q where it is wanted. The product is one of eigenvalues in waves along both axes. Twin of `energy` in `src/neuralrg/dual.rs` and of `Waves`.
// Grid: as flow/generate; a lane has four sites of a configuration after the other.
// Constants: LANES.

#include flow/task

@group(0) @binding(0) var<uniform> task: FlowTask;
@group(0) @binding(4) var<storage, read> x: array<f32>;     // [rows][sites]
@group(0) @binding(5) var<storage, read> score: array<f32>; // [rows][sites]
@group(0) @binding(7) var<storage, read_write> slopes: array<f32>;   // [rows][sites]
@group(0) @binding(8) var<storage, read_write> turned: array<f32>;   // [rows][sites]: on the way, with rows and columns exchanged
@group(0) @binding(9) var<storage, read> waves: array<f32>;          // [side][side], symmetric
@group(0) @binding(10) var<storage, read> inverse: array<f32>;       // [side][side]: eigenvalues of Kt^-1
@group(0) @binding(11) var<storage, read_write> energies: array<f32>; // [rows][sites / 4]: parts of E

#include flow/rows
#include numbers/activation

// The amplitude of a wave in a row of sites of the configuration that starts at `begin`: `to` has the number of the wave and the row.
fn along_x(begin: u32, to: u32) -> f32 {
    var sum = 0.0;
    for (var site = 0u; site < task.side; site++) {
        sum += waves[to / task.side * task.side + site] * x[begin + to % task.side * task.side + site];
    }
    return sum;
}

fn along_turned(begin: u32, to: u32) -> f32 {
    var sum = 0.0;
    for (var site = 0u; site < task.side; site++) {
        sum += waves[to / task.side * task.side + site] * turned[begin + to % task.side * task.side + site];
    }
    return sum;
}

fn along_slopes(begin: u32, to: u32) -> f32 {
    var sum = 0.0;
    for (var site = 0u; site < task.side; site++) {
        sum += waves[to / task.side * task.side + site] * slopes[begin + to % task.side * task.side + site];
    }
    return sum;
}

// E of a site, given its row of Kt^-1 x; leaves the slope.
fn finish_site(at: u32, product: f32) -> f32 {
    let number = x[at];
    let e = exp_minus_abs(number + number);
    let size = (1.0 - e) / (1.0 + e);
    let gradient = product - select(size, -size, number < 0.0);
    slopes[at] = task.share * (task.of_energy * gradient + task.of_score * score[at]);
    return 0.5 * number * product - (abs(number) + ln_1p(e) - 0.6931472);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let rows = rows_of(group_index(group, groups));
    let sites = rows.count * task.sites;
    let start = rows.first * task.sites;
    for (var item = lane; item < sites; item += LANES) {
        turned[start + item] = along_x(start + item / task.sites * task.sites, item % task.sites);
    }
    storageBarrier();
    for (var item = lane; item < sites; item += LANES) {
        let wave = item % task.sites;
        slopes[start + item] = inverse[wave] * along_turned(start + item / task.sites * task.sites, wave);
    }
    storageBarrier();
    for (var item = lane; item < sites; item += LANES) {
        turned[start + item] = along_slopes(start + item / task.sites * task.sites, item % task.sites);
    }
    storageBarrier();
    let fours = task.sites / 4u;
    for (var item = lane; item < rows.count * fours; item += LANES) {
        let begin = start + item / fours * task.sites;
        var energy = 0.0;
        for (var corner = 0u; corner < 4u; corner++) {
            let site = 4u * (item % fours) + corner;
            energy += finish_site(begin + site, along_turned(begin, site));
        }
        energies[rows.first * fours + item] = energy;
    }
}
