// Sums of eight lanes each into the first places of `reduced`, by exchange within subgroups. The same bits as sum_eights_workgroup.
// Needs subgroups of at least 8 lanes, all at work.
fn sum_eights(lane: u32, value: f32) {
    var sum = value;
    sum += subgroupShuffleXor(sum, 1u);
    sum += subgroupShuffleXor(sum, 2u);
    sum += subgroupShuffleXor(sum, 4u);
    if lane % 8u == 0u {
        reduced[lane / 8u] = sum;
    }
}
