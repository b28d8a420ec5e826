// What decides four sites of the row that a lane fixes: a word each.

#include numbers/philox

fn words_of_rows(block: u32, configuration: u32, site: u32) -> array<vec4<u32>, 1> {
    return array<vec4<u32>, 1>(site_words(step.seed, step.step, configuration, level.index, block, site));
}

// From site by site to row by row.
fn by_row(a: u32, b: u32, c: u32, d: u32) -> array<vec4<u32>, 1> {
    return array<vec4<u32>, 1>(vec4<u32>(a, b, c, d));
}

// What decides one of the four sites at hand, a word for each row.
fn own_words(site: u32) -> u32 {
    return word_of(own.numbers[0], site);
}
