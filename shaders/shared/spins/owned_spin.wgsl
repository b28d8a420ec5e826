// The spins of one of a block's sites in LANE_ROWS neighbouring configurations. Needs `level`, `geometry` and `spins`.

fn owned_spin(block: u32, local: u32, configuration: u32) -> RowSpins {
    let site = geometry[level.sites + block * level.inputs + local];
    return spins[site * (level.batch / LANE_ROWS) + configuration / LANE_ROWS];
}
