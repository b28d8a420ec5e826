// ln(1 + x) of a lane's rows. Needs rows_four.

fn ln_1p_of(x: Rows) -> Rows {
    return vec4<f32>(ln_1p(x.x), ln_1p(x.y), ln_1p(x.z), ln_1p(x.w));
}
