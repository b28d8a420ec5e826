// What gradient_norm tells adam and the host.

struct Status {
    gradient_norm: f32,
    first_bad_step: u32,     // 0: none
}
