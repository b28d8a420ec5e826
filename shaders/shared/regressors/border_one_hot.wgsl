// Order of the border's colours. Needs regressors.

var<private> counts: array<RowSpins, COLOURS>;

fn count_colours(block: u32, configuration: u32) {
    for (var c = 0u; c < COLOURS; c++) {
        counts[c] = RowSpins(0);
    }
    for (var local = 0u; local < level.border; local++) {
        let colours = spins[spin_index(block, local, configuration) / LANE_ROWS];
        for (var c = 0u; c < COLOURS; c++) {
            counts[c] += select(RowSpins(0), RowSpins(1), colours == RowSpins(i32(c)));
        }
    }
}

fn largest_count() -> RowSpins {
    var most = RowSpins(0);
    for (var c = 0u; c < COLOURS; c++) {
        most = max(most, counts[c]);
    }
    return most;
}

// q times the sites of the most frequent colour less all sites.
fn border_sum(row: u32) -> RowSpins {
    count_colours(row * LANE_ROWS / level.batch, row * LANE_ROWS % level.batch);
    return i32(COLOURS) * largest_count() - RowSpins(i32(level.border));
}

// -1 where colour 0 is not the most frequent one. To be called behind border_sum.
fn border_sign(block: u32, configuration: u32, row: u32) -> Rows {
    return select(Rows(-1.0), Rows(1.0), counts[0] == largest_count());
}
