// Random numbers of the row that a lane draws.

#include philox

fn words_of_rows(configuration: u32, site: u32) -> array<vec4<u32>, 1> {
    return array<vec4<u32>, 1>(site_words(step.seed, step.step, configuration, level.index, own.block, site));
}

// In [0, 1), for one of the four sites.
fn uniforms(of_four: u32) -> Rows {
    return uniform_of(own.numbers[0][of_four]);
}
