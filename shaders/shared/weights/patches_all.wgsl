// Nets that have all weights that their masks leave.

fn has_patch(matrix: u32, source: u32, first_target: u32, end_target: u32) -> bool {
    return true;
}
