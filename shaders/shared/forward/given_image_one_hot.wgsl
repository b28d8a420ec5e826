// By how many steps the colours of given blocks and of their images are moved on, counted from 1. Needs masked_block_bindings.

fn image_sign(block: u32, configuration: u32) -> Rows {
    return Rows(f32(block / level.blocks + 1u));
}
