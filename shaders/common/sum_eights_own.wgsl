// Sums of eight lanes each into the first places of `reduced`, through workgroup memory.
fn sum_eights(lane: u32, value: f32) {
    reduced[lane] = value;
    workgroupBarrier();
    var sum = 0.0;
    for (var k = 0u; k < 8u; k++) {
        sum += reduced[lane % EIGHTS * 8u + k];
    }
    workgroupBarrier();
    reduced[lane] = sum;
}
