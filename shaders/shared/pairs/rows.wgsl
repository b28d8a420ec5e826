// Configurations side by side, and pairs of sites. Needs `level` and SITES.

// Configurations of a pass, in one vector.
const ROWS: u32 = 4u;
const PAIRS: u32 = SITES * (SITES - 1u) / 2u;
// The value of `level.gauge` where the first spin is the sign of all.
const FIRST_OWN: u32 = 2u;

// The pair of a site and a later one: of every site in order those with all later ones.
fn pair_of(site: u32, later: u32) -> u32 {
    return site * (2u * SITES - site - 1u) / 2u + later - site - 1u;
}

// Rows from one on; what is beyond the last repeats it.
fn rows_from(first: u32) -> vec4<u32> {
    return min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(level.rows - 1u));
}
