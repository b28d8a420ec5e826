//! Starting configurations: every second chain starts in order, the others at random. Two starts as far apart as these
//! agree only when both have forgotten where they came from.

use super::Setup;
use crate::random::Stream;
use rand::RngExt;

/// Whether a chain starts in order.
pub(super) fn is_ordered(chain: usize) -> bool {
    chain.is_multiple_of(2)
}

/// `[sites]`: the configuration that a chain starts from, in order `pattern` or its opposite. Order is along the field for J >= 0, else a pattern
/// of least bond energy and its opposite, half of the ordered chains each.
pub(super) fn start(setup: &Setup, pattern: &[i8], chain: usize, stream: &mut Stream) -> Vec<i8> {
    let system = &setup.ensemble.system;
    let interaction = system.interaction;
    let first_up = match interaction.field {
        field if field != 0.0 && system.weights.is_some() => true,
        field if field != 0.0 && interaction.coupling >= 0.0 => field > 0.0,
        _ => (chain / 2).is_multiple_of(2),
    };
    let first = if first_up { 1 } else { -1 };
    let mut spin = |site: u32| match is_ordered(chain) {
        true => first * pattern[site as usize],
        false => {
            if stream.random_bool(0.5) {
                1
            } else {
                -1
            }
        }
    };
    (0..system.lattice.sites() as u32).map(&mut spin).collect()
}
