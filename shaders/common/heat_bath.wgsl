// A spin whose neighbours are all fixed: p(+1) = sigmoid(2 beta (J sum of neighbours + H)).

#include spins

fn border_sum(block: u32, configuration: u32) -> i32 {
    var sum = 0;
    for (var local = 0u; local < level.border; local++) {
        sum += spins[spin_index(block, local, configuration)];
    }
    return sum;
}

fn local_field(block: u32, configuration: u32) -> f32 {
    return step.coupling * f32(border_sum(block, configuration)) + step.field;
}
