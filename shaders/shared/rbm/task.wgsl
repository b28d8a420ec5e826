// The sizes, places and random keys of one dispatch of a machine's kernels. Twin of `Task` in `src/gpu/rbm/task.rs`.
// Bits are rows of words, [rows][words], of which bit k is unit k of the word's 32; bits beyond the last unit are 0. Numbers over units have strides: hidden units in
// whole words, visible numbers in whole tiles of 64; entries beyond the last unit are 0.

struct Task {
    visible: u32,        // visible numbers
    visible_words: u32,  // words of a row of them
    visible_stride: u32,
    hidden: u32,         // hidden units
    hidden_words: u32,   // words of a row of them
    colours: u32,        // visible numbers of a site
    rows: u32,           // rows of the dispatch
    given: u32,          // so many of them are data, the others chains
    first_given: u32,    // where the table of rows has those of the data
    told: u32,           // so many rows leave their probabilities
    first_told: u32,     // the row of `probabilities` that the first one leaves them in
    drawn: u32,          // the first row that is drawn
    seed: u32,
    step: u32,
    stage: u32,          // the half step
    first: u32,          // the configuration of the first row that is drawn
    every: u32,          // sites from one conditional to the next
    scale: f32,          // inverse temperature
    share: f32,          // of a row in a mean
    rate: f32,
    kept: f32,           // share of a weight that is left by its decay
}
