//! A replica that crosses between the two phases of a transition of first order (B. A. Berg and T. Neuhaus, Phys. Rev. Lett. 68, 9, 1992): its weight is that of Boltzmann
//! times a factor of the energy that lifts the valley between both phases to their height. It exchanges configurations with the chain itself, so that all
//! that is measured there has the Boltzmann distribution, however well the factor is known.

use super::colours::Colours;
use super::rules::Rules;
use crate::random::Stream;
use rand::RngExt;
use rayon::prelude::*;

/// Replicas that find the factor together; every second one starts in order.
const WALKERS: usize = 16;
/// Sweeps that show where both phases are; the first half of them is not looked at.
const LOOK: usize = 128;
/// Distances of the quartiles of the energy in a phase by which both phases must be apart.
const APART: f64 = 2.0;
/// Energies between both phases at which the factor is learned; it is exponential in between.
const KNOTS: usize = 48;
/// The penalty of the first visits: so much the logarithm of the factor loses.
const FIRST_PENALTY: f64 = 0.1;
/// Sweeps of all walkers per site while they learn, and those after which penalties are half as large.
const SWEEPS: usize = 128;
const HALVED: usize = 2;
/// Sweeps of a walker from one table of weights to the next.
const ROUND: usize = 4;
/// Most updates of single sites of all walkers.
const MOST_UPDATES: usize = 1 << 31;

/// The factor, by the number of bonds between equal colours.
#[derive(Debug)]
pub(super) struct Lift {
    /// `[bonds + 1]`: its logarithm.
    ln: Vec<f64>,
    /// `[bonds + 1][coordination + 1]`: weights of a colour, by the number of equal bonds that the site is no part of and that of its equal neighbours.
    weights: Vec<f64>,
}

/// The replica, which has all energies between both phases about equally often.
#[derive(Debug, Clone)]
pub(super) struct Lifted {
    /// `[sites]`.
    spins: Vec<i8>,
    /// Bonds between equal colours.
    equal: usize,
}

impl Lift {
    /// The factor of a system; none where there are no two phases. Always the same.
    pub(super) fn new(rules: &Rules, colours: &Colours) -> Option<Self> {
        let mut lift = Self::from_ln(vec![0.0; rules.bonds() + 1], rules, colours);
        let mut walkers: Vec<(Lifted, Stream)> = (0..WALKERS as u32)
            .map(|walker| (Lifted::start(rules, colours, walker), Stream::new(0, walker)))
            .collect();
        let [disorder, order] = phases(&mut walkers, rules, colours, &lift)?;
        let sites = rules.ensemble.system.lattice.sites();
        let rounds = (SWEEPS * sites).min(MOST_UPDATES / sites) / (ROUND * WALKERS);
        let mut penalties = Penalties { disorder, order, of_knots: [0.0; KNOTS] };
        for round in 0..rounds {
            let done = (round * ROUND * WALKERS) as f64 / (HALVED * sites) as f64;
            let visited: Vec<[usize; ROUND]> = walkers
                .par_iter_mut()
                .map(|(walker, stream)| {
                    std::array::from_fn(|_| {
                        walker.sweep(rules, colours, &lift, stream);
                        walker.equal
                    })
                })
                .collect();
            visited.iter().flatten().for_each(|&equal| penalties.add(equal, FIRST_PENALTY / (1.0 + done)));
            lift = Self::from_ln(
                (0..=rules.bonds()).map(|equal| -penalties.at(equal)).collect(),
                rules,
                colours,
            );
        }
        Some(lift)
    }

    fn from_ln(ln: Vec<f64>, rules: &Rules, colours: &Colours) -> Self {
        let coordination = rules.ensemble.system.lattice.coordination();
        let last = ln.len() - 1;
        let weights = (0..=last).flat_map(|rest| {
            let ln = &ln;
            (0..=coordination).map(move |own| {
                let with = (rest + own).min(last);
                colours.of_neighbours(own) * (ln[with] - ln[rest]).exp()
            })
        });
        Self { weights: weights.collect(), ln }
    }

    /// The weights of a colour by the number of its equal neighbours, where so many other bonds are equal.
    fn weights(&self, rest: usize) -> &[f64] {
        let count = self.weights.len() / self.ln.len();
        &self.weights[rest * count..][..count]
    }
}

/// Numbers of equal bonds in disorder and in order: medians, since some walkers may have left the phase they began in. Nothing where these are not two phases.
fn phases(
    walkers: &mut [(Lifted, Stream)],
    rules: &Rules,
    colours: &Colours,
    none: &Lift,
) -> Option<[f64; 2]> {
    let seen: Vec<Vec<usize>> = walkers
        .par_iter_mut()
        .map(|(walker, stream)| {
            let mut sweep = || {
                walker.sweep(rules, colours, none, stream);
                walker.equal
            };
            (0..LOOK).map(|_| sweep()).skip(LOOK / 2).collect()
        })
        .collect();
    let quartiles = |first: usize| {
        let mut values: Vec<usize> = seen.iter().skip(first).step_by(2).flatten().copied().collect();
        values.sort_unstable();
        [1, 2, 3].map(|quarter| values[quarter * values.len() / 4] as f64)
    };
    let ([_, order, _], [_, disorder, _]) = (quartiles(0), quartiles(1));
    let spread = [0, 1].map(|first| quartiles(first)[2] - quartiles(first)[0]);
    (order - disorder > APART * spread[0].max(spread[1])).then_some([disorder, order])
}

/// Minus the logarithm of the factor while it is learned: every visit makes an energy less likely (A. Laio and M. Parrinello, PNAS 99, 12562, 2002).
struct Penalties {
    /// Equal bonds of the first knot and the last one. Beyond them the factor is that of the knot.
    disorder: f64,
    order: f64,
    of_knots: [f64; KNOTS],
}

impl Penalties {
    /// The knot at or below a number of equal bonds, and the share of the next one.
    fn place(&self, equal: usize) -> (usize, f64) {
        let place = (equal as f64 - self.disorder) / (self.order - self.disorder) * (KNOTS - 1) as f64;
        let place = place.clamp(0.0, (KNOTS - 1) as f64);
        let knot = (place as usize).min(KNOTS - 2);
        (knot, place - knot as f64)
    }

    fn at(&self, equal: usize) -> f64 {
        let (knot, share) = self.place(equal);
        (1.0 - share) * self.of_knots[knot] + share * self.of_knots[knot + 1]
    }

    /// Adds to the penalty of a visited energy, if it lies between both phases. Twice at the first knot and the last one, which have half as many energies.
    fn add(&mut self, equal: usize, penalty: f64) {
        if (self.disorder..=self.order).contains(&(equal as f64)) {
            let (knot, share) = self.place(equal);
            for (knot, share) in [(knot, 1.0 - share), (knot + 1, share)] {
                let is_end = knot == 0 || knot == KNOTS - 1;
                self.of_knots[knot] += share * penalty * if is_end { 2.0 } else { 1.0 };
            }
        }
    }
}

impl Lifted {
    /// In order, or at random.
    fn start(rules: &Rules, colours: &Colours, walker: u32) -> Self {
        let mut stream = Stream::new(1, walker);
        let sites = rules.ensemble.system.lattice.sites();
        let mut colour =
            || if walker.is_multiple_of(2) { 0 } else { stream.random_range(0..colours.states()) };
        Self::from_spins((0..sites).map(|_| colour()).collect(), rules)
    }

    /// From a configuration.
    pub(super) fn from_spins(spins: Vec<i8>, rules: &Rules) -> Self {
        let equal = rules.equal_bonds(&spins);
        Self { spins, equal }
    }

    /// A heat bath of every site, row by row.
    pub(super) fn sweep(&mut self, rules: &Rules, colours: &Colours, lift: &Lift, stream: &mut Stream) {
        for site in 0..self.spins.len() {
            let counts = colours.count(rules.neighbours(site as u32), &self.spins);
            let rest = self.equal - usize::from(counts[self.spins[site] as usize]);
            let colour = colours.draw(&counts, lift.weights(rest), stream.random());
            self.equal = rest + usize::from(counts[colour as usize]);
            self.spins[site] = colour;
        }
    }

    /// Exchanges its configuration with one of Boltzmann's distribution, or leaves both as they are.
    pub(super) fn exchange(&mut self, spins: &mut Vec<i8>, rules: &Rules, lift: &Lift, stream: &mut Stream) {
        let equal = rules.equal_bonds(spins);
        if stream.random::<f64>() < (lift.ln[equal] - lift.ln[self.equal]).exp() {
            std::mem::swap(spins, &mut self.spins);
            self.equal = equal;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::lattice::{Interaction, Lattice, System};
    use crate::mc::Algorithm;

    /// Chains of 3 x 3 sites and three colours with a factor of `slope` per equal bond, which are exchanged with the chain and the only ones that move.
    fn energy_of_exchanges(slope: f64) -> (f64, f64) {
        let interaction = Interaction { coupling: 1.0, field: 0.0 };
        let system = System::potts(Lattice::square(3).unwrap(), interaction, 3).unwrap();
        let ensemble = system.at(0.9).unwrap();
        let rules = Rules::new(&ensemble, Algorithm::Hybrid);
        let colours = rules.colours.as_ref().unwrap();
        let ln = (0..=rules.bonds()).map(|equal| slope * equal as f64).collect();
        let lift = Lift::from_ln(ln, &rules, colours);
        let mut stream = Stream::new(7, 1);
        let mut spins = vec![0; 9];
        let mut lifted = Lifted::from_spins(spins.clone(), &rules);
        let count = 200_000;
        let energies = (0..count).map(|_| {
            lifted.sweep(&rules, colours, &lift, &mut stream);
            lifted.exchange(&mut spins, &rules, &lift, &mut stream);
            assert_eq!(lifted.equal, rules.equal_bonds(&lifted.spins));
            ensemble.system.energy(&spins)
        });
        let exact = exact::solve(&ensemble.system, ensemble.beta).unwrap();
        (energies.sum::<f64>() / f64::from(count) / 9.0, exact.energy_per_site)
    }

    #[test]
    fn exchanges_leave_the_distribution_of_boltzmann_whatever_the_factor() {
        for slope in [0.0, 0.2, -0.2] {
            let (found, exact) = energy_of_exchanges(slope);
            assert!((found - exact).abs() < 0.006, "{slope}: {found}, exact {exact}");
        }
    }

    #[test]
    fn one_phase_has_no_factor_and_two_phases_are_visited_alike() {
        let lift_of = |states: u32, beta: f64| {
            let interaction = Interaction { coupling: 1.0, field: 0.0 };
            let system = System::potts(Lattice::square(8).unwrap(), interaction, states).unwrap();
            let rules = Rules::new(&system.at(beta).unwrap(), Algorithm::Multicanonical);
            rules.lift.is_some().then_some(rules)
        };
        assert!(lift_of(5, 1.0).is_none() && lift_of(12, 2.0).is_none());
        let rules = lift_of(32, 1.895).unwrap();
        let (colours, lift) = (rules.colours.as_ref().unwrap(), rules.lift.as_ref().unwrap());
        let mut stream = Stream::new(3, 1);
        let mut lifted = Lifted::from_spins(vec![0; 64], &rules);
        // Of 128 bonds about 30 are equal in disorder, and 124 in order.
        let mut visits = [0; 3];
        for _ in 0..40_000 {
            lifted.sweep(&rules, colours, lift, &mut stream);
            visits[(lifted.equal.clamp(30, 119) - 30) / 30] += 1;
        }
        assert!(visits.iter().all(|&visits| visits > 2_000), "{visits:?}");
    }
}
