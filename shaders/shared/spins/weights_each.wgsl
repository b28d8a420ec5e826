// Weights of a block's own bonds and sites where each has its own: `geometry` has them from `level.weights` on, [blocks][bonds] and then
// [blocks][own]. Needs `level` and `geometry`.

fn bond_weight(block: u32, bond: u32) -> i32 {
    return i32(geometry[level.weights + block * level.bond_count + bond]);
}

fn site_weight(block: u32, own: u32) -> i32 {
    return i32(geometry[level.weights + level.blocks * level.bond_count + block * level.own + own]);
}
