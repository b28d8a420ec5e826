// A spin whose neighbours are all fixed: p(+1) = sigmoid(2 beta (J sum of neighbours + H)).

fn local_field(block: u32, configuration: u32) -> f32 {
    return step.coupling * f32(border_sum(block, configuration)) + step.field;
}
