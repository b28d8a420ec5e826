// Weights of a dense product, the same for all lanes, which lanes of a subgroup load for one another when they are needed: see
// packet_shared.

fn stage_units(matrix: Columns, first: u32) {}

fn stage_sites(matrix: Columns, first: u32) {}

// Those of source k of four, to packet p.
fn dense_packet(p: u32, sources: Sources, k: u32) -> array<f32, 8> {
    return packet(sources.weights + k * sources.stride + 8u * p, 1u, own_lane);
}
