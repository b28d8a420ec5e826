// The places of a patch's numbers. Needs `task`, `blocks` and `patches`.

// The sites of a patch as a coupling takes them: first the two whose numbers stay as they are. Twin of `couplings` in `src/neuralrg/flow.rs`.
fn turned(sites: vec4<u32>, coupling: u32) -> vec4<u32> {
    switch coupling % 6u {
        case 0u: { return sites.xwyz; }
        case 1u: { return sites.yzxw; }
        case 2u: { return sites; }
        case 3u: { return sites.zwxy; }
        case 4u: { return sites.xzyw; }
        default: { return sites.ywxz; }
    }
}

// A patch of a configuration: the configuration, the places of its numbers in the order of a coupling, and that of its part of ln q.
struct Patch {
    row: u32,
    at: vec4<u32>,
    part: u32,
}

// Patch number `item` of those of a block in all configurations from `first_row` on.
fn patch_of(block: vec2<u32>, first_row: u32, item: u32, coupling: u32) -> Patch {
    let row = first_row + item / block.y;
    let number = item % block.y;
    let sites = turned(patches[block.x + number], coupling);
    return Patch(row, vec4<u32>(row * task.sites) + sites, row * (task.sites / 4u) + number);
}
