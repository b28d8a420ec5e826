// Bonds between equal colours and sites of colour 0 that a block owns, each term times its weight, in LANE_ROWS neighbouring configurations. Needs `level`, `geometry` and `spins`:
// array<RowSpins>, [site][batch / LANE_ROWS], and rows_{one,four} before it.
// Eight bonds or spins a turn: a graphics card waits for what it loads, once for all eight.

#include spins/weights_$COUPLINGS
#include spins/owned_sums

fn bond_sum(block: u32, configuration: u32) -> RowSpins {
    let bonds = level.bond_count;
    var sum = RowSpins(0);
    for (var first = 0u; first < bonds; first += 8u) {
        for (var k = 0u; k < 8u; k++) {
            let number = min(first + k, bonds - 1u);
            let bond = level.bonds + 2u * number;
            let are_equal =
                owned_spin(block, geometry[bond], configuration) == owned_spin(block, geometry[bond + 1u], configuration);
            sum += select(RowSpins(0), RowSpins(bond_weight(block, number)), are_equal & (RowSpins(i32(first + k)) < RowSpins(i32(bonds))));
        }
    }
    return sum;
}

fn spin_sum(block: u32, configuration: u32) -> RowSpins {
    var sum = RowSpins(0);
    for (var first = level.border; first < level.inputs; first += 8u) {
        for (var k = 0u; k < 8u; k++) {
            let local = min(first + k, level.inputs - 1u);
            let is_first = owned_spin(block, local, configuration) == RowSpins(0);
            let weight = RowSpins(site_weight(block, local - level.border));
            sum += select(RowSpins(0), weight, is_first & (RowSpins(i32(first + k)) < RowSpins(i32(level.inputs))));
        }
    }
    return sum;
}

#include spins/owned_spin
