// By how many steps the colours of an image of a drawn sample are moved on, counted from 1. Needs image_sign_potts.

fn image_sign(block: u32, configuration: u32) -> Rows {
    return moved_on(drawn_sign(configuration), block / level.blocks);
}
