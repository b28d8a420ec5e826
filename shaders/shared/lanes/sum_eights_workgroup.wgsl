// Sums of eight lanes each into the first places of `reduced`, through workgroup memory: pairs, pairs of pairs, both halves.
fn sum_eights(lane: u32, value: f32) {
    reduced[lane] = value;
    workgroupBarrier();
    let first = lane % EIGHTS * 8u;
    let low = (reduced[first] + reduced[first + 1u]) + (reduced[first + 2u] + reduced[first + 3u]);
    let high = (reduced[first + 4u] + reduced[first + 5u]) + (reduced[first + 6u] + reduced[first + 7u]);
    workgroupBarrier();
    reduced[lane] = low + high;
}
