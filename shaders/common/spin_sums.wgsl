// Sums over the spins of a block. Needs `level`, `geometry`, `spins`.

#include spins

fn border_sum(block: u32, configuration: u32) -> i32 {
    var sum = 0;
    for (var local = 0u; local < level.border; local++) {
        sum += spins[spin_index(block, local, configuration)];
    }
    return sum;
}

// Bond sum and spin sum that the block owns.
fn owned_sums(block: u32, configuration: u32) -> vec2<i32> {
    var sums = vec2<i32>(0, 0);
    for (var bond = 0u; bond < level.bond_count; bond++) {
        let earlier = geometry[level.bonds + 2u * bond];
        let later = geometry[level.bonds + 2u * bond + 1u];
        sums.x += spins[spin_index(block, earlier, configuration)] * spins[spin_index(block, later, configuration)];
    }
    for (var local = level.border; local < level.inputs; local++) {
        sums.y += spins[spin_index(block, local, configuration)];
    }
    return sums;
}
