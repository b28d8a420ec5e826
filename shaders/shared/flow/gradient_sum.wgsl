// Derivatives with respect to the parameters of one coupling: each lane adds up those of its patches, then the workgroup adds up those of its lanes, always in the same order.
// Needs COUPLING, and LANES of whole quads of eight.

// Quads of parameters that are added up at a time, and the parts in which it is done.
const AT_ONCE = 8u;
const PARTS = LANES / AT_ONCE;

var<private> gradient: array<vec4<f32>, COUPLING>;
var<workgroup> of_lanes: array<vec4<f32>, AT_ONCE * LANES>;
var<workgroup> of_parts: array<vec4<f32>, LANES>;

fn add_gradient(at: u32, value: vec4<f32>) {
    gradient[at] += value;
}

// Leaves the sum of all lanes in partials, from `first` on. Called by all lanes.
fn share_gradient(first: u32, lane: u32) {
    for (var quad = 0u; quad < COUPLING; quad += AT_ONCE) {
        for (var turn = 0u; turn < AT_ONCE; turn++) {
            if quad + turn < COUPLING {
                of_lanes[turn * LANES + lane] = gradient[quad + turn];
            }
        }
        workgroupBarrier();
        var sum = vec4<f32>(0.0);
        for (var turn = 0u; turn < AT_ONCE; turn++) {
            sum += of_lanes[lane / PARTS * LANES + turn * PARTS + lane % PARTS];
        }
        of_parts[lane] = sum;
        workgroupBarrier();
        if lane < AT_ONCE && quad + lane < COUPLING {
            sum = vec4<f32>(0.0);
            for (var part = 0u; part < PARTS; part++) {
                sum += of_parts[lane * PARTS + part];
            }
            partials[first + quad + lane] = sum;
        }
    }
}
