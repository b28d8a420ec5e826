// Words of visible numbers in rows of a dispatch: the first are data by the table of rows, the others chains. Needs `task`, `data`, `rows` and `chains`.

fn row_word(row: u32, block: u32) -> u32 {
    if row < task.given {
        return data[rows[task.first_given + row] * task.visible_words + block];
    }
    return chains[(row - task.given) * task.visible_words + block];
}
