// Nets compute with the parameters themselves.

fn keep_rounded(at: u32, four: vec4<f32>) {}
