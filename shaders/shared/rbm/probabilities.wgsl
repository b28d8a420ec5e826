// Probabilities of four units whose fields are known.

#include numbers/activation

fn probabilities_of(fields: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(
        sigmoid(fields.x, exp_minus_abs(fields.x)), sigmoid(fields.y, exp_minus_abs(fields.y)),
        sigmoid(fields.z, exp_minus_abs(fields.z)), sigmoid(fields.w, exp_minus_abs(fields.w)),
    );
}
