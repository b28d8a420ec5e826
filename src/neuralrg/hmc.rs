//! Hybrid Monte Carlo (S. Duane et al., Phys. Lett. B 195, 216, 1987) of the field, in its own numbers or in those that a flow makes it of.

use super::dual::Dual;
use super::fields::Fields;
use super::flow::Flow;
use super::noise::Noise;
use crate::cpu::Real;
use crate::random::philox;
use crate::sixteen::LANES;
use rayon::prelude::*;

/// Sets momenta and starts apart from other numbers of the same seed.
const MOMENTA: u32 = 0x686d;
const STARTS: u32 = 0x686e;
const ACCEPTANCE: u32 = 0x6e72_6725;
const LENGTHS: u32 = 0x686f;
/// Leaps of a trajectory have a length of their own, between the longest one and this share of it.
const SHORTEST: f64 = 0.125;
/// The share of trajectories that is aimed at, and how fast the step follows.
const WANTED: f64 = 0.8;
const GAIN: f64 = 0.5;

/// The numbers that move.
#[derive(Debug, Clone, Copy)]
pub enum Space<'a, R> {
    /// Those of the field: the potential is E(x).
    Physical,
    /// Those that a flow makes the field of: the potential is `E(g(z)) - ln |det dg/dz|`, that of independent normal numbers where the flow is perfect (Li and Wang).
    Latent(&'a Flow<R>),
}

/// Chains side by side.
#[derive(Debug, Clone)]
pub struct Hmc<'a, R> {
    dual: &'a Dual<R>,
    space: Space<'a, R>,
    seed: u32,
    /// Leapfrog steps of a trajectory.
    leaps: u32,
    /// Length of the longest leapfrog steps.
    pub step_size: f64,
    trajectories: u32,
    /// Places of all chains in the space.
    places: Fields<R>,
    /// The field there.
    x: Fields<R>,
    /// `[chains]` potentials, and their gradients.
    potentials: Vec<f64>,
    slopes: Fields<R>,
}

/// Places, the field there, potentials and gradients.
struct Point<R> {
    x: Fields<R>,
    potentials: Vec<f64>,
    slopes: Fields<R>,
}

impl<'a, R: Real> Hmc<'a, R> {
    /// So many chains that start at independent normal numbers, a pure function of the seed.
    pub fn new(dual: &'a Dual<R>, space: Space<'a, R>, chains: usize, leaps: u32, seed: u32) -> Self {
        Self::at(dual, space, Noise::new(seed, STARTS, 0).fields(0, chains, dual.sites()), leaps, seed)
    }

    /// Chains that start at fields given spins, `[chains][sites]`, +-1.
    pub fn from_spins(dual: &'a Dual<R>, space: Space<'a, R>, spins: &[i8], leaps: u32, seed: u32) -> Self {
        let x = dual.draw_field(spins, Noise::new(seed, STARTS, 0));
        let places = match space {
            Space::Physical => x,
            Space::Latent(flow) => flow.infer(&x).0,
        };
        Self::at(dual, space, places, leaps, seed)
    }

    fn at(dual: &'a Dual<R>, space: Space<'a, R>, places: Fields<R>, leaps: u32, seed: u32) -> Self {
        let Point { x, potentials, slopes } = point(dual, space, &places);
        let step_size = 0.1;
        Self { dual, space, seed, leaps, step_size, trajectories: 0, places, x, potentials, slopes }
    }

    /// The field of every chain.
    pub fn fields(&self) -> &Fields<R> {
        &self.x
    }

    /// One trajectory of every chain; the share of them that was accepted.
    pub fn advance(&mut self) -> f64 {
        let chains = self.places.rows();
        let mut momenta: Fields<R> =
            Noise::new(self.seed, MOMENTA, self.trajectories).fields(0, chains, self.dual.sites());
        let before = energies(&momenta, &self.potentials);
        let length = self.length();
        let (size, half) = (R::of(length), R::of(0.5 * length));
        let mut places = self.places.clone();
        let mut end = Point { x: self.x.clone(), potentials: Vec::new(), slopes: self.slopes.clone() };
        add(&mut momenta, -half, &end.slopes);
        for leap in 1..=self.leaps {
            add(&mut places, size, &momenta);
            end = point(self.dual, self.space, &places);
            add(&mut momenta, if leap == self.leaps { -half } else { -size }, &end.slopes);
        }
        let after = energies(&momenta, &end.potentials);
        let is_accepted: Vec<bool> = (0..chains)
            .map(|chain| {
                // A potential that is no number is never accepted.
                self.uniform(ACCEPTANCE, chain as u32) < (before[chain] - after[chain]).exp()
            })
            .collect();
        for (into, from) in
            [(&mut self.places, &places), (&mut self.x, &end.x), (&mut self.slopes, &end.slopes)]
        {
            take(into, from, &is_accepted);
        }
        for (chain, _) in is_accepted.iter().enumerate().filter(|(_, is_accepted)| **is_accepted) {
            self.potentials[chain] = end.potentials[chain];
        }
        self.trajectories += 1;
        is_accepted.iter().filter(|is_accepted| **is_accepted).count() as f64 / chains as f64
    }

    /// Length of the leaps of the next trajectory, uniform in its logarithm. Chains pass through narrow places by short leaps alone, and by long ones through wide places (R. M. Neal,
    /// Handbook of Markov Chain Monte Carlo, 2011, 5.4.2.2); since the length depends on no place, every trajectory stays reversible.
    fn length(&self) -> f64 {
        self.step_size * SHORTEST.powf(self.uniform(LENGTHS, 0))
    }

    /// A number in (0, 1) that belongs to the next trajectory.
    fn uniform(&self, key: u32, chain: u32) -> f64 {
        let word = philox([self.seed, key], [chain, self.trajectories, 0, 0])[0];
        (f64::from(word) + 0.5) / 4_294_967_296.0
    }

    /// One trajectory of every chain on the way to equilibrium, after which the step is longer or shorter as more or fewer were accepted than is good.
    pub fn adapt(&mut self) -> f64 {
        let accepted = self.advance();
        self.step_size *= (GAIN * (accepted - WANTED)).exp();
        accepted
    }
}

/// The field at places in a space, with potentials and gradients.
fn point<R: Real>(dual: &Dual<R>, space: Space<'_, R>, places: &Fields<R>) -> Point<R> {
    let (x, ln_det) = match space {
        Space::Physical => (places.clone(), None),
        Space::Latent(flow) => {
            let (x, ln_q) = flow.generate(places);
            let of_latent = Flow::ln_normal(places);
            (
                x,
                Some(
                    of_latent
                        .into_iter()
                        .zip(ln_q)
                        .map(|(of_latent, ln_q)| of_latent - ln_q)
                        .collect::<Vec<_>>(),
                ),
            )
        }
    };
    let (energies, slopes) = dual.energies_and_slopes(&x);
    match (space, ln_det) {
        (Space::Latent(flow), Some(ln_det)) => {
            let (_, slopes) = flow.pull_back(&x, &slopes, -R::one());
            let potentials = energies.iter().zip(ln_det).map(|(energy, ln_det)| energy - ln_det).collect();
            Point { x, potentials, slopes }
        }
        _ => Point { x, potentials: energies, slopes },
    }
}

/// `[chains]`: potential and kinetic energies.
fn energies<R: Real>(momenta: &Fields<R>, potentials: &[f64]) -> Vec<f64> {
    let kinetic = |chain: usize| -> f64 {
        let squares =
            momenta.group(chain / LANES).iter().map(|momentum| momentum[chain % LANES].widen().powi(2));
        0.5 * squares.sum::<f64>()
    };
    potentials.iter().enumerate().map(|(chain, potential)| potential + kinetic(chain)).collect()
}

/// Adds a multiple of other fields.
fn add<R: Real>(to: &mut Fields<R>, factor: R, other: &Fields<R>) {
    let sites = other.sites();
    let groups = to.lanes_mut().par_chunks_exact_mut(sites).enumerate();
    groups.for_each(|(group, to)| {
        for (to, &other) in to.iter_mut().zip(other.group(group)) {
            *to = to.plus_scaled(factor, other);
        }
    });
}

/// Takes over the chains that are told.
fn take<R: Real>(to: &mut Fields<R>, from: &Fields<R>, is_taken: &[bool]) {
    let sites = from.sites();
    for (group, to) in to.lanes_mut().chunks_exact_mut(sites).enumerate() {
        for (to, from) in to.iter_mut().zip(from.group(group)) {
            for (lane, _) in
                is_taken[group * LANES..].iter().take(LANES).enumerate().filter(|(_, taken)| **taken)
            {
                to[lane] = from[lane];
            }
        }
    }
}
