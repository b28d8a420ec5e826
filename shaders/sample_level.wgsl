// Draws all blocks of one level from its masked net, in one dispatch; keeps inputs, pre-activations and logits for the
// backward pass and writes ln q per block.
// Grid and bindings: see masked_block_{lane,tile} and masked_block_bindings.
// Invariant: a spin depends on (seed, step, configuration, level, block, site) and its predecessors only.

#include types
#include dispatch
#include masked_block_bindings
#include site_words_$ROWS
#include spins
#include masked_block_$SHAPE

// Random words for own sites site..site + 4; `site` is a multiple of 4.
fn draw_numbers(site: u32) {
    own.numbers = words_of_rows(step.first_configuration + own.configuration, site);
}

fn own_spin(site: u32, net_logit: Rows) -> Rows {
    let logit = select(net_logit, Rows(0.0), fixes_gauge(site));
    var x = select(Rows(-1.0), Rows(1.0), uniforms(site % 4u) < sigmoid_of(logit));
    own.ln_q -= softplus_of(-x * logit);
    if fixes_gauge(site) {
        own.gauge = x;
        x = Rows(1.0);
    }
    if own.stores {
        spins[own_spin_at(site)] = RowSpins(own.gauge * x);
    }
    return x;
}
