// Adds the products of a colour, which are there or not. Needs weight_gradient_shared.

fn add_spin(source: u32, packets: u32) {
    let first = vec4<u32>(0u) - ((words[0] >> vec4<u32>(source)) & vec4<u32>(1u));
    let second = vec4<u32>(0u) - ((words[1] >> vec4<u32>(source)) & vec4<u32>(1u));
    for (var p = 0u; p < packets; p++) {
        add(source, p, bitcast<vec4<f32>>(bitcast<vec4<u32>>(targets[p * QUADS]) & first));
        add(source, p, bitcast<vec4<f32>>(bitcast<vec4<u32>>(targets[p * QUADS + 1u]) & second));
    }
}
