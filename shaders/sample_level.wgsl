// Draws all blocks of one level from its masked net, in one dispatch; keeps inputs, pre-activations and logits for the
// backward pass and writes ln q per block.
// Grid and bindings: see masked_block_{lane,tile} and masked_block_bindings.
// Invariant: a spin depends on (seed, step, configuration, level, block, site) and its predecessors only.

#include types
#include dispatch
#include philox
#include activation
#include masked_block_bindings
#include spins
#include masked_block_$SHAPE

// Random words for own sites site..site + 4; `site` is a multiple of 4.
fn draw_numbers(site: u32) {
    let configuration = step.first_configuration + own.configuration;
    own.numbers = site_words(step.seed, step.step, configuration, level.index, own.block, site);
}

fn own_spin(site: u32, net_logit: f32) -> f32 {
    let logit = select(net_logit, 0.0, fixes_gauge(site));
    var x = select(-1.0, 1.0, uniform_of(own.numbers[site % 4u]) < sigmoid(logit));
    own.ln_q -= softplus(-x * logit);
    if fixes_gauge(site) {
        own.gauge = x;
        x = 1.0;
    }
    if own.stores {
        spins[spin_index(own.block, level.border + site, own.configuration)] = i32(own.gauge * x);
    }
    return x;
}
