// A patch's way from the field to latent numbers, through one coupling, with the derivatives of a function. Needs `x`, `slopes`, flow/coupling, flow/patch and
// slope_of_ln_det(row).

fn pass_patch(patch_at: Patch) {
    let at = patch_at.at;
    let passive = vec2<f32>(x[at.x], x[at.y]);
    let of_t = vec2<f32>(slopes[at.z], slopes[at.w]);
    var of_scale: Values;
    var of_shift: Values;
    let found = affine(passive, &of_scale, &of_shift);
    let scales = exponentials(found.log_scale);
    let scaled = vec2<f32>(x[at.z], x[at.w]) - found.shift;
    let of_s = vec2<f32>(slope_of_ln_det(patch_at.row)) + of_t * scaled;
    let by = coupling_backward(found, passive, of_s, of_t, &of_scale, &of_shift);
    x[at.z] = scaled.x * scales.down.x;
    x[at.w] = scaled.y * scales.down.y;
    slopes[at.x] += by.x;
    slopes[at.y] += by.y;
    slopes[at.z] = of_t.x * scales.up.x;
    slopes[at.w] = of_t.y * scales.up.y;
}
