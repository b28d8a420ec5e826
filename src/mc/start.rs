//! Starting configurations: every second chain starts in order, the others at random. Two starts as far apart as these
//! agree only when both have forgotten where they came from.

use super::Setup;
use crate::random::Stream;
use rand::RngExt;

/// Whether a chain starts in order.
pub(super) fn is_ordered(chain: usize) -> bool {
    chain.is_multiple_of(2)
}

/// `[sites]`: the configuration that a chain starts from. Order is along the field for J >= 0, else one of the two patterns
/// of least bond energy, half of the ordered chains each.
pub(super) fn start(setup: &Setup, chain: usize, stream: &mut Stream) -> Vec<i8> {
    let (side, interaction) = (setup.torus.side() as usize, setup.interaction);
    let alternates = interaction.coupling < 0.0;
    let first_up = match interaction.field {
        field if field != 0.0 && !alternates => field > 0.0,
        _ => (chain / 2).is_multiple_of(2),
    };
    let mut spin = |site: usize| {
        let odd = alternates && !(site / side + site % side).is_multiple_of(2);
        let up = if is_ordered(chain) { first_up != odd } else { stream.random_bool(0.5) };
        if up { 1 } else { -1 }
    };
    (0..setup.torus.sites()).map(&mut spin).collect()
}
