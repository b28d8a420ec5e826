// ln q of given configurations whose sites are all neighbours, with the same arithmetic as sample_pairs; keeps logits.
// Grid: ceil(batch / 4) workgroups of LANES lanes, four configurations each, whose sites are shared among the lanes: see pairs/pass.
// Axes: head, fields, couplings.
// Constants: LANES, SITES, PER_LANE, LAYERS, TURNS.

#include layout/types

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;
@group(0) @binding(4) var<storage, read> spins: array<i32>;              // [site][batch]
@group(0) @binding(7) var<storage, read_write> logits: array<vec4<f32>>; // [site][stride / 4]
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block
@group(0) @binding(35) var<storage, read_write> corrections: array<vec4<f32>>; // [pair][stride / 4]
@group(0) @binding(32) var<storage, read> exact_logits: array<f32>;      // [site][number of spins up before it]

#include spins/spins
#include pairs/pass
#include pairs/head_$HEAD

var<private> gauge: vec4<i32> = vec4<i32>(1);

fn spins_of(site: u32, lane: u32, rows: vec4<u32>, logit: vec4<f32>) -> vec4<i32> {
    var given = vec4<i32>(0);
    for (var row = 0u; row < ROWS; row++) {
        given[row] = spins[spin_index(0u, site, rows[row])];
    }
    if site == 0u && level.gauge == FIRST_OWN {
        gauge = given;
    }
    return given * gauge;
}
