// A head without a parameter that all sites share.

const HAS_SHARED: bool = false;

fn of_shared(field: Field, errors: vec4<f32>) -> f32 {
    return 0.0;
}
