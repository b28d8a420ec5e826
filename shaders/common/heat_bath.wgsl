// A spin whose neighbours are all fixed: p(+1) = sigmoid(2 beta (J sum of neighbours + H)).

#include spins

fn border_sum(block: u32, configuration: u32) -> i32 {
    var sum = 0;
    // Four a turn, for a spin has four neighbours: a graphics card waits for what it loads, once for all four.
    for (var first = 0u; first < level.border; first += 4u) {
        for (var k = 0u; k < 4u; k++) {
            let spin = spins[spin_index(block, min(first + k, level.border - 1u), configuration)];
            sum += select(0, spin, first + k < level.border);
        }
    }
    return sum;
}

fn local_field(block: u32, configuration: u32) -> f32 {
    return step.coupling * f32(border_sum(block, configuration)) + step.field;
}
