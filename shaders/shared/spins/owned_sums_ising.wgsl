// Sums over what a block owns, each term times its weight, in LANE_ROWS neighbouring configurations. Needs `level`, `geometry` and `spins`:
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
            let product =
                owned_spin(block, geometry[bond], configuration) * owned_spin(block, geometry[bond + 1u], configuration);
            sum += select(RowSpins(0), bond_weight(block, number) * product, first + k < bonds);
        }
    }
    return sum;
}

fn spin_sum(block: u32, configuration: u32) -> RowSpins {
    var sum = RowSpins(0);
    for (var first = level.border; first < level.inputs; first += 8u) {
        for (var k = 0u; k < 8u; k++) {
            let local = min(first + k, level.inputs - 1u);
            let spin = owned_spin(block, local, configuration);
            sum += select(RowSpins(0), site_weight(block, local - level.border) * spin, first + k < level.inputs);
        }
    }
    return sum;
}

#include spins/owned_spin
