// The inside of a box as a tensor network: its place, Boltzmann factors and border. Twin of `src/mps/factors.rs`.
// Needs `level`, `step`, `geometry`, `spins`.
//
// A box has ROWS rows of COLUMNS sites. A workgroup takes a box of one configuration at a time, a row of the level's.
// Factors of a bond are those between different and between equal spins, factors of a field those on a spin down and up; the larger of two is 1.

#include numbers/activation
#include tensor/weights_$COUPLINGS

// Faces of a box: lists of border sites in `geometry`, one after another from `level.faces` on.
const ABOVE: u32 = 0u;
const BELOW: u32 = COLUMNS;
const LEFT: u32 = 2u * COLUMNS;
const RIGHT: u32 = LEFT + ROWS;

// Directions of bonds.
const UP: u32 = 0u;
const DOWN: u32 = 1u;
const TO_LEFT: u32 = 2u;
const TO_RIGHT: u32 = 3u;

struct Place {
    block: u32,
    configuration: u32,
    scratch: u32,        // where the workgroup's part of `environments` begins
}

fn place_of(row: u32, group: u32) -> Place {
    return Place(row / level.batch, row % level.batch, group * SCRATCH);
}

fn pair_of(energy: f32) -> vec2<f32> {
    let small = exp_minus_abs(2.0 * energy);
    return select(vec2<f32>(1.0, small), vec2<f32>(small, 1.0), energy >= 0.0);
}

fn bond_of(at: Place, row: u32, site: u32, direction: u32) -> vec2<f32> {
    let weight = direction_weight(at.block, row * COLUMNS + site, direction);
    return pair_of((step.beta_coupling.x + step.beta_coupling.y) * weight);
}

fn field_of(at: Place, row: u32, site: u32) -> vec2<f32> {
    let weight = field_weight(at.block, row * COLUMNS + site);
    return pair_of((step.beta_field.x + step.beta_field.y) * weight);
}

// The border spin at a place of the faces: 0 down, 1 up.
fn face(at: Place, place: u32) -> u32 {
    return select(0u, 1u, spins[spin_index(at.block, geometry[level.faces + place], at.configuration)] > 0);
}

// Factors of a bond, on a spin down and up, given the spin at its other end.
fn given(bond: vec2<f32>, other: u32) -> vec2<f32> {
    return select(bond.yx, bond, other == 1u);
}

// Factors of a site's field and of its bonds to the border at both ends of its row, on a spin down and up.
fn site_weights(at: Place, row: u32, site: u32) -> vec2<f32> {
    var weights = field_of(at, row, site);
    if site == 0u {
        weights *= given(bond_of(at, row, site, TO_LEFT), face(at, LEFT + row));
    }
    if site + 1u == COLUMNS {
        weights *= given(bond_of(at, row, site, TO_RIGHT), face(at, RIGHT + row));
    }
    return weights;
}
