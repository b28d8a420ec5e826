// Product of two SIDE x SIDE matrices, product[m][n] = sum_k left[k][m] right[k][n]: what a device reaches in arithmetic,
// as the measure of all other kernels.
// Grid: (SIDE / 64)^2 workgroups of LANES = 64 lanes; a workgroup computes 64 x 64 entries, a lane 8 x 8 of them in
// registers. SIDE is a multiple of 64.

const TILE: u32 = 64u;
const CHUNK: u32 = 16u;
const QUADS: u32 = TILE / 4u;

@group(0) @binding(0) var<storage, read> left: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> right: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> product: array<vec4<f32>>;

var<workgroup> left_tile: array<vec4<f32>, CHUNK * QUADS>;
var<workgroup> right_tile: array<vec4<f32>, CHUNK * QUADS>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let across = SIDE / TILE;
    let first_row = group.x / across * QUADS;
    let first_column = group.x % across * QUADS;
    let row = lane / 8u * 2u;
    let column = lane % 8u * 2u;
    var sums: array<array<vec4<f32>, 2>, 8>;
    for (var i = 0u; i < 8u; i++) {
        sums[i][0] = vec4<f32>(0.0);
        sums[i][1] = vec4<f32>(0.0);
    }
    for (var first = 0u; first < SIDE; first += CHUNK) {
        workgroupBarrier();
        for (var at = lane; at < CHUNK * QUADS; at += LANES) {
            let start = (first + at / QUADS) * (SIDE / 4u) + at % QUADS;
            left_tile[at] = left[start + first_row];
            right_tile[at] = right[start + first_column];
        }
        workgroupBarrier();
        for (var k = 0u; k < CHUNK; k++) {
            let right_0 = right_tile[k * QUADS + column];
            let right_1 = right_tile[k * QUADS + column + 1u];
            for (var i = 0u; i < 8u; i++) {
                let value = left_tile[k * QUADS + row + i / 4u][i % 4u];
                sums[i][0] += value * right_0;
                sums[i][1] += value * right_1;
            }
        }
    }
    for (var i = 0u; i < 8u; i++) {
        let start = ((first_row + row) * 4u + i) * (SIDE / 4u) + first_column + column;
        product[start] = sums[i][0];
        product[start + 1u] = sums[i][1];
    }
}
