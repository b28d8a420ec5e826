//! Starting configurations: every second chain starts in order, the others at random. Two starts as far apart as these
//! agree only when both have forgotten where they came from.

use super::Setup;
use crate::lattice::{Interaction, Spins, System};
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
    if let Spins::Potts { states } = system.spins {
        return start_in_colours(system, pattern, states as i8, chain, stream);
    }
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

/// The same of Potts spins. Order is one colour for J >= 0, that of the field if there is one, else a colour for every ordered chain in turn; for J < 0 two colours that
/// alternate. With couplings of single bonds it is `pattern`, without fields with its colours moved on for every ordered chain in turn.
fn start_in_colours(
    system: &System,
    pattern: &[i8],
    states: i8,
    chain: usize,
    stream: &mut Stream,
) -> Vec<i8> {
    let Interaction { coupling, field } = system.interaction;
    let turn = (chain / 2 % states as usize) as i8;
    let first = match field {
        0.0 => turn,
        field if field > 0.0 => 0,
        _ => 1,
    };
    let mut colour = |site: u32| match is_ordered(chain) {
        true if system.weights.is_some() => {
            let moved = if system.is_symmetric() { turn } else { 0 };
            (pattern[site as usize] + moved) % states
        }
        true if coupling < 0.0 => {
            let [plane, row, column] = system.lattice.place(site);
            (first + ((plane + row + column) % 2) as i8) % states
        }
        true => first,
        false => stream.random_range(0..states),
    };
    (0..system.lattice.sites() as u32).map(&mut colour).collect()
}
