// A Potts spin whose neighbours are all fixed: p(c) ~ exp(beta J n_c + beta H [c = 0]), where n_c neighbours have colour c, each counted with the weight of its bond.

#include spins/spins
#include spins/weights_$COUPLINGS
#include numbers/activation
#include numbers/spread

// Neighbours of every colour, by the weights of the bonds to them.
var<private> neighbours: array<i32, COLOURS>;
// Logarithms of the Boltzmann factors of the colours, the largest of them, and the sum of the factors over the largest.
var<private> energies: array<f32, COLOURS>;
var<private> largest: f32;
var<private> sum: f32;

fn count_neighbours(block: u32, configuration: u32) {
    for (var c = 0u; c < COLOURS; c++) {
        neighbours[c] = 0;
    }
    for (var bond = 0u; bond < level.bond_count; bond++) {
        let colour = spins[spin_index(block, geometry[level.bonds + 2u * bond], configuration)];
        let weight = bond_weight(block, bond);
        for (var c = 0u; c < COLOURS; c++) {
            neighbours[c] += select(0, weight, i32(c) == colour);
        }
    }
    largest = -3.4e38;
    for (var c = 0u; c < COLOURS; c++) {
        let of_bonds = step.beta_coupling * f32(neighbours[c]);
        let of_field = select(vec2<f32>(0.0), step.beta_field * f32(site_weight(block, 0u)), c == 0u);
        energies[c] = (of_bonds.x + of_field.x) + (of_bonds.y + of_field.y);
        largest = max(largest, energies[c]);
    }
    sum = 0.0;
    for (var c = 0u; c < COLOURS; c++) {
        sum += exp_minus_abs(energies[c] - largest);
    }
}

// ln of a sum from 1 to COLOURS.
fn ln_of_sum() -> f32 {
    let power = (bitcast<u32>(sum) >> 23u) - 127u;
    let mantissa = sum * bitcast<f32>((127u - power) << 23u);
    return f32(power) * 0.6931472 + ln_1p(mantissa - 1.0);
}

// Reward, -ln of the sum of the Boltzmann factors, shifted; a multiple of 2^-22, up or down.
fn reward_of_site(block: u32, configuration: u32) -> f32 {
    let shift = step.reward_shift.x * f32(level.bond_count) + step.reward_shift.y;
    // The large numbers, shift and energy, cancel first.
    let reward = (shift - largest) - ln_of_sum();
    return floor(reward * 0x1p22f + spread(block, step.first_configuration + configuration)) * 0x1p-22f;
}

// The colour at which the sum of probabilities from colour 0 on passes a number in [0, 1).
fn colour_at(number: f32) -> u32 {
    var colour = 0u;
    var so_far = 0.0;
    for (var c = 0u; c + 1u < COLOURS; c++) {
        so_far += exp_minus_abs(energies[c] - largest);
        colour += select(0u, 1u, number * sum >= so_far);
    }
    return colour;
}

fn ln_q_of_colour(block: u32, configuration: u32, colour: u32) -> f32 {
    return (energies[colour] - largest) - ln_of_sum();
}
