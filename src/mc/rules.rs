//! Neighbours and probabilities that the updates of all chains of a simulation share.

use super::Algorithm;
use super::colours::Colours;
use super::multicanonical::Lift;
use super::replicas::{Ladder, Replicas};
use crate::lattice::{Adjacency, Ensemble, Interaction, Spins, acceptance};

/// Neighbours of every site, and probabilities times 2^32.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) ensemble: Ensemble,
    pub(super) algorithm: Algorithm,
    pub(super) adjacency: Adjacency,
    /// `[sites]`: the spins of a ground state without field.
    pub(super) pattern: Vec<i8>,
    /// Signs of J and H.
    pub(super) coupling: i8,
    pub(super) field: i8,
    /// A satisfied bond joins its ends: `1 - exp(-2 beta |J|)`.
    pub(super) bond: u64,
    /// A spin along the field is tied to the ghost spin that carries it: `1 - exp(-2 beta |H|)`.
    pub(super) ghost: u64,
    /// A satisfied bond of two pairs of opposite spins joins them: `1 - exp(-4 beta |J|)`.
    pub(super) pair: u64,
    /// Thresholds of [`acceptance`].
    pub(super) flip: [u32; 16],
    /// A spin is up in a heat bath of its neighbours, at half of their number and their sum: `1 / (1 + exp(-2 beta (J sum + H)))`.
    pub(super) up: Vec<u64>,
    /// Numbers that the updates of Potts spins need.
    pub(super) colours: Option<Colours>,
    /// What tempering needs.
    pub(super) ladder: Option<Ladder>,
    /// The factor of multicanonical replicas, where there are two phases.
    pub(super) lift: Option<Lift>,
}

/// Sweeps that look for a configuration of low energy, where bonds have couplings of their own.
const SEARCH: usize = 200;
/// Over the typical field on a spin, the inverse temperature where they look.
const SEARCH_BETA: f64 = 3.0;

impl Rules {
    pub(super) fn new(ensemble: &Ensemble, algorithm: Algorithm) -> Self {
        let Ensemble { system, beta } = ensemble;
        let (lattice, interaction) = (system.lattice, system.interaction);
        let sites = 0..lattice.sites() as u32;
        let most = lattice.coordination() as i32;
        let up = |sum: i32| {
            let odds = (-2.0 * beta * interaction.local_field(sum, 1)).exp();
            (2.0_f64.powi(32) / (1.0 + odds)) as u64
        };
        let joined = |energy: f64| (-(-2.0 * beta * energy.abs()).exp_m1() * 2.0_f64.powi(32)) as u64;
        let rules = Self {
            ensemble: ensemble.clone(),
            algorithm,
            adjacency: Adjacency::new(system),
            pattern: sites.map(|site| system.ordered_spin(site)).collect(),
            coupling: sign(interaction.coupling),
            field: sign(interaction.field),
            bond: joined(interaction.coupling),
            ghost: joined(interaction.field),
            pair: joined(2.0 * interaction.coupling),
            flip: acceptance(system, *beta),
            up: (-most..=most).step_by(2).map(up).collect(),
            colours: match system.spins {
                Spins::Ising => None,
                Spins::Potts { states } => {
                    let Interaction { coupling, field } = interaction;
                    Some(Colours::new(states, lattice.coordination(), coupling, field, *beta))
                }
            },
            ladder: None,
            lift: None,
        };
        if algorithm == Algorithm::Multicanonical {
            let lift = rules.colours.as_ref().and_then(|colours| Lift::new(&rules, colours));
            return Self { lift, ..rules };
        }
        if algorithm != Algorithm::Tempering {
            return rules;
        }
        let pattern = if system.weights.is_some() { rules.low_energy() } else { rules.pattern.clone() };
        let ladder = Some(Ladder::new(ensemble));
        Self { pattern, ladder, ..rules }
    }

    /// A configuration of low energy: the coldest of replicas that are much colder than the ensemble may be. Always the same.
    fn low_energy(&self) -> Vec<i8> {
        let system = &self.ensemble.system;
        let typical = system.typical_field();
        let beta = if typical > 0.0 { SEARCH_BETA / typical } else { self.ensemble.beta };
        let ladder = Ladder::new(&Ensemble { system: system.clone(), beta });
        let mut spins = vec![1; system.lattice.sites()];
        let mut replicas = Replicas::new(&ladder, &spins, [0; 2]);
        (0..SEARCH).for_each(|_| replicas.sweep(self, &ladder));
        replicas.copy_coldest(&mut spins);
        spins
    }

    /// Bonds of the lattice.
    pub(super) fn bonds(&self) -> usize {
        self.ensemble.system.lattice.bond_count()
    }

    /// Bonds between equal colours.
    pub(super) fn equal_bonds(&self, spins: &[i8]) -> usize {
        let of_site = |(site, colour): (u32, &i8)| {
            let own = self.neighbours(site).iter().step_by(2);
            own.filter(|&&neighbour| spins[neighbour as usize] == *colour).count()
        };
        (0..).zip(spins).map(of_site).sum()
    }

    /// The neighbours of a site, as [`Adjacency::neighbours`] gives them.
    pub(super) fn neighbours(&self, site: u32) -> &[u32] {
        self.adjacency.neighbours(site as usize)
    }
}

/// -1, 0 or 1.
fn sign(value: f64) -> i8 {
    i8::from(value > 0.0) - i8::from(value < 0.0)
}
