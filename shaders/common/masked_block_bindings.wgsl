// What the forward pass of a masked net reads and leaves behind; rows are innermost: coalesced over lanes.

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read_write> spins: array<i32>;        // [site][batch]
@group(0) @binding(5) var<storage, read_write> inputs: array<u32>;       // [ceil(inputs / 32)][stride], after the gauge
@group(0) @binding(6) var<storage, read_write> hidden: array<Kept>;      // [DEPTH * units][stride], pre-activations
@group(0) @binding(7) var<storage, read_write> logits: array<f32>;       // [own][stride]
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block

#include inputs
#include net_parameters

// A row that a lane draws or reads spins for.
struct OwnRow {
    row: u32,
    block: u32,
    configuration: u32,
    stores: bool,            // not behind the last row: such lanes repeat that row, to share its loads, and leave no trace
    gauge: f32,
    ln_q: f32,
    word: u32,               // inputs from the last multiple of 32 on
    numbers: vec4<u32>,      // random, for four sites
}

var<private> own: OwnRow;

fn start_row(wanted: u32) {
    let row = min(wanted, level.rows - 1u);
    let stores = wanted < level.rows;
    own = OwnRow(row, row / level.batch, row % level.batch, stores, 1.0, 0.0, 0u, vec4<u32>(0u));
}

// Spins first..first + 32 of the border, at least one, bits set for -1, without the gauge.
fn border_word(block: u32, configuration: u32, first: u32) -> u32 {
    var word = 0u;
    var bit = 0u;
    loop {
        word |= select(0u, 1u << bit, spins[spin_index(block, first + bit, configuration)] < 0);
        bit++;
        if bit == 32u || first + bit >= level.border {
            break;
        }
    }
    return word;
}

// The gauge of a row whose border is kept: the sign of its magnetisation, on a tie its first spin. Turns the border.
fn turn_border() {
    let row = own.row;
    if level.gauge == 1u {
        var down = 0u;
        for (var first = 0u; first < level.border; first += 32u) {
            down += countOneBits(input_word(first, row));
        }
        let turned = 2u * down + (input_word(0u, row) & 1u) > level.border;
        own.gauge = select(1.0, -1.0, turned);
        for (var first = 0u; first < level.border; first += 32u) {
            if turned && own.stores {
                let border_bits = 0xffffffffu >> (32u - min(32u, level.border - first));
                inputs[first / 32u * level.stride + row] ^= border_bits;
            }
        }
    }
    if level.border % 32u > 0u {
        own.word = input_word(level.border, row);
    }
}

// Keeps the spin of a site that has just been fixed; sites come in order.
fn keep_input(source: u32, x: f32) {
    let earlier = select(own.word, 0u, source % 32u == 0u);
    own.word = earlier | select(0u, 1u << (source % 32u), x < 0.0);
    if own.stores {
        inputs[source / 32u * level.stride + own.row] = own.word;
    }
}

// Whether a site is the one whose spin fixes the gauge: its logit is 0 and the net always sees +1 there.
fn fixes_gauge(site: u32) -> bool {
    return site == 0u && level.gauge == 2u;
}

// A pre-activation as it is kept, f32 or f16: what later sites see of it is the same whoever looks.
fn as_kept(z: f32) -> f32 {
    return f32(Kept(z));
}
