// Sums over what a block owns, in LANE_ROWS neighbouring configurations. Needs `level`, `geometry` and `spins`:
// array<RowSpins>, [site][batch / LANE_ROWS].

#include rows_$ROWS

struct OwnedSums {
    bonds: RowSpins,
    spins: RowSpins,
}

fn owned_sums(block: u32, configuration: u32) -> OwnedSums {
    let sites = level.sites + block * level.inputs;
    let stride = level.batch / LANE_ROWS;
    let rows = configuration / LANE_ROWS;
    let first_bond = level.bonds;
    let bonds = level.bond_count;
    var sums = OwnedSums(RowSpins(0), RowSpins(0));
    for (var bond = 0u; bond < bonds; bond++) {
        let earlier = geometry[sites + geometry[first_bond + 2u * bond]];
        let later = geometry[sites + geometry[first_bond + 2u * bond + 1u]];
        sums.bonds += spins[earlier * stride + rows] * spins[later * stride + rows];
    }
    let end = level.inputs;
    for (var local = level.border; local < end; local++) {
        sums.spins += spins[geometry[sites + local] * stride + rows];
    }
    return sums;
}
