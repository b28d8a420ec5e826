// Nets that colours share see them as they are.

fn drawn_sign(configuration: u32) -> Rows {
    return Rows(1.0);
}
