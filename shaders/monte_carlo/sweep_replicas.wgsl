// A heat bath of all spins of replicas, one site after the other, each replica at its own temperature; and the sums of bonds and spins that it leaves behind.
// Grid: ceil(batch / LANES) workgroups of LANES lanes, one replica per lane.
// Invariant: a spin depends on (seed, step, replica, site), its temperature and its neighbours only, and sums are exact integers.
// Constants: LANES, SITES, COORDINATION.

#include layout/types
#include lanes/dispatch
#include numbers/philox
#include numbers/activation

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(4) var<storage, read_write> spins: array<i32>;                     // [site][batch]
@group(0) @binding(13) var<storage, read_write> configuration_sums: array<vec2<i32>>; // [batch]
@group(0) @binding(33) var<storage, read> betas: array<f32>;                          // [batch]
@group(0) @binding(34) var<storage, read> bonds: array<i32>; // [site][1 + 2 COORDINATION]: the site's weight, then every neighbour and the weight of the bond to it

// Sets these random numbers apart from those of nets.
const TAG: u32 = 0x7e3du;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let replica = group_index(group, groups) * LANES + lane;
    if replica >= step.batch {
        return;
    }
    var words = vec4<u32>(0u);
    var sums = vec2<i32>(0);
    for (var site = 0u; site < SITES; site++) {
        if site % 4u == 0u {
            words = philox(step.seed, step.step, vec4<u32>(step.first_configuration + replica, 0u, site / 4u, TAG));
        }
        let row = site * (1u + 2u * COORDINATION);
        // Weighted sums over neighbours that have had their turn, and over those still to come.
        var had = 0;
        var to_come = 0;
        for (var k = 0u; k < COORDINATION; k++) {
            let neighbour = u32(bonds[row + 1u + 2u * k]);
            let product = bonds[row + 2u + 2u * k] * spins[neighbour * step.batch + replica];
            had += select(0, product, neighbour < site);
            to_come += select(product, 0, neighbour < site);
        }
        let field = 2.0 * step.coupling * f32(had + to_come) + 2.0 * step.field * f32(bonds[row]);
        let spin = heat_bath(betas[replica] * field, word_of(words, site));
        spins[site * step.batch + replica] = spin;
        sums += vec2<i32>(spin * had, spin * bonds[row]);
    }
    configuration_sums[replica] = sums;
}

// Numbers near 0 are known to more digits than those near 1: they decide whether a spin is against its field.
fn heat_bath(logit: f32, word: u32) -> i32 {
    let e = exp_minus_abs(logit);
    let is_against = f32(word) * 0x1p-32f < e / (1.0 + e);
    return select(-1, 1, is_against == (logit < 0.0));
}
