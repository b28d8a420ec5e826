// Rows of hidden units as the left factor of fields. Needs `task` and `hidden`: [rows][hidden_words].

#include rbm/bit_rows

fn row_word(row: u32, block: u32) -> u32 {
    return hidden[row * task.hidden_words + block];
}
