// A lane works on four neighbouring rows at a time: a weight serves all four, and four numbers are one load, or nearly as fast as
// one on software adapters. Needs a batch that is a multiple of 4 where blocks matter: rows are then four configurations of one.

#include activation

const LANE_ROWS: u32 = 4u;
alias Rows = vec4<f32>;
alias KeptRows = vec4<Kept>;
alias RowSpins = vec4<i32>;
alias RowWords = vec4<u32>;

fn sigmoid_of(x: Rows) -> Rows {
    return vec4<f32>(sigmoid(x.x), sigmoid(x.y), sigmoid(x.z), sigmoid(x.w));
}

fn softplus_of(x: Rows) -> Rows {
    return vec4<f32>(softplus(x.x), softplus(x.y), softplus(x.z), softplus(x.w));
}
