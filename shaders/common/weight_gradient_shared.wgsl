// 8 lanes share a job: a lane has every 8th target. Sources are loaded by one lane each and handed to the others, see
// packet_shared; there is no workgroup memory and no barrier.

const QUARTERS: u32 = TILE / 8u;

// [source][quarter]: of target 8 * quarter + lane.
var<private> sums: array<f32, TILE * QUARTERS>;

// Adds sources first..first + 8. `first` is a constant wherever this is called: the sums are then found without an index.
fn add_sources(first: u32, own: f32, errors: array<f32, QUARTERS>) {
    var targets = errors;
    var sources = array<f32, 8>(
        subgroupBroadcast(own, 0u), subgroupBroadcast(own, 1u), subgroupBroadcast(own, 2u), subgroupBroadcast(own, 3u),
        subgroupBroadcast(own, 4u), subgroupBroadcast(own, 5u), subgroupBroadcast(own, 6u), subgroupBroadcast(own, 7u),
    );
    for (var s = 0u; s < 8u; s++) {
        for (var quarter = 0u; quarter < QUARTERS; quarter++) {
            sums[(first + s) * QUARTERS + quarter] += sources[s] * targets[quarter];
        }
    }
}

// Sums a slice of rows. The two kinds are constants wherever this is called: software adapters execute both sides of a
// branch, so there should be none within the loop.
fn sum_rows(job: Job, slice: u32, lane: u32, from_inputs: bool, to_logits: bool) {
    let end_row = min((slice + 1u) * level.slice_rows, level.rows);
    let source = job.first_source + lane;
    let first_target = job.first_target + lane;
    var slopes: array<f32, QUARTERS>;
    for (var quarter = 0u; quarter < QUARTERS; quarter++) {
        slopes[quarter] = target_slope(job, first_target + 8u * quarter);
    }
    let slope_0 = source_slope(job, source);
    let slope_1 = source_slope(job, source + 8u);
    let slope_2 = source_slope(job, source + 16u);
    let slope_3 = source_slope(job, source + 24u);
    for (var row = slice * level.slice_rows; row < end_row; row++) {
        var errors: array<f32, QUARTERS>;
        for (var quarter = 0u; quarter < QUARTERS; quarter++) {
            errors[quarter] = target_of(job, first_target + 8u * quarter, slopes[quarter], row, to_logits);
        }
        add_sources(0u, source_of(job, source, slope_0, row, from_inputs), errors);
        add_sources(8u, source_of(job, source + 8u, slope_1, row, from_inputs), errors);
        add_sources(16u, source_of(job, source + 16u, slope_2, row, from_inputs), errors);
        add_sources(24u, source_of(job, source + 24u, slope_3, row, from_inputs), errors);
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_index(group, groups);
    let slice = index % level.slices;
    if index / level.slices >= arrayLength(&jobs) {
        return;
    }
    let job = jobs[index / level.slices];
    for (var at = 0u; at < TILE * QUARTERS; at++) {
        sums[at] = 0.0;
    }
    let from_inputs = job.source_kind == INPUTS;
    let to_logits = job.target_kind == DEPTH;
    if from_inputs && to_logits {
        sum_rows(job, slice, lane, true, true);
    } else if from_inputs {
        sum_rows(job, slice, lane, true, false);
    } else if to_logits {
        sum_rows(job, slice, lane, false, true);
    } else {
        sum_rows(job, slice, lane, false, false);
    }
    for (var s = 0u; s < TILE; s++) {
        for (var quarter = 0u; quarter < QUARTERS; quarter++) {
            let t = job.first_target + lane + 8u * quarter;
            write_partial(job, slice, job.first_source + s, t, sums[s * QUARTERS + quarter]);
        }
    }
}
