// What the forward pass of a masked net reads and leaves behind; rows are innermost: coalesced over lanes.
// Needs first_of_rows() and end_of_rows() of the kernel, between which its rows lie, and image_sign(block, configuration), by which spins
// are multiplied where the net is mixed with its mirror image.

#include rows/rows_$ROWS
#include rows/rows_spread

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read_write> spins: array<RowSpins>;   // [site][batch / LANE_ROWS]
@group(0) @binding(5) var<storage, read_write> inputs: array<RowWords>;  // [ceil(inputs / 32)][stride / LANE_ROWS], after the gauge: see spins/inputs_{sign,one_hot,shared}
@group(0) @binding(6) var<storage, read_write> hidden: array<KeptRows>;  // [DEPTH * units][stride / LANE_ROWS], pre-activations
@group(0) @binding(7) var<storage, read_write> logits: array<Rows>;      // [own][stride / LANE_ROWS]
@group(0) @binding(8) var<storage, read_write> ln_q: array<Rows>;        // per block

#include spins/inputs_$ENCODING
#include weights/net_parameters_$PARTS

// The rows that a lane draws or reads spins for: LANE_ROWS neighbouring configurations of one block. Rows and strides count in
// LANE_ROWS.
struct OwnRows {
    row: u32,
    stride: u32,
    block: u32,
    configuration: u32,      // the first
    stores: bool,            // not behind the last row: such lanes look at that row, to share its loads, and leave no trace
    gauge: Rows,             // the sign that turns them; of Potts spins the colour that the net sees as colour 0, counted from 1
    ln_q: Rows,              // of the sites so far: multiples of 2^-12, whose sum is exact up to 4096,
    ln_q_rest: Rows,         // and the rests, so small that many sites leave them their digits
    words: RowWords,         // inputs from the last multiple of 32 on
    fixed: u32,              // inputs up to here are
    numbers: array<vec4<u32>, LANE_ROWS>, // what decides four sites: see the kernel's site_numbers
}

var<private> own: OwnRows;

#include forward/own_rows_$ENCODING

#include forward/border_$ENCODING

fn add_ln_q(of_site: Rows) {
    let coarse = floor(of_site * 0x1p12f) * 0x1p-12f;
    own.ln_q += coarse;
    own.ln_q_rest += of_site - coarse;
}

// ln q of all sites; infinite where a driver has ended loops before the last one, so that nobody takes it for a result.
fn complete_ln_q() -> Rows {
    let number = spread_of(own.block, step.first_configuration + own.configuration);
    return sum_up_or_down(own.ln_q, own.ln_q_rest, number) / select(0.0, 1.0, own.fixed == level.inputs);
}

// Whether a site is the one whose spin fixes the gauge: its logit is 0 and the net always sees +1 there.
fn fixes_gauge(site: u32) -> bool {
    return site == 0u && level.gauge == 2u;
}

// Pre-activations as they are kept, f32 or f16: what later sites see of them is the same whoever looks.
fn as_kept(z: Rows) -> Rows {
    return Rows(KeptRows(z));
}

fn activation_of(z: Rows, slope: f32) -> Rows {
    return select(slope * z, z, z > Rows(0.0));
}
