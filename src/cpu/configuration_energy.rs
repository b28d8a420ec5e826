//! Bond sum and spin sum of whole configurations, as integers.

use super::state::State;

pub(super) fn run<R>(state: &mut State<R>) {
    for (row, total) in state.configuration_sums.iter_mut().enumerate() {
        *total = [0; 2];
        for sums in state.sums.iter().skip(row).step_by(state.batch) {
            *total = [total[0] + sums[0], total[1] + sums[1]];
        }
    }
}
