// Draws all sites of configurations whose sites are all neighbours, one after the other, from the fields of those before them; keeps logits and writes ln q.
// Grid: ceil(batch / 4) workgroups of LANES lanes, four configurations each, whose sites are shared among the lanes: see pairs/pass.
// Invariant: a spin depends on (seed, step, configuration, level, site) and the spins before it only.
// Axes: head, fields, couplings.
// Constants: LANES, SITES, PER_LANE, LAYERS, TURNS.

#include layout/types
#include numbers/philox

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> spins: array<i32>;        // [site][batch]
@group(0) @binding(7) var<storage, read_write> logits: array<vec4<f32>>; // [site][stride / 4]
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block
@group(0) @binding(35) var<storage, read_write> corrections: array<vec4<f32>>; // [pair][stride / 4]
@group(0) @binding(32) var<storage, read> exact_logits: array<f32>;      // [site][number of spins up before it]

#include spins/spins
#include pairs/pass
#include pairs/head_$HEAD

// Random words of the four sites at hand, and the signs of all spins.
var<private> words: array<vec4<u32>, ROWS>;
var<private> gauge: vec4<i32> = vec4<i32>(1);

fn spins_of(site: u32, lane: u32, rows: vec4<u32>, logit: vec4<f32>) -> vec4<i32> {
    var drawn = vec4<i32>(1);
    for (var row = 0u; row < ROWS; row++) {
        if site % 4u == 0u {
            let configuration = step.first_configuration + rows[row];
            words[row] = site_words(step.seed, step.step, configuration, level.index, 0u, site);
        }
        let number = uniform_of(word_of(words[row], site));
        drawn[row] = select(-1, 1, number < sigmoid(logit[row], exp_minus_abs(logit[row])));
    }
    if site == 0u && level.gauge == FIRST_OWN {
        gauge = drawn;
        drawn = vec4<i32>(1);
    }
    if lane == 0u {
        // Rows beyond the last repeat it.
        for (var row = 0u; row < ROWS; row++) {
            spins[spin_index(0u, site, rows[row])] = drawn[row] * gauge[row];
        }
    }
    return drawn;
}
