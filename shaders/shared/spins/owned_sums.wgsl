// Sums over a block's own bonds and spins, by bond_sum and spin_sum of owned_sums_{ising,potts}.

struct OwnedSums {
    bonds: RowSpins,
    spins: RowSpins,
}

fn owned_sums(block: u32, configuration: u32) -> OwnedSums {
    return OwnedSums(bond_sum(block, configuration), spin_sum(block, configuration));
}
