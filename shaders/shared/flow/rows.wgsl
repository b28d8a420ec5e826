// The rows of a workgroup. Needs `task`.

#include lanes/dispatch

struct Rows {
    first: u32,
    count: u32, // 0 behind the last workgroup
}

fn rows_of(group: u32) -> Rows {
    let first = min(group * task.each, task.rows);
    return Rows(task.first_row + first, min(task.each, task.rows - first));
}
