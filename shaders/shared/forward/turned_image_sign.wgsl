// The sign of the mirror image of a drawn sample. Needs image_sign_ising.

// The net saw the drawn spins before they were turned.
fn image_sign(block: u32, configuration: u32) -> Rows {
    return -drawn_sign(configuration);
}
