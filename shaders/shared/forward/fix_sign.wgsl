// Fixes spins in masked_block_lane. Needs own_spin(site, logit) and keep_spin(block, configuration, site, spin) of the kernel.

// Fixes one site, at which the windows start.
fn fix(site: u32) {
    let source = level.border + site;
    push_units(0u, site);
    if DEPTH > 1u {
        push_units(1u, site);
    }
    if DEPTH > 2u {
        push_units(2u, site);
    }
    let logit = pre_logit[0];
    if own.stores {
        logits[site * own.stride + own.row] = logit;
    }
    let x = own_spin(site, logit);
    if own.stores {
        keep_spin(own.block, own.configuration, site, own.gauge * x);
    }
    keep_input(source, x);
    slide();
    push_to_hidden(0u, level.layers[0].weight + source * level.units + (source + 1u) * WIDTH, x);
    if level.skip.present != 0u {
        push_to_logits(level.skip.weight + source * level.own + site + 1u, x);
    }
}
