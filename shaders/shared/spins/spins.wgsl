// Access to spins through the level's table of sites. Needs `level`, `geometry`, `spins`.
// `local` counts the block's sites, border first.

fn spin_index(block: u32, local: u32, configuration: u32) -> u32 {
    return geometry[level.sites + block * level.inputs + local] * level.batch + configuration;
}
