// The rows of a lane. Needs masked_block_bindings.

fn start_row(wanted: u32) {
    own.row = min(wanted, end_of_rows() / LANE_ROWS - 1u);
    own.stride = level.stride / LANE_ROWS;
    own.block = own.row * LANE_ROWS / level.batch;
    own.configuration = own.row * LANE_ROWS % level.batch;
    own.stores = wanted < end_of_rows() / LANE_ROWS;
    own.gauge = Rows(1.0);
    if level.gauge == 3u {
        own.gauge = image_sign(own.block, own.configuration);
    }
}
