// Sum over the lanes of a workgroup in a fixed order; every lane gets it. Must be called in uniform control flow.

var<workgroup> reduced: array<f32, LANES>;

fn reduce(lane: u32, value: f32) -> f32 {
    workgroupBarrier();
    reduced[lane] = value;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            reduced[lane] += reduced[lane + half];
        }
    }
    workgroupBarrier();
    return reduced[0];
}
