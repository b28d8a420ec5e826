// 8 lanes share a job, for software adapters: a lane has every 8th target. Sources are loaded by one lane each and handed to
// the others, see packet_shared; spins come as words. There is no workgroup memory and no barrier.
// Such adapters load and store lane by lane and mask every sum within a loop: so ROWS rows go into a sum at a time, and jobs
// are no larger than the net needs, a multiple of 8 sources and of 8 targets.

const ROWS: u32 = 4u;
const SOURCE_PACKETS: u32 = JOB_SOURCES / 8u;
const PACKETS: u32 = max(JOB_UNITS, JOB_LOGITS) / 8u;

// [source][packet of targets]
var<private> sums: array<f32, JOB_SOURCES * PACKETS>;
// [packet of targets][row]
var<private> targets: array<f32, PACKETS * ROWS>;
// [row]: spins of the job's sources, as `inputs` has them.
var<private> words: array<u32, ROWS>;

// Inputs first..first + 32 of a row; behind the last one +1, which is what a bias sees.
fn input_window(first: u32, row: u32) -> u32 {
    let last = (level.inputs + 31u) / 32u - 1u;
    let word = first / 32u;
    let low = inputs[min(word, last) * level.rows + row];
    let high = inputs[min(word + 1u, last) * level.rows + row];
    let shift = first % 32u;
    let from_low = select(0u, low >> shift, word <= last);
    return from_low | select(0u, high << (32u - shift), shift > 0u && word + 1u <= last);
}

// One after the other, as in weight_gradient_own: both give the same bits.
fn add(source: u32, packet: u32, products: vec4<f32>) {
    let at = source * PACKETS + packet;
    sums[at] = sums[at] + products.x + products.y + products.z + products.w;
}

// Adds the products of 8 spins. `first` is a constant wherever this is called: sums are then found without an index.
fn add_spins(first: u32, packets: u32) {
    for (var s = 0u; s < 8u; s++) {
        for (var p = 0u; p < packets; p++) {
            let at = p * ROWS;
            let source = first + s;
            add(source, p, vec4<f32>(
                times_spin(targets[at], words[0], source), times_spin(targets[at + 1u], words[1], source),
                times_spin(targets[at + 2u], words[2], source), times_spin(targets[at + 3u], words[3], source),
            ));
        }
    }
}

// The same for the activations that this lane and 7 others have, of ROWS rows.
fn add_activations(first: u32, packets: u32, own: vec4<f32>) {
    add_activation(first, packets, subgroupBroadcast(own, 0u));
    add_activation(first + 1u, packets, subgroupBroadcast(own, 1u));
    add_activation(first + 2u, packets, subgroupBroadcast(own, 2u));
    add_activation(first + 3u, packets, subgroupBroadcast(own, 3u));
    add_activation(first + 4u, packets, subgroupBroadcast(own, 4u));
    add_activation(first + 5u, packets, subgroupBroadcast(own, 5u));
    add_activation(first + 6u, packets, subgroupBroadcast(own, 6u));
    add_activation(first + 7u, packets, subgroupBroadcast(own, 7u));
}

fn add_activation(source: u32, packets: u32, x: vec4<f32>) {
    for (var p = 0u; p < packets; p++) {
        let at = p * ROWS;
        add(source, p, x * vec4<f32>(targets[at], targets[at + 1u], targets[at + 2u], targets[at + 3u]));
    }
}

// A hidden unit, or the bias.
struct Source {
    start: u32,          // in `hidden`
    slope: f32,
    is_bias: bool,
}

fn source_of(job: Job, index: u32) -> Source {
    let source = min(index, job.sources - 1u);
    let start = ((job.source_kind - 1u) * level.units + source) * level.rows;
    return Source(start, source_slope(job, source), index == job.sources);
}

// Activations of a source in rows row..row + ROWS; that of a bias is 1.
fn activations(source: Source, row: u32, last: u32) -> vec4<f32> {
    let z = vec4<f32>(
        f32(hidden[source.start + row]), f32(hidden[source.start + min(row + 1u, last)]),
        f32(hidden[source.start + min(row + 2u, last)]), f32(hidden[source.start + min(row + 3u, last)]),
    );
    return select(select(source.slope * z, z, z > vec4<f32>(0.0)), vec4<f32>(1.0), source.is_bias);
}

// Loads the targets of ROWS rows, 0 past the last row.
fn load_targets(job: Job, packets: u32, lane: u32, row: u32, last: u32, to_logits: bool) {
    for (var p = 0u; p < packets; p++) {
        let t = min(job.first_target + 8u * p + lane, job.targets - 1u);
        for (var r = 0u; r < ROWS; r++) {
            let value = target_of(job, t, min(row + r, last), to_logits);
            targets[p * ROWS + r] = select(0.0, value, row + r <= last);
        }
    }
}

// Sums a slice of rows. The last three are constants wherever this is called: software adapters execute both sides of a
// branch, so there should be none within the loop.
fn sum_rows(job: Job, slice: u32, lane: u32, packets: u32, from_inputs: bool, to_logits: bool) {
    let last = min((slice + 1u) * level.slice_rows, level.rows) - 1u;
    var sources: array<Source, SOURCE_PACKETS>;
    if !from_inputs {
        for (var p = 0u; p < SOURCE_PACKETS; p++) {
            sources[p] = source_of(job, job.first_source + 8u * p + lane);
        }
    }
    for (var row = slice * level.slice_rows; row <= last; row += ROWS) {
        load_targets(job, packets, lane, row, last, to_logits);
        if from_inputs {
            let window = input_window(job.first_source, min(row + lane, last));
            words = array<u32, ROWS>(
                subgroupBroadcast(window, 0u), subgroupBroadcast(window, 1u),
                subgroupBroadcast(window, 2u), subgroupBroadcast(window, 3u),
            );
            for (var p = 0u; p < SOURCE_PACKETS; p++) {
                add_spins(8u * p, packets);
            }
        } else {
            for (var p = 0u; p < SOURCE_PACKETS; p++) {
                add_activations(8u * p, packets, activations(sources[p], row, last));
            }
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
    for (var at = 0u; at < JOB_SOURCES * PACKETS; at++) {
        sums[at] = 0.0;
    }
    let from_inputs = job.source_kind == INPUTS;
    let to_logits = job.target_kind == DEPTH;
    if to_logits {
        if from_inputs {
            if SKIP == 1u {
                sum_rows(job, slice, lane, JOB_LOGITS / 8u, true, true);
            }
        } else {
            sum_rows(job, slice, lane, JOB_LOGITS / 8u, false, true);
        }
    } else if from_inputs {
        sum_rows(job, slice, lane, JOB_UNITS / 8u, true, false);
    } else if DEPTH > 1u {
        sum_rows(job, slice, lane, JOB_UNITS / 8u, false, false);
    }
    let packets = select(JOB_UNITS, JOB_LOGITS, to_logits) / 8u;
    for (var s = 0u; s < JOB_SOURCES; s++) {
        for (var p = 0u; p < PACKETS; p++) {
            let t = job.first_target + lane + 8u * p;
            if p < packets {
                write_partial(job, slice, job.first_source + s, t, sums[s * PACKETS + p]);
            }
        }
    }
}
