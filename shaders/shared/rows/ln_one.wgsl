// ln(1 + x) of a lane's row. Needs rows_one.

fn ln_1p_of(x: Rows) -> Rows {
    return ln_1p(x);
}
