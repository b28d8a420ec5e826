// Dispatches of more than 65535 workgroups are folded into y.

fn group_index(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.y * groups.x + group.x;
}
