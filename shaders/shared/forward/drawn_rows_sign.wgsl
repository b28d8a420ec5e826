// Rows of sample_level.

fn first_of_rows() -> u32 {
    return 0u;
}

fn end_of_rows() -> u32 {
    return level.rows;
}
