// Philox4x32-10 (Salmon et al., SC'11). Twin of `src/random.rs`.

// High and low word of a 32 x 32 bit product, from 16-bit halves.
fn multiply_wide(a: u32, b: u32) -> vec2<u32> {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let middle = a1 * b0 + ((a0 * b0) >> 16u);
    let carry = a0 * b1 + (middle & 0xffffu);
    return vec2<u32>(a1 * b1 + (middle >> 16u) + (carry >> 16u), a * b);
}

fn philox(seed: u32, step: u32, counter: vec4<u32>) -> vec4<u32> {
    var key = vec2<u32>(seed, step);
    var c = counter;
    for (var round = 0u; round < 10u; round++) {
        let a = multiply_wide(0xd2511f53u, c.x);
        let b = multiply_wide(0xcd9e8d57u, c.z);
        c = vec4<u32>(b.x ^ c.y ^ key.x, b.y, a.x ^ c.w ^ key.y, a.y);
        key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
    }
    return c;
}

// Random words for own sites of a block, the four among which `site` is.
fn site_words(seed: u32, step: u32, configuration: u32, level: u32, block: u32, site: u32) -> vec4<u32> {
    return philox(seed, step, vec4<u32>(configuration, block, site / 4u, level));
}

// The word of the four that decides a site. By selection: compilers keep in memory what an index reaches that they do not know.
fn word_of(words: vec4<u32>, site: u32) -> u32 {
    let pair = select(words.xy, words.zw, site % 4u >= 2u);
    return select(pair.x, pair.y, site % 2u == 1u);
}

// Uniform number in [0, 1), a multiple of 2^-24, from a random word.
fn uniform_of(word: u32) -> f32 {
    return f32(word >> 8u) * 0x1p-24f;
}

// Uniform number for own site `site` of a block.
fn uniform_number(seed: u32, step: u32, configuration: u32, level: u32, block: u32, site: u32) -> f32 {
    return uniform_of(word_of(site_words(seed, step, configuration, level, block, site), site));
}
