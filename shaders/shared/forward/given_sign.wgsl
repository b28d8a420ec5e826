// Own spins that are given, for the forward pass. Needs masked_block_bindings and spins/spins.

// Spins of own sites site..site + 4 of a block in LANE_ROWS configurations, which decide these sites. Past the last site, that one again.
fn site_numbers(block: u32, configuration: u32, site: u32) -> array<vec4<u32>, LANE_ROWS> {
    return by_row(
        spin_words(block, configuration, site), spin_words(block, configuration, site + 1u),
        spin_words(block, configuration, site + 2u), spin_words(block, configuration, site + 3u),
    );
}

fn spin_words(block: u32, configuration: u32, site: u32) -> RowWords {
    let local = level.border + min(site, level.own - 1u);
    return RowWords(spins[spin_index(block, local, configuration) / LANE_ROWS]);
}

fn own_spin(site: u32, net_logit: Rows) -> Rows {
    let spin = Rows(RowSpins(own_words(site)));
    if fixes_gauge(site) {
        own.gauge = spin;
    }
    let logit = select(net_logit, Rows(0.0), fixes_gauge(site));
    let x = own.gauge * spin;
    add_ln_q(-softplus_of(-x * logit, exp_minus_abs_of(logit)));
    return x;
}

// Spins are where they were.
fn keep_spin(block: u32, configuration: u32, site: u32, spin: Rows) {}
