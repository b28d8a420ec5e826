// The rows of a lane of a net that colours share: lanes of a workgroup are the passes of all colours over the same rows, ROWS_OF_GROUP of them side by side. Needs masked_block_bindings.

const ROWS_OF_GROUP: u32 = LANES / COLOURS;

// The colour that a lane's pass is of, and which of the workgroup's rows it has.
var<private> own_colour: u32;
var<private> own_place: u32;

fn start_row(wanted: u32) {
    let rows = level.rows / LANE_ROWS;
    own_place = wanted % LANES % ROWS_OF_GROUP;
    let colour = wanted % LANES / ROWS_OF_GROUP;
    own_colour = min(colour, COLOURS - 1u);
    let row = wanted / LANES * ROWS_OF_GROUP + own_place;
    let here = min(row, rows - 1u);
    own.row = own_colour * rows + here;
    own.stride = level.stride / LANE_ROWS;
    own.block = here * LANE_ROWS / level.batch;
    own.configuration = here * LANE_ROWS % level.batch;
    own.stores = row < rows && colour < COLOURS;
    own.gauge = Rows(1.0);
}

// Rows that as many lanes would take as workgroups have.
fn rows_of_lanes() -> u32 {
    return (level.rows / LANE_ROWS + ROWS_OF_GROUP - 1u) / ROWS_OF_GROUP * LANES * LANE_ROWS;
}
