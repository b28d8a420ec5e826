// Adds the products of a spin. Needs weight_gradient_shared.

fn add_spin(source: u32, packets: u32) {
    let sign = vec4<u32>(0x80000000u);
    let first = (words[0] << vec4<u32>(31u - source % 32u)) & sign;
    let second = (words[1] << vec4<u32>(31u - source % 32u)) & sign;
    for (var p = 0u; p < packets; p++) {
        add(source, p, bitcast<vec4<f32>>(bitcast<vec4<u32>>(targets[p * QUADS]) ^ first));
        add(source, p, bitcast<vec4<f32>>(bitcast<vec4<u32>>(targets[p * QUADS + 1u]) ^ second));
    }
}
