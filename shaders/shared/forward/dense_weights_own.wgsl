// Weights of a dense product, the same for all lanes. Lanes stage those of 32 sources in workgroup memory, each four at a time, and read
// them all from there: on graphics cards one load from it does what four from memory would.

#include weights/four_parameters

const UNIT_QUADS: u32 = 2u * UNIT_PACKETS;
const SITE_QUADS: u32 = (GROUP$PER_SITE + 3u) / 4u;
const UNIT_TURNS: u32 = (32u * UNIT_QUADS + LANES - 1u) / LANES;
const SITE_TURNS: u32 = (32u * SITE_QUADS + LANES - 1u) / LANES;

var<workgroup> staged: array<array<vec4<f32>, max(UNIT_QUADS, SITE_QUADS)>, 32>;  // [source % 32][quad of units or sites]

// Of 32 sources from one on. All lanes take the same turns, so that loops are unrolled and loads wait together.
fn stage_units(matrix: Columns, first: u32) {
    workgroupBarrier();
    for (var turn = 0u; turn < UNIT_TURNS; turn++) {
        let source = (turn * LANES + own_lane) / UNIT_QUADS;
        let quad = (turn * LANES + own_lane) % UNIT_QUADS;
        if source < 32u {
            staged[source][quad] = four_unit_weights(matrix.start + (first + source) * matrix.stride + 4u * quad);
        }
    }
    workgroupBarrier();
}

fn stage_sites(matrix: Columns, first: u32) {
    workgroupBarrier();
    for (var turn = 0u; turn < SITE_TURNS; turn++) {
        let source = (turn * LANES + own_lane) / SITE_QUADS;
        let quad = (turn * LANES + own_lane) % SITE_QUADS;
        if source < 32u {
            staged[source][quad] = four_parameters(matrix.start + (first + source) * matrix.stride + 4u * quad);
        }
    }
    workgroupBarrier();
}

// Those of source k of four, to packet p.
fn dense_packet(p: u32, sources: Sources, k: u32) -> array<f32, 8> {
    let lower = staged[sources.first % 32u + k][2u * p];
    let upper = staged[sources.first % 32u + k][2u * p + 1u];
    return array<f32, 8>(lower.x, lower.y, lower.z, lower.w, upper.x, upper.y, upper.z, upper.w);
}
