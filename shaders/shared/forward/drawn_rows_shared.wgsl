// Rows of sample_level of nets that colours share.

fn first_of_rows() -> u32 {
    return 0u;
}

fn end_of_rows() -> u32 {
    return rows_of_lanes();
}
