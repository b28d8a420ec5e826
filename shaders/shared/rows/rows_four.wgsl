// A lane works on four neighbouring rows at a time: a weight serves all four, and four numbers are one load, or nearly as fast as
// one on software adapters. Needs a batch that is a multiple of 4 where blocks matter: rows are then four configurations of one.

#include numbers/activation

const LANE_ROWS: u32 = 4u;
alias Rows = vec4<f32>;
alias KeptRows = vec4<Kept>;
alias RowSpins = vec4<i32>;
alias RowWords = vec4<u32>;

// Numbers of the rows from one on.
fn row_numbers(first: u32) -> RowWords {
    return first + vec4<u32>(0u, 1u, 2u, 3u);
}

fn exp_minus_abs_of(x: Rows) -> Rows {
    return vec4<f32>(exp_minus_abs(x.x), exp_minus_abs(x.y), exp_minus_abs(x.z), exp_minus_abs(x.w));
}

fn sigmoid_of(x: Rows, e: Rows) -> Rows {
    return vec4<f32>(sigmoid(x.x, e.x), sigmoid(x.y, e.y), sigmoid(x.z, e.z), sigmoid(x.w, e.w));
}

fn softplus_of(x: Rows, e: Rows) -> Rows {
    return vec4<f32>(softplus(x.x, e.x), softplus(x.y, e.y), softplus(x.z, e.z), softplus(x.w, e.w));
}

// The first of the lane's rows.
fn first_of(values: Rows) -> f32 {
    return values.x;
}
