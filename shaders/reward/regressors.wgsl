// Regressors of the reward of every block of a level: 1, features of its border, the rest of the configuration's reward, and the reward itself.
// Grid: ceil(rows / LANE_ROWS / LANES) workgroups of LANES lanes, LANE_ROWS rows per lane, see rows_{one,four}.
// Axes: rows, encoding.
// Constants: LANES; Potts spins: COLOURS.
// Inputs have the border as bits, 32 spins to a word: products of spins are counted bits. The pairs of border sites whose products count
// stand in `geometry` from `level.path_pairs` on: for every length of a path where its entries begin, their number and the paths of all
// pairs; an entry is the word of first ends (8 bits), that of the other ends (8 bits) and how many bits these lie higher (the rest);
// which bits of the first word have a pair; and the paths of each. Colours have pairs of bits for each of them, two of which differ where colours do: of these the
// table counts every path twice.

#include layout/types
#include lanes/dispatch

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read> spins: array<RowSpins>;           // [site][batch / LANE_ROWS]
@group(0) @binding(5) var<storage, read> inputs: array<RowWords>;          // [ceil(inputs / 32)][stride / LANE_ROWS]
@group(0) @binding(9) var<storage, read> reward: array<Rows>;              // per block
@group(0) @binding(31) var<storage, read_write> regressors: array<Rows>;   // [columns][stride / LANE_ROWS]

#include rows/rows_$ROWS
#include spins/spins

// Lengths of paths that features are made of.
const PATH_LENGTHS: u32 = 9u;

fn word(index: u32, row: u32) -> RowWords {
    return inputs[index * (level.stride / LANE_ROWS) + row];
}

// Bits from `shift` of the lower word on.
fn bits_from(low: RowWords, high: RowWords, shift: u32) -> RowWords {
    return (low >> RowWords(shift)) | ((high << RowWords(31u - shift)) << RowWords(1u));
}

#include regressors/products_$ENCODING

#include regressors/border_$ENCODING

fn keep(column: u32, row: u32, values: Rows) {
    regressors[column * (level.stride / LANE_ROWS) + row] = values;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups) * LANES + lane;
    if row >= level.rows / LANE_ROWS {
        return;
    }
    let block = row * LANE_ROWS / level.batch;
    let configuration = row * LANE_ROWS % level.batch;
    keep(0u, row, Rows(1.0));
    for (var length = 0u; length < PATH_LENGTHS; length++) {
        keep(1u + length, row, mean_product(length, row));
    }
    var m = Rows(0.0);
    if level.border > 0u {
        m = Rows(border_sum(row)) * (1.0 / f32(level.border)) * border_sign(block, configuration, row);
    }
    let square = m * m;
    keep(PATH_LENGTHS + 1u, row, abs(m));
    keep(PATH_LENGTHS + 2u, row, square);
    keep(PATH_LENGTHS + 3u, row, square * square);
    keep(PATH_LENGTHS + 4u, row, m);
    // Rewards are counted from those of the level's first row: only differences matter, and they keep more digits.
    let here = reward[level.first_row / LANE_ROWS + row];
    let reference = first_of(reward[level.first_row / LANE_ROWS]);
    let rest = (reward[configuration / LANE_ROWS] - here) - (first_of(reward[0]) - reference);
    keep(PATH_LENGTHS + 5u, row, rest);
    keep(PATH_LENGTHS + 6u, row, here - reference);
}
