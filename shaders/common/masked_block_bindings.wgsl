// What the forward pass of a masked net reads and leaves behind; rows are innermost: coalesced over lanes.

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;         // of this level
@group(0) @binding(4) var<storage, read_write> spins: array<i32>;        // [site][batch]
@group(0) @binding(5) var<storage, read_write> inputs: array<f32>;       // [inputs][rows], after the gauge
@group(0) @binding(6) var<storage, read_write> hidden: array<Kept>;      // [DEPTH * units][rows], pre-activations
@group(0) @binding(7) var<storage, read_write> logits: array<f32>;       // [own][rows]
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block

// The row that this lane draws or reads spins for.
var<private> own_row: u32;
var<private> own_block: u32;
var<private> own_configuration: u32;
var<private> own_gauge: f32;
var<private> own_ln_q: f32;

fn start_row(row: u32) {
    own_row = row;
    own_block = row / level.batch;
    own_configuration = row % level.batch;
    own_gauge = 1.0;
    own_ln_q = 0.0;
}

// Sign of the border's magnetisation; on a tie its first spin.
fn find_border_gauge() {
    if level.gauge == 1u {
        let sum = border_sum(own_block, own_configuration);
        let first = spins[spin_index(own_block, 0u, own_configuration)];
        own_gauge = f32(sign(select(sum, first, sum == 0)));
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

fn activation(layer: u32, unit: u32, row: u32) -> f32 {
    let z = f32(hidden[(layer * level.units + unit) * level.rows + row]);
    return prelu(z, parameters[level.layers[layer].slope + unit]);
}
