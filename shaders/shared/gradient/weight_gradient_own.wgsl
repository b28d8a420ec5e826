// 64 lanes share a job, as 8 by 8: a lane has every 8th source and every 8th target, SIDE of each. Rows come in quads and go
// through workgroup memory CHUNK quads at a time, so that a lane reads four rows at once.

#include rows/rows_four
#include spins/inputs_$ENCODING

@group(0) @binding(5) var<storage, read> inputs: array<RowWords>;        // [ceil(inputs / 32)][stride / 4]
@group(0) @binding(6) var<storage, read> hidden: array<KeptRows>;        // [DEPTH * units][stride / 4]
@group(0) @binding(7) var<storage, read> logits: array<Rows>;            // [own][stride / 4]: their gradient
@group(0) @binding(15) var<storage, read> error: array<Rows>;            // [DEPTH * units][stride / 4]

// Jobs are square.
const JOB: u32 = JOB_SOURCES;
const SIDE: u32 = JOB / 8u;
const CHUNK: u32 = 4u;
// [unit % 8][unit / 8, quad of rows]. The former is the lane's part, checked once; the latter is a constant where it is read. One quad
// is left free, so that lanes read from distinct banks.
alias Staged = array<array<Rows, SIDE * CHUNK + 1u>, 8>;

var<workgroup> sources: Staged;
var<workgroup> targets: Staged;

// [source][quad of targets]
var<private> sums: array<vec4<f32>, SIDE * (SIDE / 4u)>;

// The bias is a source behind the last one that is always 1.
fn source_of(job: Job, source: u32, quad: u32) -> Rows {
    if source >= job.sources {
        return Rows(1.0);
    }
    if job.source_kind == INPUTS {
        return times_spin(Rows(1.0), input_word(source, quad), source);
    }
    let z = Rows(hidden[((job.source_kind - 1u) * level.units + source) * (level.stride / 4u) + quad]);
    return select(source_slope(job, source) * z, z, z > Rows(0.0));
}

fn target_of(job: Job, t: u32, quad: u32) -> Rows {
    if t >= job.targets {
        return Rows(0.0);
    }
    if job.target_kind == DEPTH {
        return logits[t * (level.stride / 4u) + quad];
    }
    return error[(job.target_kind * level.units + t) * (level.stride / 4u) + quad];
}

// Stages quads first..first + CHUNK; rows behind `end_row` count nothing, whatever is there.
fn stage(job: Job, first: u32, end_row: u32, lane: u32) {
    for (var at = lane; at < CHUNK * JOB; at += LANES) {
        let unit = at / CHUNK;
        let quad = first + at % CHUNK;
        let counts = 4u * quad + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(end_row);
        let place = unit / 8u * CHUNK + at % CHUNK;
        // No quad behind the last one is read: what follows it belongs to another unit, or to nobody.
        let read = min(quad, (end_row - 1u) / 4u);
        sources[unit % 8u][place] = select(Rows(0.0), source_of(job, job.first_source + unit, read), counts);
        targets[unit % 8u][place] = select(Rows(0.0), target_of(job, job.first_target + unit, read), counts);
    }
}

// One row after the other, as in weight_gradient_shared: both give the same bits.
fn add(at: u32, source: Rows, rows: mat4x4<f32>) {
    sums[at] = sums[at] + source.x * rows[0];
    sums[at] = sums[at] + source.y * rows[1];
    sums[at] = sums[at] + source.z * rows[2];
    sums[at] = sums[at] + source.w * rows[3];
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
    let end_row = min(first_row + level.slice_rows, level.net_rows);
    let own_source = lane / 8u;
    let own_target = lane % 8u;
    for (var first = first_row / 4u; 4u * first < end_row; first += CHUNK) {
        workgroupBarrier();
        stage(job, first, end_row, lane);
        workgroupBarrier();
        for (var quad = 0u; quad < CHUNK; quad++) {
            for (var t = 0u; t < SIDE / 4u; t++) {
                let at = 4u * t * CHUNK + quad;
                let of_targets = mat4x4<f32>(
                    targets[own_target][at], targets[own_target][at + CHUNK],
                    targets[own_target][at + 2u * CHUNK], targets[own_target][at + 3u * CHUNK],
                );
                let rows = transpose(of_targets);
                for (var s = 0u; s < SIDE; s++) {
                    add(s * (SIDE / 4u) + t, sources[own_source][s * CHUNK + quad], rows);
                }
            }
        }
    }
    for (var t = 0u; t < SIDE; t++) {
        let target_unit = job.first_target + own_target + 8u * t;
        let place = Place(slice, target_unit, visible_to(job, target_unit));
        for (var s = 0u; s < SIDE; s++) {
            write_partial(job, place, job.first_source + own_source + 8u * s, sums[s * (SIDE / 4u) + t / 4u][t % 4u]);
        }
    }
}
