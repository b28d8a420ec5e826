// 64 lanes share a job: a lane computes 4 x 4 of it. Rows go through workgroup memory CHUNK at a time.

#include rows_one
#include inputs

@group(0) @binding(6) var<storage, read> hidden: array<Kept>;            // [DEPTH * units][stride]
@group(0) @binding(7) var<storage, read> logits: array<f32>;             // [own][stride]: their gradient
@group(0) @binding(15) var<storage, read> error: array<f32>;             // [DEPTH * units][stride]

const CHUNK: u32 = 16u;
// Jobs are square.
const TILE: u32 = JOB_SOURCES;

var<workgroup> left: array<f32, CHUNK * TILE>;
var<workgroup> right: array<f32, CHUNK * TILE>;

fn target_of(job: Job, t: u32, row: u32) -> f32 {
    if job.target_kind == DEPTH {
        return logits[t * level.stride + row];
    }
    return error[(job.target_kind * level.units + t) * level.stride + row];
}

// The bias is a source behind the last one that is always 1.
fn source_of(job: Job, source: u32, row: u32) -> f32 {
    if source >= job.sources {
        return 1.0;
    }
    if job.source_kind == INPUTS {
        return times_spin(1.0, input_word(source, row), source);
    }
    let z = f32(hidden[((job.source_kind - 1u) * level.units + source) * level.stride + row]);
    return prelu(z, source_slope(job, source));
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
    let first_row = slice * level.slice_rows;
    let end_row = min(first_row + level.slice_rows, level.rows);
    let s0 = lane / 8u * 4u;
    let t0 = lane % 8u * 4u;
    var sums: array<vec4<f32>, 4>;
    for (var s = 0u; s < 4u; s++) {
        sums[s] = vec4<f32>(0.0);
    }
    for (var chunk = first_row; chunk < end_row; chunk += CHUNK) {
        workgroupBarrier();
        for (var at = lane; at < CHUNK * TILE; at += LANES) {
            let row = chunk + at % CHUNK;
            let unit = at / CHUNK;
            var source = 0.0;
            var error_value = 0.0;
            if row < end_row {
                let s = job.first_source + unit;
                let t = job.first_target + unit;
                source = source_of(job, s, row);
                if t < job.targets {
                    error_value = target_of(job, t, row);
                }
            }
            left[at % CHUNK * TILE + unit] = source;
            right[at % CHUNK * TILE + unit] = error_value;
        }
        workgroupBarrier();
        for (var k = 0u; k < CHUNK; k++) {
            let at = k * TILE + t0;
            let e = vec4<f32>(right[at], right[at + 1u], right[at + 2u], right[at + 3u]);
            for (var s = 0u; s < 4u; s++) {
                sums[s] += left[k * TILE + s0 + s] * e;
            }
        }
    }
    for (var t = 0u; t < 4u; t++) {
        let target_unit = job.first_target + t0 + t;
        let place = Place(slice, target_unit, visible_to(job, target_unit));
        for (var s = 0u; s < 4u; s++) {
            write_partial(job, place, job.first_source + s0 + s, sums[s][t]);
        }
    }
}
