// ln q of all blocks of one level for given spins, with the same arithmetic as sample_level.
// Grid and bindings: see masked_block_{lane,tile} and masked_block_bindings. Spins are only read.

#include types
#include dispatch
#include masked_block_bindings
#include spins
#include masked_block_$SHAPE

// Spins are given: nothing is drawn.
fn draw_numbers(site: u32) {}

fn own_spin(site: u32, net_logit: Rows) -> Rows {
    let spin = Rows(spins[own_spin_at(site)]);
    if fixes_gauge(site) {
        own.gauge = spin;
    }
    let logit = select(net_logit, Rows(0.0), fixes_gauge(site));
    let x = own.gauge * spin;
    own.ln_q -= softplus_of(-x * logit);
    return x;
}
