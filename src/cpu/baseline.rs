//! Batch mean of the root rewards.

use super::Real;
use super::state::State;

pub(super) fn run<R: Real>(state: &mut State<R>) {
    let sum: R = state.reward[..state.batch].iter().copied().sum();
    state.baseline = sum / R::of(state.batch as f64);
}
