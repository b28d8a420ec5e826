//! Advantage `-1 / batch` of every block: with it, the gradient is that of `-E[ln q]` over given configurations.

use super::Real;
use super::state::State;

pub(super) fn run<R: Real>(state: &mut State<R>) {
    let advantage = -R::one() / R::of(state.batch as f64);
    state.advantage.fill(advantage);
}
