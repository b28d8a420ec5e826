// What decides four sites of the four rows that a lane fixes: a word each.

#include numbers/philox

fn words_of_rows(block: u32, configuration: u32, site: u32) -> array<vec4<u32>, 4> {
    return array<vec4<u32>, 4>(
        site_words(step.seed, step.step, configuration, level.index, block, site),
        site_words(step.seed, step.step, configuration + 1u, level.index, block, site),
        site_words(step.seed, step.step, configuration + 2u, level.index, block, site),
        site_words(step.seed, step.step, configuration + 3u, level.index, block, site),
    );
}

// From site by site to row by row.
fn by_row(a: vec4<u32>, b: vec4<u32>, c: vec4<u32>, d: vec4<u32>) -> array<vec4<u32>, 4> {
    return array<vec4<u32>, 4>(
        vec4<u32>(a.x, b.x, c.x, d.x), vec4<u32>(a.y, b.y, c.y, d.y),
        vec4<u32>(a.z, b.z, c.z, d.z), vec4<u32>(a.w, b.w, c.w, d.w),
    );
}

// What decides one of the four sites at hand, a word for each row.
fn own_words(site: u32) -> vec4<u32> {
    return vec4<u32>(
        word_of(own.numbers[0], site), word_of(own.numbers[1], site),
        word_of(own.numbers[2], site), word_of(own.numbers[3], site),
    );
}
