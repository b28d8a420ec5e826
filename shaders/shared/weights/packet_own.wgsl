// Eight parameters at equal distances, the same for all lanes, each of which loads them: where they serve too little to be staged.

#include weights/unit_weights_$UNITS

fn packet(start: u32, stride: u32, lane: u32) -> array<f32, 8> {
    return array<f32, 8>(
        parameter(start), parameter(start + stride), parameter(start + 2u * stride), parameter(start + 3u * stride),
        parameter(start + 4u * stride), parameter(start + 5u * stride), parameter(start + 6u * stride),
        parameter(start + 7u * stride),
    );
}

// Eight weights to neighbouring hidden units.
fn unit_packet(start: u32, lane: u32) -> array<f32, 8> {
    var weights: array<f32, 8>;
    for (var first = 0u; first < 8u; first += UNIT_STEP) {
        var some = unit_weights(start + first);
        for (var t = 0u; t < UNIT_STEP; t++) {
            weights[first + t] = some[t];
        }
    }
    return weights;
}
