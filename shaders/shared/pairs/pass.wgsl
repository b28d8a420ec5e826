// A pass over all sites of ROWS configurations whose sites are all neighbours: sites are shared among the lanes of a workgroup, and every lane keeps the fields on its own
// ones. One dispatch goes through all sites, with two barriers each, and two more for every turn where fields are corrected.
// Needs `level`, `step`, `geometry`, `parameters`, `logits`, `ln_q`, a head, and `spins_of(site, lane, rows, logits)`, which gives the spins of a site after the
// gauge.

#include pairs/rows
#include pairs/fields_$FIELDS
#include lanes/dispatch

const EIGHTS: u32 = LANES / 8u;

var<workgroup> shares: array<vec4<f32>, LANES>;
var<workgroup> sums_of_eight: array<vec4<f32>, EIGHTS>;

// The sum over all lanes, in a fixed order.
fn sum_over_lanes(lane: u32, share: vec4<f32>) -> vec4<f32> {
    shares[lane] = share;
    workgroupBarrier();
    if lane < EIGHTS {
        var sum = vec4<f32>(0.0);
        for (var k = 0u; k < 8u; k++) {
            sum += shares[8u * lane + k];
        }
        sums_of_eight[lane] = sum;
    }
    workgroupBarrier();
    var sum = vec4<f32>(0.0);
    for (var eight = 0u; eight < EIGHTS; eight++) {
        sum += sums_of_eight[eight];
    }
    return sum;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = group_index(group, groups) * ROWS;
    if first >= level.rows {
        return;
    }
    let rows = rows_from(first);
    var fields: array<Field, PER_LANE>;
    // ln q in two parts, the first of multiples of 2^-12, whose sum is exact up to 4096.
    var ln_q_coarse = vec4<f32>(0.0);
    var ln_q_rest = vec4<f32>(0.0);
    for (var site = 0u; site < SITES; site++) {
        let seen = corrections_of(site, first, lane, &fields);
        var share = vec4<f32>(0.0);
        for (var k = 0u; k < PER_LANE; k++) {
            let here = k * LANES + lane;
            if here >= site && here < SITES {
                share += logit_share(site, here, fields[k], seen[k]);
            }
        }
        var logit = sum_over_lanes(lane, share);
        if site == 0u && level.gauge == FIRST_OWN {
            logit = vec4<f32>(0.0);
        }
        let spins = spins_of(site, lane, rows, logit);
        let of_site = ln_q_of(logit, vec4<f32>(spins));
        let coarse = floor(of_site * 4096.0) / 4096.0;
        ln_q_coarse += coarse;
        ln_q_rest += of_site - coarse;
        if lane == 0u {
            logits[(site * level.stride + first) / ROWS] = logit;
        }
        for (var k = 0u; k < PER_LANE; k++) {
            let here = k * LANES + lane;
            if here > site && here < SITES {
                fields[k] = grown(fields[k], pair_of(site, here), spins);
            }
        }
    }
    if lane == 0u {
        let sum = ln_q_coarse + ln_q_rest;
        for (var row = 0u; row < ROWS; row++) {
            if first + row < level.rows {
                ln_q[level.first_row + first + row] = sum[row];
            }
        }
    }
}

fn ln_q_of(logit: vec4<f32>, spins: vec4<f32>) -> vec4<f32> {
    let against = -spins * logit;
    var of_rows = vec4<f32>(0.0);
    for (var row = 0u; row < ROWS; row++) {
        of_rows[row] = -softplus(against[row], exp_minus_abs(against[row]));
    }
    return of_rows;
}
