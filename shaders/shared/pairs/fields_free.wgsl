// Fields on later sites as they are.

fn corrections_of(
    site: u32,
    first: u32,
    lane: u32,
    fields: ptr<function, array<Field, PER_LANE>>,
) -> array<vec4<f32>, PER_LANE> {
    return array<vec4<f32>, PER_LANE>();
}
