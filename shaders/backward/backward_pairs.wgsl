// Partial gradients of a head over pairs of sites: sum over rows of A ([s = +1] - sigmoid(logit)) d logit.
// Grid: (ceil((SITES + 1) / LANES) workgroups of LANES lanes) * slices. Every lane has one site, takes the fields on it from the spins before it, site by site, in TILE
// configurations at a time, and adds to the gradients of the pairs that the site is the later one of, and to its own. The lane behind the last site has the parameter that all sites share,
// where there is one. No two lanes write to one place, and no lane waits for another.
// Axes: head, couplings.
// Constants: LANES, SITES, LAYERS.

#include layout/types
#include lanes/dispatch

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;
@group(0) @binding(4) var<storage, read> spins: array<i32>;              // [site][batch]
@group(0) @binding(7) var<storage, read> logits: array<vec4<f32>>;       // [site][stride / 4]
@group(0) @binding(11) var<storage, read> advantage: array<f32>;         // per block
@group(0) @binding(16) var<storage, read_write> partials: array<f32>;    // [slices][parameters] of this level
@group(0) @binding(32) var<storage, read> exact_logits: array<f32>;      // the head without parameters has no gradient
@group(0) @binding(35) var<storage, read> corrections: array<vec4<f32>>;  // [pair][stride / 4]

#include spins/spins
#include pairs/rows
#include pairs/head_$HEAD

// Vectors of configurations that a lane takes together.
const VECTORS: u32 = 4u;
const TILE: u32 = VECTORS * ROWS;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_index(group, groups);
    let of_sites = (SITES + LANES) / LANES;
    let slice = index / of_sites;
    let here = index % of_sites * LANES + lane;
    if slice >= level.slices || here > SITES || (here == SITES && !HAS_SHARED) {
        return;
    }
    let first = slice * level.slice_rows;
    let end = min(first + level.slice_rows, level.rows);
    for (var row = first; row < end; row += TILE) {
        add_tile(slice * level.parameters, here, row, end, row == first);
    }
}

// Adds a number to a place of the partial gradient, or begins it.
fn put(place: u32, value: f32, is_first: bool) {
    if is_first {
        partials[place] = value;
    } else {
        partials[place] += value;
    }
}

fn add_tile(partial: u32, here: u32, first: u32, end: u32, is_first: bool) {
    var rows: array<vec4<u32>, VECTORS>;
    var weights: array<vec4<f32>, VECTORS>;
    var gauge: array<vec4<i32>, VECTORS>;
    var own_errors: array<vec4<f32>, VECTORS>;
    var fields: array<Field, VECTORS>;
    for (var v = 0u; v < VECTORS; v++) {
        rows[v] = rows_from(first + v * ROWS);
        for (var row = 0u; row < ROWS; row++) {
            // Rows beyond the last have no weight.
            let is_there = first + v * ROWS + row < end;
            weights[v][row] = select(0.0, advantage[level.first_row + rows[v][row]], is_there);
        }
        gauge[v] = vec4<i32>(1);
        if level.gauge == FIRST_OWN {
            gauge[v] = given(0u, rows[v]);
        }
        if here < SITES {
            own_errors[v] = errors_of(here, first, v, given(here, rows[v]) * gauge[v], weights[v]);
        }
    }
    var shared_sum = 0.0;
    for (var site = 0u; site < here; site++) {
        var sums: array<f32, NUMBERS>;
        for (var v = 0u; v < VECTORS; v++) {
            let spins_here = given(site, rows[v]) * gauge[v];
            let errors = errors_of(site, first, v, spins_here, weights[v]);
            if here == SITES {
                // Where a parameter is shared, all bonds are alike, and any pair serves.
                shared_sum += of_shared(fields[v], errors);
                fields[v] = grown(fields[v], 0u, spins_here);
            } else {
                var correction = vec4<f32>(0.0);
                if CORRECTION_TENSORS > 0u {
                    correction = corrections[pair_of(site, here) * (level.stride / ROWS) + vector_of(first, v)];
                }
                add_pair(&sums, site, here, fields[v], correction, spins_here, errors, own_errors[v]);
                fields[v] = grown(fields[v], pair_of(site, here), spins_here);
            }
        }
        if here < SITES {
            for (var tensor = 0u; tensor < PAIR_TENSORS; tensor++) {
                put(partial + tensor * PAIRS + pair_of(site, here), sums[tensor], is_first);
            }
        }
    }
    let own = partial + PAIR_TENSORS * PAIRS;
    if here == SITES {
        put(own + SITE_TENSORS * SITES, shared_sum, is_first);
        return;
    }
    var sums: array<f32, NUMBERS>;
    for (var v = 0u; v < VECTORS; v++) {
        add_site(&sums, fields[v], own_errors[v]);
    }
    for (var tensor = 0u; tensor < SITE_TENSORS; tensor++) {
        put(own + tensor * SITES + here, sums[tensor], is_first);
    }
}

// The vector `v` of a tile; beyond the last row there may be none.
fn vector_of(first: u32, v: u32) -> u32 {
    return min(first / ROWS + v, (level.stride - ROWS) / ROWS);
}

fn given(site: u32, rows: vec4<u32>) -> vec4<i32> {
    var of_rows = vec4<i32>(0);
    for (var row = 0u; row < ROWS; row++) {
        of_rows[row] = spins[spin_index(0u, site, rows[row])];
    }
    return of_rows;
}

// Gradient with respect to the logits of a site, in the vector `v` of a tile; 0 where the first spin is the sign of all.
fn errors_of(site: u32, first: u32, v: u32, spins_here: vec4<i32>, weights: vec4<f32>) -> vec4<f32> {
    let logit = logits[site * (level.stride / ROWS) + vector_of(first, v)];
    var errors = vec4<f32>(0.0);
    for (var row = 0u; row < ROWS; row++) {
        let up = select(0.0, 1.0, spins_here[row] > 0);
        errors[row] = weights[row] * (up - sigmoid(logit[row], exp_minus_abs(logit[row])));
    }
    if site == 0u && level.gauge == FIRST_OWN {
        return vec4<f32>(0.0);
    }
    return errors;
}
