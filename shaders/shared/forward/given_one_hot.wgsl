// Own colours that are given, for the forward pass. Needs masked_block_bindings, spins/spins and fix_potts.

// Colours of own sites site..site + 4 of a block in LANE_ROWS configurations, which decide these sites. Past the last site, that one again.
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

fn own_colours(site: u32) -> RowWords {
    let colours = own_words(site);
    if fixes_gauge(site) {
        return colours;
    }
    return seen_colours(colours);
}

// Colours are where they were.
fn keep_colours(block: u32, configuration: u32, site: u32, colours: RowWords) {}
