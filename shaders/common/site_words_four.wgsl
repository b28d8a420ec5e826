// Random numbers of the four rows that a lane draws.

#include philox

fn words_of_rows(configuration: u32, site: u32) -> array<vec4<u32>, 4> {
    return array<vec4<u32>, 4>(
        site_words(step.seed, step.step, configuration, level.index, own.block, site),
        site_words(step.seed, step.step, configuration + 1u, level.index, own.block, site),
        site_words(step.seed, step.step, configuration + 2u, level.index, own.block, site),
        site_words(step.seed, step.step, configuration + 3u, level.index, own.block, site),
    );
}

// In [0, 1), for one of the four sites.
fn uniforms(of_four: u32) -> Rows {
    return vec4<f32>(
        uniform_of(own.numbers[0][of_four]), uniform_of(own.numbers[1][of_four]),
        uniform_of(own.numbers[2][of_four]), uniform_of(own.numbers[3][of_four]),
    );
}
