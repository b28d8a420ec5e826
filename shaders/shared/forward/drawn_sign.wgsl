// Own spins that are drawn, for the forward pass. Needs masked_block_bindings and spins/spins.

// In [0, 1).
fn uniforms(words: RowWords) -> Rows {
    return Rows(words >> RowWords(8u)) * 0x1p-24f;
}

fn own_spin(site: u32, net_logit: Rows) -> Rows {
    let logit = select(net_logit, Rows(0.0), fixes_gauge(site));
    let e = exp_minus_abs_of(logit);
    var x = select(Rows(-1.0), Rows(1.0), uniforms(own_words(site)) < sigmoid_of(logit, e));
    add_ln_q(-softplus_of(-x * logit, e));
    if fixes_gauge(site) {
        own.gauge = x;
        x = Rows(1.0);
    }
    return x;
}

fn keep_spin(block: u32, configuration: u32, site: u32, spin: Rows) {
    spins[spin_index(block, level.border + site, configuration) / LANE_ROWS] = RowSpins(spin);
}
