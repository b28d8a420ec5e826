// Sums of subgroups into the first places of `reduced`, 0 for eights that belong to a subgroup begun before.
// Needs subgroups of at least 8 lanes, in the order of local indices. Where they have 8, as Mesa's software driver has with
// 256 bits, the bits are those of sum_eights_own.
fn sum_eights(lane: u32, value: f32) {
    let sum = subgroupAdd(value);
    let is_first = subgroupBroadcastFirst(lane) == lane;
    if lane % 8u == 0u {
        reduced[lane / 8u] = select(0.0, sum, is_first);
    }
}
