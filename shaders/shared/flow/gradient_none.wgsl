// Derivatives with respect to parameters that nobody wants.

fn add_gradient(at: u32, value: vec4<f32>) {}
