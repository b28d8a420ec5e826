// 8 lanes share a job, for software adapters: a lane has every 8th target. Sources are loaded by one lane each and handed to
// the others, see packet_shared; spins come as words. There is no workgroup memory and no barrier.
// Such adapters load lane by lane, four numbers nearly as fast as one, and mask every sum within a loop: so rows come in quads,
// two of them go into a sum at a time, and jobs are no larger than the net needs, a multiple of 8 sources and of 8 targets
// up to 32. Packets are written out: an index that is left after unrolling would keep all sums in memory.

@group(0) @binding(5) var<storage, read> inputs: array<u32>;             // [ceil(inputs / 32)][stride]
// These in quads of rows.
@group(0) @binding(6) var<storage, read> hidden: array<vec4<Kept>>;      // [DEPTH * units][stride / 4]
@group(0) @binding(7) var<storage, read> logits: array<vec4<f32>>;       // [own][stride / 4]: their gradient
@group(0) @binding(15) var<storage, read> error: array<vec4<f32>>;       // [DEPTH * units][stride / 4]

const QUADS: u32 = 2u;
const SOURCE_PACKETS: u32 = JOB_SOURCES / 8u;
const PACKETS: u32 = max(JOB_UNITS, JOB_LOGITS) / 8u;

// [source][packet of targets]
var<private> sums: array<f32, JOB_SOURCES * PACKETS>;
// [packet of targets][quad of rows]
var<private> targets: array<vec4<f32>, PACKETS * QUADS>;
// Spins of the job's sources, as `inputs` has them.
var<private> words: array<vec4<u32>, QUADS>;

#include gradient/input_window_$ENCODING

// Hands the windows of eight rows, one from each lane, to all lanes.
fn share_words(window: u32) {
    words[0] = vec4<u32>(
        subgroupBroadcast(window, 0u), subgroupBroadcast(window, 1u),
        subgroupBroadcast(window, 2u), subgroupBroadcast(window, 3u),
    );
    words[1] = vec4<u32>(
        subgroupBroadcast(window, 4u), subgroupBroadcast(window, 5u),
        subgroupBroadcast(window, 6u), subgroupBroadcast(window, 7u),
    );
}

// One after the other, as in weight_gradient_own: both give the same bits.
fn add(source: u32, packet: u32, products: vec4<f32>) {
    let at = source * PACKETS + packet;
    sums[at] = sums[at] + products.x + products.y + products.z + products.w;
}

// Adds the products of 8 spins. `first` is a constant wherever this is called: sums are then found without an index.
fn add_spins(first: u32, packets: u32) {
    add_spin(first, packets);
    add_spin(first + 1u, packets);
    add_spin(first + 2u, packets);
    add_spin(first + 3u, packets);
    add_spin(first + 4u, packets);
    add_spin(first + 5u, packets);
    add_spin(first + 6u, packets);
    add_spin(first + 7u, packets);
}

#include gradient/add_spin_$ENCODING

// The same for the activations that this lane and 7 others have.
fn add_activations(first: u32, packets: u32, source: Source, quads: array<u32, QUADS>) {
    let own = array<vec4<f32>, QUADS>(activations(source, quads[0]), activations(source, quads[1]));
    add_activation(first, packets, subgroupBroadcast(own[0], 0u), subgroupBroadcast(own[1], 0u));
    add_activation(first + 1u, packets, subgroupBroadcast(own[0], 1u), subgroupBroadcast(own[1], 1u));
    add_activation(first + 2u, packets, subgroupBroadcast(own[0], 2u), subgroupBroadcast(own[1], 2u));
    add_activation(first + 3u, packets, subgroupBroadcast(own[0], 3u), subgroupBroadcast(own[1], 3u));
    add_activation(first + 4u, packets, subgroupBroadcast(own[0], 4u), subgroupBroadcast(own[1], 4u));
    add_activation(first + 5u, packets, subgroupBroadcast(own[0], 5u), subgroupBroadcast(own[1], 5u));
    add_activation(first + 6u, packets, subgroupBroadcast(own[0], 6u), subgroupBroadcast(own[1], 6u));
    add_activation(first + 7u, packets, subgroupBroadcast(own[0], 7u), subgroupBroadcast(own[1], 7u));
}

fn add_activation(source: u32, packets: u32, first: vec4<f32>, second: vec4<f32>) {
    for (var p = 0u; p < packets; p++) {
        add(source, p, first * targets[p * QUADS]);
        add(source, p, second * targets[p * QUADS + 1u]);
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
    let start = ((job.source_kind - 1u) * level.units + source) * (level.stride / 4u);
    return Source(start, source_slope(job, source), index == job.sources);
}

// Activations of a source in a quad of rows; that of a bias is 1.
fn activations(source: Source, quad: u32) -> vec4<f32> {
    let z = vec4<f32>(hidden[source.start + quad]);
    return select(select(source.slope * z, z, z > vec4<f32>(0.0)), vec4<f32>(1.0), source.is_bias);
}

// Where a lane's targets start in `error` or `logits`, in quads.
fn target_start(job: Job, packet: u32, lane: u32, to_logits: bool) -> u32 {
    let unit = min(job.first_target + 8u * packet + lane, job.targets - 1u);
    return (select(job.target_kind * level.units, 0u, to_logits) + unit) * (level.stride / 4u);
}

// Sums a slice of rows. The last three are constants wherever this is called: software adapters execute both sides of a
// branch, so there should be none within the loop.
fn sum_rows(job: Job, slice: u32, lane: u32, packets: u32, from_inputs: bool, to_logits: bool) {
    let last = min((slice + 1u) * level.slice_rows, level.net_rows) - 1u;
    var starts: array<u32, PACKETS>;
    for (var p = 0u; p < packets; p++) {
        starts[p] = target_start(job, p, lane, to_logits);
    }
    var sources: array<Source, SOURCE_PACKETS>;
    if !from_inputs {
        for (var p = 0u; p < SOURCE_PACKETS; p++) {
            sources[p] = source_of(job, job.first_source + 8u * p + lane);
        }
    }
    var row = slice * level.slice_rows;
    loop {
        // Rows past the last one count 0.
        var quads: array<u32, QUADS>;
        for (var q = 0u; q < QUADS; q++) {
            quads[q] = min(row / 4u + q, last / 4u);
            let counts = row + 4u * q + vec4<u32>(0u, 1u, 2u, 3u) <= vec4<u32>(last);
            for (var p = 0u; p < packets; p++) {
                let at = starts[p] + quads[q];
                var errors: vec4<f32>;
                if to_logits {
                    errors = logits[at];
                } else {
                    errors = error[at];
                }
                targets[p * QUADS + q] = select(vec4<f32>(0.0), errors, counts);
            }
        }
        if from_inputs {
            share_words(input_window(job.first_source, min(row + lane, last)));
            add_spins(0u, packets);
            if JOB_SOURCES > 8u {
                add_spins(8u, packets);
            }
            if JOB_SOURCES > 16u {
                add_spins(16u, packets);
            }
            if JOB_SOURCES > 24u {
                add_spins(24u, packets);
            }
        } else {
            add_activations(0u, packets, sources[0], quads);
            if JOB_SOURCES > 8u {
                add_activations(8u, packets, sources[min(1u, SOURCE_PACKETS - 1u)], quads);
            }
            if JOB_SOURCES > 16u {
                add_activations(16u, packets, sources[min(2u, SOURCE_PACKETS - 1u)], quads);
            }
            if JOB_SOURCES > 24u {
                add_activations(24u, packets, sources[min(3u, SOURCE_PACKETS - 1u)], quads);
            }
        }
        row += 4u * QUADS;
        if row > last {
            break;
        }
    }
    write_packet(job, slice, lane, 0u);
    if packets > 1u {
        write_packet(job, slice, lane, 1u);
    }
    if packets > 2u {
        write_packet(job, slice, lane, 2u);
    }
    if packets > 3u {
        write_packet(job, slice, lane, 3u);
    }
}

// Writes the sums of a packet of targets.
fn write_packet(job: Job, slice: u32, lane: u32, packet: u32) {
    let target_unit = job.first_target + 8u * packet + lane;
    let place = Place(slice, target_unit, visible_to(job, target_unit));
    write_sums(job, place, packet, 0u);
    if JOB_SOURCES > 8u {
        write_sums(job, place, packet, 8u);
    }
    if JOB_SOURCES > 16u {
        write_sums(job, place, packet, 16u);
    }
    if JOB_SOURCES > 24u {
        write_sums(job, place, packet, 24u);
    }
}

fn write_sums(job: Job, place: Place, packet: u32, first: u32) {
    for (var s = 0u; s < 8u; s++) {
        let at = min(first + s, JOB_SOURCES - 1u) * PACKETS + min(packet, PACKETS - 1u);
        write_partial(job, place, job.first_source + first + s, sums[at]);
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
}
