// Eight parameters at equal distances, the same for all lanes. Every lane loads them: graphics cards do that once for all.
fn packet(start: u32, stride: u32, lane: u32) -> array<f32, 8> {
    return array<f32, 8>(
        parameters[start], parameters[start + stride], parameters[start + 2u * stride], parameters[start + 3u * stride],
        parameters[start + 4u * stride], parameters[start + 5u * stride], parameters[start + 6u * stride],
        parameters[start + 7u * stride],
    );
}
