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
    for (var at = 0u; at < TILE * QUARTERS; at++) {
        sums[at] = 0.0;
    }
    // Sources that exist and that some target of this part sees, and the bias.
    let last_target = min(job.first_target + TILE, job.targets) - 1u;
    let needed = select(visible(job, last_target), job.sources + job.has_bias, job.has_bias != 0u)
        - min(job.first_source, job.sources);
    for (var row = slice * level.slice_rows; row < end_row; row++) {
        var errors: array<f32, QUARTERS>;
        for (var quarter = 0u; quarter < QUARTERS; quarter++) {
            errors[quarter] = target_value(job, first_target + 8u * quarter, slopes[quarter], row);
        }
        add_sources(0u, source_value(job, source, slope_0, row), errors);
        if needed > 8u {
            add_sources(8u, source_value(job, source + 8u, slope_1, row), errors);
        }
        if needed > 16u {
            add_sources(16u, source_value(job, source + 16u, slope_2, row), errors);
        }
        if needed > 24u {
            add_sources(24u, source_value(job, source + 24u, slope_3, row), errors);
        }
    }
    for (var s = 0u; s < TILE; s++) {
        for (var quarter = 0u; quarter < QUARTERS; quarter++) {
            let t = first_target + 8u * quarter;
            write_partial(job, slice, job.first_source + s, t, sums[s * QUARTERS + quarter]);
        }
    }
}
