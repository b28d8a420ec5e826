// Nets of a limited reach: their hidden matrices lack patches of 32 sources by 32 targets (src/conditional/reach.rs), which are passed over.
// At level.patches `geometry` says for every matrix, hidden layers first and the output last, where its bits start and how many words those of
// a patch's targets take; then come the bits, [target / 32][source / 32].

// Whether a matrix has any patch with the source and targets first_target..end_target. The same for all lanes of a workgroup.
fn has_patch(matrix: u32, source: u32, first_target: u32, end_target: u32) -> bool {
    let start = geometry[level.patches + 2u * matrix];
    let words = geometry[level.patches + 2u * matrix + 1u];
    let number = source / 32u;
    var found = 0u;
    for (var row = first_target / 32u; 32u * row < end_target; row++) {
        found |= geometry[start + row * words + number / 32u];
    }
    return ((found >> (number % 32u)) & 1u) == 1u;
}
