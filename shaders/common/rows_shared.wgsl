// A lane works on four neighbouring rows at a time: software adapters load lane by lane, four numbers nearly as fast as one.

const ROWS: u32 = 4u;
alias Rows = vec4<f32>;
alias KeptRows = vec4<Kept>;

// Derivative of the PReLU at z.
fn prelu_slope(slope: f32, z: Rows) -> Rows {
    return select(vec4<f32>(slope), vec4<f32>(1.0), z > vec4<f32>(0.0));
}
