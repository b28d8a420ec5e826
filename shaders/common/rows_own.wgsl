// A lane works on one row at a time: graphics cards load neighbouring rows for neighbouring lanes together.

const ROWS: u32 = 1u;
alias Rows = f32;
alias KeptRows = Kept;

// Derivative of the PReLU at z.
fn prelu_slope(slope: f32, z: Rows) -> Rows {
    return select(slope, 1.0, z > 0.0);
}
