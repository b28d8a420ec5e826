// The index of a site in `spins`, [site][batch], by its plane, row and column, which wrap around. Needs SIDE, PLANES and `step`.

// Sides are powers of two, so masks wrap around.
fn place(plane: u32, row: u32, column: u32, configuration: u32) -> u32 {
    let line = (plane & (PLANES - 1u)) * SIDE + (row & (SIDE - 1u));
    return (line * SIDE + (column & (SIDE - 1u))) * step.batch + configuration;
}
