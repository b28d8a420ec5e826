// Own colours that are drawn, for the forward pass. Needs masked_block_bindings, spins/spins and fix_potts.

// In [0, 1).
fn uniforms(words: RowWords) -> Rows {
    return Rows(words >> RowWords(8u)) * 0x1p-24f;
}

// The colour at which the sum of probabilities from colour 0 on passes a number.
fn own_colours(site: u32) -> RowWords {
    let numbers = uniforms(own_words(site)) * sum;
    var colours = RowWords(0u);
    var so_far = Rows(0.0);
    for (var c = 0u; c + 1u < COLOURS; c++) {
        so_far += exp_minus_abs_of(site_logits[c] - largest);
        colours += select(RowWords(0u), RowWords(1u), numbers >= so_far);
    }
    return colours;
}

fn keep_colours(block: u32, configuration: u32, site: u32, colours: RowWords) {
    spins[spin_index(block, level.border + site, configuration) / LANE_ROWS] = RowSpins(colours);
}
