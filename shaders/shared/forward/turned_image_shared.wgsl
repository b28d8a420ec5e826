// Nets that colours share see them as they are.

fn image_sign(block: u32, configuration: u32) -> Rows {
    return Rows(1.0);
}
