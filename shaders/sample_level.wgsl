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

fn own_spin(site: u32, net_logit: f32) -> f32 {
    let logit = select(net_logit, 0.0, fixes_gauge(site));
    let configuration = step.first_configuration + own_configuration;
    let number = uniform_number(step.seed, step.step, configuration, level.index, own_block, site);
    var x = select(-1.0, 1.0, number < sigmoid(logit));
    own_ln_q -= softplus(-x * logit);
    if fixes_gauge(site) {
        own_gauge = x;
        x = 1.0;
    }
    spins[spin_index(own_block, level.border + site, own_configuration)] = i32(own_gauge * x);
    return x;
}
