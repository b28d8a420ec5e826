//! Advantage of every block: the published global form, `(R_root - batch mean) / batch`.

use super::Real;
use super::state::State;

pub(super) fn run<R: Real>(state: &mut State<R>) {
    let scale = R::one() / R::of(state.batch as f64);
    let roots = &state.reward[..state.batch];
    for rows in state.advantage.chunks_mut(state.batch) {
        for (advantage, &reward) in rows.iter_mut().zip(roots) {
            *advantage = (reward - state.baseline) * scale;
        }
    }
}
