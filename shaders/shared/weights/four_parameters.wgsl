// Four neighbouring parameters, wherever they start. Needs net_parameters_{whole,split}.

fn four_parameters(at: u32) -> vec4<f32> {
    return vec4<f32>(parameter(at), parameter(at + 1u), parameter(at + 2u), parameter(at + 3u));
}
