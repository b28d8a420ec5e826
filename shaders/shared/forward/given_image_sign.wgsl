// The sign of given blocks and of their mirror images. Needs masked_block_bindings.

fn image_sign(block: u32, configuration: u32) -> Rows {
    return Rows(select(1.0, -1.0, block >= level.blocks));
}
