// A lane works on one row at a time: graphics cards load neighbouring rows for neighbouring lanes together.

#include numbers/activation

const LANE_ROWS: u32 = 1u;
alias Rows = f32;
alias KeptRows = Kept;
alias RowSpins = i32;
alias RowWords = u32;

// Numbers of the rows from one on.
fn row_numbers(first: u32) -> RowWords {
    return first;
}

fn exp_minus_abs_of(x: Rows) -> Rows {
    return exp_minus_abs(x);
}

fn sigmoid_of(x: Rows, e: Rows) -> Rows {
    return sigmoid(x, e);
}

fn softplus_of(x: Rows, e: Rows) -> Rows {
    return softplus(x, e);
}

// The first of the lane's rows.
fn first_of(values: Rows) -> f32 {
    return values;
}
