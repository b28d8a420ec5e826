// ln q of all blocks of one level for given spins, with the same arithmetic as sample_level.
// Grid and bindings: see masked_block_{lane,tile} and masked_block_bindings. Spins are only read.

#include types
#include dispatch
#include activation
#include masked_block_bindings
#include spins
#include masked_block_$SHAPE

// Spins are given: nothing is drawn.
fn draw_numbers(site: u32) {}

fn own_spin(site: u32, net_logit: f32) -> f32 {
    let spin = f32(spins[spin_index(own.block, level.border + site, own.configuration)]);
    if fixes_gauge(site) {
        own.gauge = spin;
    }
    let logit = select(net_logit, 0.0, fixes_gauge(site));
    let x = own.gauge * spin;
    own.ln_q -= softplus(-x * logit);
    return x;
}
