//! Hybrid Monte Carlo (S. Duane et al., Phys. Lett. B 195, 216, 1987) of the field, in its own numbers or in those that a flow makes it of.

use super::backend::{Backend, Leaps, Point, Space};
use super::dual::Dual;
use super::fields::Fields;
use super::noise::Noise;
use crate::cpu::Real;
use crate::error::Result;
use crate::random::philox;
use crate::sixteen::LANES;

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

/// Chains side by side.
#[derive(Debug)]
pub struct Hmc<'a, R> {
    backend: &'a mut dyn Backend<R>,
    space: Space,
    seed: u32,
    /// Leapfrog steps of a trajectory.
    leaps: u32,
    /// Length of the longest leapfrog steps.
    pub step_size: f64,
    trajectories: u32,
    chains: Point<R>,
}

impl<'a, R: Real> Hmc<'a, R> {
    /// So many chains of a flow and its field that start at independent normal numbers, a pure function of the seed.
    ///
    /// # Errors
    /// When the device fails, as of all its methods.
    pub fn new(
        backend: &'a mut dyn Backend<R>,
        space: Space,
        [chains, sites]: [usize; 2],
        leaps: u32,
        seed: u32,
    ) -> Result<Self> {
        let places = Noise::new(seed, STARTS, 0).fields(0, chains, sites);
        Self::at(backend, space, places, leaps, seed)
    }

    /// Chains that start at fields given spins, `[chains][sites]`, +-1.
    ///
    /// # Errors
    /// As [`Hmc::new`].
    pub fn from_spins(
        backend: &'a mut dyn Backend<R>,
        dual: &Dual<R>,
        space: Space,
        spins: &[i8],
        leaps: u32,
        seed: u32,
    ) -> Result<Self> {
        let x = dual.draw_field(spins, Noise::new(seed, STARTS, 0));
        let places = match space {
            Space::Physical => x,
            Space::Latent => backend.infer(&x)?.0,
        };
        Self::at(backend, space, places, leaps, seed)
    }

    fn at(
        backend: &'a mut dyn Backend<R>,
        space: Space,
        places: Fields<R>,
        leaps: u32,
        seed: u32,
    ) -> Result<Self> {
        let chains = backend.point(space, places)?;
        Ok(Self { backend, space, seed, leaps, step_size: 0.1, trajectories: 0, chains })
    }

    /// The field of every chain.
    pub fn fields(&self) -> &Fields<R> {
        &self.chains.x
    }

    /// One trajectory of every chain; the share of them that was accepted.
    ///
    /// # Errors
    /// As [`Hmc::new`].
    pub fn advance(&mut self) -> Result<f64> {
        let places = &self.chains.places;
        let (chains, sites) = (places.rows(), places.sites());
        let mut momenta = Noise::new(self.seed, MOMENTA, self.trajectories).fields(0, chains, sites);
        let before = energies(&momenta, &self.chains.potentials);
        let leaps = Leaps { length: self.length(), count: self.leaps };
        let end = self.backend.leap(self.space, &self.chains, &mut momenta, leaps)?;
        let after = energies(&momenta, &end.potentials);
        let is_accepted: Vec<bool> = (0..chains)
            .map(|chain| {
                // A potential that is no number is never accepted.
                self.uniform(ACCEPTANCE, chain as u32) < (before[chain] - after[chain]).exp()
            })
            .collect();
        self.chains.take(&end, &is_accepted);
        self.trajectories += 1;
        Ok(is_accepted.iter().filter(|is_accepted| **is_accepted).count() as f64 / chains as f64)
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
    ///
    /// # Errors
    /// As [`Hmc::new`].
    pub fn adapt(&mut self) -> Result<f64> {
        let accepted = self.advance()?;
        self.step_size *= (GAIN * (accepted - WANTED)).exp();
        Ok(accepted)
    }
}

impl<R: Real> Point<R> {
    /// Takes over the chains that are told.
    fn take(&mut self, from: &Self, is_taken: &[bool]) {
        take(&mut self.places, &from.places, is_taken);
        take(&mut self.x, &from.x, is_taken);
        take(&mut self.slopes, &from.slopes, is_taken);
        let potentials = self.potentials.iter_mut().zip(&from.potentials).zip(is_taken);
        for ((potential, &from), _) in potentials.filter(|(_, is_taken)| **is_taken) {
            *potential = from;
        }
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
