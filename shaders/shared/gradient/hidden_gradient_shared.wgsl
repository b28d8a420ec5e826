// Lanes of a subgroup load weights for one another: see packet_shared.

#include weights/packet_shared

// Four targets a turn; the test stands at the end, since software adapters run what is behind it once more, for nobody.
fn add_targets(product: Product, rows: u32, lane: u32) {
    var target_unit = product.first_target;
    loop {
        if reaches(product, target_unit, 4u) {
            var gradients: array<Rows, 4>;
            for (var g = 0u; g < 4u; g++) {
                gradients[g] = select(Rows(), gradient_of(product, rows, target_unit + g), target_unit + g < product.targets);
            }
            let start = product.weights + target_unit;
            var a = packet(start, product.targets, lane);
            var b = packet(start + 1u, product.targets, lane);
            var c = packet(start + 2u, product.targets, lane);
            var d = packet(start + 3u, product.targets, lane);
            for (var t = 0u; t < UNITS; t++) {
                sums[t] = sums[t] + a[t] * gradients[0] + b[t] * gradients[1] + c[t] * gradients[2] + d[t] * gradients[3];
            }
        }
        target_unit += 4u;
        if target_unit >= product.targets {
            break;
        }
    }
}
