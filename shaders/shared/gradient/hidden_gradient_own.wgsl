// Lanes stage weights in workgroup memory, each those of one unit to four targets, and read them all from there: on graphics cards one
// load from it does what four from memory would. Targets behind the last have weights of 0.

#include weights/four_parameters

const QUADS: u32 = LANES / UNITS;

var<workgroup> staged: array<array<vec4<f32>, QUADS>, UNITS>;            // [unit][quad of targets]

fn stage(product: Product, first: u32, lane: u32) {
    let at = product.weights + lane / QUADS * product.targets + first;
    let counts = first + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(product.targets);
    staged[lane / QUADS][lane % QUADS] = select(vec4<f32>(0.0), four_parameters(at), counts);
}

fn add_targets(product: Product, rows: u32, lane: u32) {
    for (var first = product.first_target; first < product.targets; first += 4u * QUADS) {
        if !reaches(product, first, 4u * QUADS) {
            continue;
        }
        workgroupBarrier();
        stage(product, first + 4u * (lane % QUADS), lane);
        workgroupBarrier();
        let quads = min(QUADS, (product.targets - first + 3u) / 4u);
        for (var quad = 0u; quad < quads; quad++) {
            let target_unit = first + 4u * quad;
            let a = gradient_of(product, rows, target_unit);
            let b = gradient_of(product, rows, target_unit + 1u);
            let c = gradient_of(product, rows, target_unit + 2u);
            let d = gradient_of(product, rows, target_unit + 3u);
            for (var t = 0u; t < UNITS; t++) {
                let weights = staged[t][quad];
                sums[t] = sums[t] + weights.x * a + weights.y * b + weights.z * c + weights.w * d;
            }
        }
    }
}
