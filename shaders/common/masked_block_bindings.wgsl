// What the forward pass of a masked net reads and leaves behind; rows are innermost: coalesced over lanes.

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;         // of this level
@group(0) @binding(4) var<storage, read_write> spins: array<i32>;        // [site][batch]
@group(0) @binding(5) var<storage, read_write> inputs: array<u32>;       // [ceil(inputs / 32)][rows], after the gauge
@group(0) @binding(6) var<storage, read_write> hidden: array<Kept>;      // [DEPTH * units][rows], pre-activations
@group(0) @binding(7) var<storage, read_write> logits: array<f32>;       // [own][rows]
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block

#include inputs

// The row that this lane draws or reads spins for.
var<private> own_row: u32;
var<private> own_block: u32;
var<private> own_configuration: u32;
var<private> own_gauge: f32;
var<private> own_ln_q: f32;
var<private> own_word: u32;  // the inputs from the last multiple of 32 on

fn start_row(row: u32) {
    own_row = row;
    own_block = row / level.batch;
    own_configuration = row % level.batch;
    own_gauge = 1.0;
    own_ln_q = 0.0;
}

// Spins first..first + 32 of the border, bits set for -1, without the gauge.
fn border_word(block: u32, configuration: u32, first: u32) -> u32 {
    var word = 0u;
    for (var bit = 0u; bit < min(32u, level.border - first); bit++) {
        word |= select(0u, 1u << bit, spins[spin_index(block, first + bit, configuration)] < 0);
    }
    return word;
}

// The gauge of a row whose border is kept: the sign of its magnetisation, on a tie its first spin. Turns the border.
fn turn_border(row: u32) {
    if level.gauge == 1u {
        var down = 0u;
        for (var first = 0u; first < level.border; first += 32u) {
            down += countOneBits(input_word(first, row));
        }
        let turned = 2u * down + (input_word(0u, row) & 1u) > level.border;
        own_gauge = select(1.0, -1.0, turned);
        for (var first = 0u; first < level.border; first += 32u) {
            let border_bits = 0xffffffffu >> (32u - min(32u, level.border - first));
            inputs[first / 32u * level.rows + row] ^= select(0u, border_bits, turned);
        }
    }
    if level.border % 32u > 0u {
        own_word = input_word(level.border, row);
    }
}

// Keeps the spin of a site that has just been fixed; sites come in order.
fn keep_input(source: u32, row: u32, x: f32) {
    own_word = select(own_word, 0u, source % 32u == 0u) | select(0u, 1u << (source % 32u), x < 0.0);
    inputs[source / 32u * level.rows + row] = own_word;
}

// Whether a site is the one whose spin fixes the gauge: its logit is 0 and the net always sees +1 there.
fn fixes_gauge(site: u32) -> bool {
    return site == 0u && level.gauge == 2u;
}

// A pre-activation as it is kept, f32 or f16: what later sites see of it is the same whoever looks.
fn as_kept(z: f32) -> f32 {
    return f32(Kept(z));
}

fn activation(layer: u32, unit: u32, row: u32) -> f32 {
    let z = f32(hidden[(layer * level.units + unit) * level.rows + row]);
    return prelu(z, parameters[level.layers[layer].slope + unit]);
}
