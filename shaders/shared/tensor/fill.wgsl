// Goes through the rows of boxes, part by part: environments of the rows of a part from the last, then their spins from the first. Twin of
// `src/mps/sampler.rs`. Brings the entry point. Needs the kernel's chosen_spin(at, site, up) and keep_row(at, lane, row).

#include numbers/philox
#include spins/spins
#include tensor/box
#include tensor/environment
#include tensor/line
#include lanes/entry_workgroup

// The environments of the last rows of all parts.
fn make_part_ends(at: Place, lane: u32) {
    var from_row = at.scratch;
    var to_row = at.scratch + OF_ROW;
    last_environment(at, lane, from_row);
    for (var step_up = 1u; step_up <= ROWS + 1u - min(KEPT, ROWS); step_up++) {
        let row = ROWS - step_up;
        if (row + 1u) % KEPT == 0u || row + 1u == ROWS {
            copy_row(lane, from_row, at.scratch + ENDS + row / KEPT * OF_ROW);
        }
        if row >= KEPT {
            environment_above(at, lane, row, from_row, to_row);
            let other = from_row;
            from_row = to_row;
            to_row = other;
        }
    }
}

fn copy_row(lane: u32, from_row: u32, to_row: u32) {
    for (var turn = 0u; turn < turns_of(OF_ROW); turn++) {
        let place = turn * LANES + lane;
        if place < OF_ROW {
            environments[to_row + place] = environments[from_row + place];
        }
    }
    settle();
}

// The environments of all rows of a part.
fn make_part(at: Place, lane: u32, part: u32) {
    let first = part * KEPT;
    let count = min(KEPT, ROWS - first);
    copy_row(lane, at.scratch + ENDS + part * OF_ROW, at.scratch + (count - 1u) * OF_ROW);
    for (var step_up = 1u; step_up < KEPT; step_up++) {
        if step_up < count {
            let kept = count - step_up;
            environment_above(at, lane, first + kept, at.scratch + kept * OF_ROW, at.scratch + (kept - 1u) * OF_ROW);
        }
    }
}

// Fills a box, or takes its spins as they are; ln q of them.
fn fill_box(at: Place, lane: u32) -> f32 {
    make_part_ends(at, lane);
    for (var turn = 0u; turn < turns_of(COLUMNS); turn++) {
        let site = turn * LANES + lane;
        if site < COLUMNS {
            line[site] = face(at, ABOVE + site);
        }
    }
    var product = Product(1.0, 0);
    for (var part = 0u; part < PARTS; part++) {
        make_part(at, lane, part);
        for (var kept = 0u; kept < KEPT; kept++) {
            let row = part * KEPT + kept;
            if row < ROWS {
                product = walk_line(at, lane, row, at.scratch + kept * OF_ROW, product);
                keep_row(at, lane, row);
            }
        }
    }
    return -less_ln(vec2<f32>(0.0), ScaledSum(product.mantissa, 1.0, product.exponent));
}

fn work(group: u32, lane: u32) {
    for (var row = group; row < level.rows; row += level.workers) {
        let ln_q_of_box = fill_box(place_of(row, group), lane);
        if lane == 0u {
            ln_q[level.first_row + row] = ln_q_of_box;
        }
        workgroupBarrier();
    }
}
