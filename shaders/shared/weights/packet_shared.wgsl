// Eight parameters at equal distances, the same for all lanes. Each lane of a subgroup loads one of them and hands it to the
// others: for software adapters, where a load costs each lane as much as many products.
// Needs subgroups of at least 8 lanes, in the order of local indices, and all lanes at work.
fn packet(start: u32, stride: u32, lane: u32) -> array<f32, 8> {
    let own = parameter(start + lane % 8u * stride);
    return array<f32, 8>(
        subgroupBroadcast(own, 0u), subgroupBroadcast(own, 1u), subgroupBroadcast(own, 2u), subgroupBroadcast(own, 3u),
        subgroupBroadcast(own, 4u), subgroupBroadcast(own, 5u), subgroupBroadcast(own, 6u), subgroupBroadcast(own, 7u),
    );
}

// Eight weights to neighbouring hidden units.
fn unit_packet(start: u32, lane: u32) -> array<f32, 8> {
    return packet(start, 1u, lane);
}
