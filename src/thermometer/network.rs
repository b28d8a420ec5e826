//! The temperature that a network reads off a configuration, after it learned to tell configurations of known temperatures apart.

use super::curve::top;
use crate::dense::{Backend, Net};
use crate::device;
use crate::error::Result;
use crate::estimate::{Bins, Estimate};
use crate::lattice::{Recolouring, Spins, Symmetry, System};
use crate::mc;
use crate::random::{Stream, philox};
use rand::RngExt;
use rayon::prelude::*;

/// Units of the hidden layers.
const WIDTHS: [usize; 2] = [256, 64];
/// Configurations of every temperature, those of a step, and steps.
const COUNT: usize = 1000;
const BATCH: usize = 128;
const STEPS: u32 = 4000;
/// Adam's rate at the start; it falls to 0 in proportion to the steps left.
const RATE: f64 = 2e-3;
/// Bins of configurations for errors.
const BINS: usize = 50;
/// Probabilities below this one count as it: one odd configuration must not decide alone.
const LEAST: f64 = 1e-6;
/// Sets the configurations and the stream of the training apart from those of networks and data of the same seed.
const SALT: u32 = 0x7e7;

/// A classifier of configurations by temperature (as that of S. Iso, S. Shiba and S. Yokoo, Phys. Rev. E 97, 053304, 2018).
#[derive(Debug)]
pub struct Network {
    system: System,
    temperatures: Vec<f64>,
    net: Box<dyn Backend>,
}

/// The reading of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The temperature at which the product of its probabilities over all configurations, which share one temperature, is largest; between the temperatures that it knows
    /// it is the top of a parabola, and beyond the hottest one infinity. The error is by jackknife.
    pub temperature: Estimate,
    /// `[temperatures]`: the mean probability of every temperature.
    pub distribution: Vec<f64>,
}

impl Network {
    /// Trains a network on Monte Carlo configurations of these temperatures and their images under the symmetries of the lattice, on a device, as
    /// [`device::open`](crate::device::open) names them; a pure function of the seed and of the device's rounding. `observe` is told how many of [`Network::work`] are done.
    ///
    /// # Errors
    /// When the chains at one temperature do not come into equilibrium, there is no such device, or it fails.
    pub fn new(
        wanted: &str,
        system: &System,
        temperatures: &[f64],
        seed: u32,
        observe: impl FnMut(usize),
    ) -> Result<Self> {
        Self::with_steps(wanted, system, temperatures, STEPS, seed, observe)
    }

    /// With so many steps.
    pub(super) fn with_steps(
        wanted: &str,
        system: &System,
        temperatures: &[f64],
        steps: u32,
        seed: u32,
        mut observe: impl FnMut(usize),
    ) -> Result<Self> {
        let mut stream = Stream::new(seed, SALT);
        let inputs = system.lattice.sites() * system.spins.numbers();
        let widths = [&[inputs][..], &WIDTHS, &[temperatures.len()]].concat();
        // A device that cannot have it says so before the configurations are drawn.
        let mut net = device::open_net(wanted, &Net::random(&widths, &mut stream), BATCH)?;
        let mut configurations = Vec::new();
        for (number, &temperature) in temperatures.iter().enumerate() {
            let key = philox([seed, SALT], [number as u32, 0, 0, 0])[0];
            configurations.push(mc::configurations(system, temperature, COUNT, key)?);
            observe(number + 1);
        }
        for step in 0..steps {
            let (spins, classes) = batch(system, &configurations, &mut stream);
            let rate = RATE * f64::from(steps - step) / f64::from(steps);
            net.learn(&numbers(system, &spins), &classes, rate)?;
            observe(temperatures.len() + step as usize + 1);
        }
        Ok(Self { system: system.clone(), temperatures: temperatures.to_vec(), net })
    }

    /// Temperatures at which configurations are drawn, and steps of training.
    pub fn work(temperatures: usize) -> usize {
        temperatures + STEPS as usize
    }

    /// The temperatures that it tells apart.
    pub fn temperatures(&self) -> &[f64] {
        &self.temperatures
    }

    /// Reads independent configurations, `[count][sites]`.
    ///
    /// # Errors
    /// When the device fails.
    pub fn read(&mut self, spins: &[i8]) -> Result<Reading> {
        let probabilities = self.net.probabilities(&numbers(&self.system, spins))?;
        let rows: Vec<&[f32]> = probabilities.chunks_exact(self.temperatures.len()).collect();
        let mut bins = Bins::new(self.temperatures.len(), BINS);
        let mut distribution = vec![0.0; self.temperatures.len()];
        for row in &rows {
            bins.push(&row.iter().map(|&share| f64::from(share).max(LEAST).ln()).collect::<Vec<_>>());
            distribution
                .iter_mut()
                .zip(*row)
                .for_each(|(sum, &share)| *sum += f64::from(share) / rows.len() as f64);
        }
        let temperature = bins.jackknife(|sums| vec![self.likeliest(sums)])[0];
        Ok(Reading { temperature, distribution })
    }

    /// The temperature at which sums of logarithms of probabilities, `[temperatures]`, are largest; infinity where that is the hottest one: nothing tells how much hotter it is.
    fn likeliest(&self, sums: &[f64]) -> f64 {
        let found = top(&self.temperatures, sums);
        if self.temperatures.last().is_some_and(|&hottest| found >= hottest) { f64::INFINITY } else { found }
    }
}

/// Images of random configurations under random symmetries, with the numbers of their temperatures.
fn batch(system: &System, configurations: &[Vec<i8>], stream: &mut Stream) -> (Vec<i8>, Vec<usize>) {
    let sites = system.lattice.sites();
    let drawn: Vec<(usize, usize, Symmetry)> = (0..BATCH)
        .map(|_| {
            let class = stream.random_range(0..configurations.len());
            let row = stream.random_range(0..COUNT);
            let mut symmetry = Symmetry::random(system.lattice, system.has_spin_flip(), stream);
            if let Spins::Potts { states } = system.spins
                && system.is_symmetric()
            {
                symmetry.colours = Some(Recolouring::random(states, stream));
            }
            (class, row, symmetry)
        })
        .collect();
    let mut spins = vec![0; BATCH * sites];
    spins.par_chunks_mut(sites).zip(&drawn).for_each(|(image, &(class, row, symmetry))| {
        symmetry.apply(system.lattice, &configurations[class][row * sites..][..sites], image);
    });
    (spins, drawn.into_iter().map(|(class, ..)| class).collect())
}

/// The inputs of the net: spins, or 1 for the colour of every spin and 0 for all others.
fn numbers(system: &System, spins: &[i8]) -> Vec<f32> {
    match system.spins {
        Spins::Ising => spins.iter().map(|&spin| f32::from(spin)).collect(),
        Spins::Potts { states } => {
            let of_spin =
                |&spin: &i8| (0..states as i8).map(move |colour| if spin == colour { 1.0 } else { 0.0 });
            spins.iter().flat_map(of_spin).collect()
        }
    }
}
