//! Thermalisation of a measured length: chains go on until those that started in order and those that started at random
//! agree, and until that took many times their autocorrelation time.

use super::algorithm::Algorithm;
use super::simulation::{Setup, Simulation};
use super::start::is_ordered;
use super::walk::Scalars;
use crate::error::{Error, Result};
use crate::estimate::{LARGEST_DISAGREEMENT, Series, deviation_of_means};
use std::ops::ControlFlow;

/// Sweeps of the first window; windows double.
const FIRST_WINDOW: usize = 64;
/// Autocorrelation times that a window must last.
const WINDOW: f64 = 20.0;
/// Autocorrelation times that half of a given thermalisation must last: shorter than what is chosen here, long enough.
const GIVEN_WINDOW: f64 = 5.0;
/// Sweeps of a window that show anything.
const FEWEST_SWEEPS: usize = 8;
/// Most sweeps of a chain, but for those that cross between two phases.
const MOST_SWEEPS: usize = 1 << 17;
/// Most updates of single sites, of all chains together: a minute or two on two cores.
const MOST_UPDATES: u64 = 1 << 34;
/// Most measurements of a window; in longer ones they are further apart.
const MEASUREMENTS: usize = 1024;

/// The share of the autocorrelation time of places in a ladder that counts: it is enough that replicas have been everywhere a few times, since clusters move
/// them too.
const OF_PLACES: f64 = 0.25;

/// How long chains took to forget where they came from, and whether they have.
#[derive(Debug, Clone, PartialEq)]
pub struct Equilibrium {
    /// Sweeps done by every chain.
    pub sweeps: usize,
    /// Longest integrated autocorrelation time of energy, magnetisation and order parameter, in sweeps.
    pub tau_int: f64,
    /// The reason why the chains are not in equilibrium; nothing if they are.
    pub fault: Option<String>,
}

/// How far a Monte Carlo has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Chains come into equilibrium; nobody knows when they will be.
    Equilibrating {
        /// Sweeps of every chain so far.
        sweeps: usize,
    },
    /// Configurations are drawn.
    Drawing {
        /// Configurations so far.
        done: usize,
        /// All of them.
        of: usize,
    },
}

/// Moves chains until they are in equilibrium, or until further sweeps would take too long.
///
/// # Errors
/// When the device fails.
pub fn equilibrate(simulation: &mut Simulation) -> Result<Equilibrium> {
    equilibrate_watched(simulation, &mut |_| ControlFlow::Continue(()))
}

/// As [`equilibrate`]; `observe` is told how far the chains are, and may stop them.
///
/// # Errors
/// When the device fails, or `observe` breaks ([`Error::Stopped`]).
pub fn equilibrate_watched(
    simulation: &mut Simulation,
    observe: &mut dyn FnMut(Stage) -> ControlFlow<()>,
) -> Result<Equilibrium> {
    let affordable =
        usize::try_from(MOST_UPDATES / simulation.updates_per_sweep() as u64).unwrap_or(usize::MAX);
    let most = match simulation.setup().algorithm {
        Algorithm::Multicanonical => affordable,
        _ => MOST_SWEEPS.min(affordable),
    };
    let (mut window, mut done) = (FIRST_WINDOW, 0);
    loop {
        if observe(Stage::Equilibrating { sweeps: done }).is_break() {
            return Err(Error::Stopped);
        }
        let found = {
            let sweeps = |sweeps| observe(Stage::Equilibrating { sweeps: done + sweeps });
            round(simulation, window, WINDOW, sweeps)?
        };
        done += 2 * window;
        if found.fault.is_none() || done + 4 * window > most {
            return Ok(Equilibrium { sweeps: done, ..found });
        }
        window *= 2;
    }
}

/// Moves chains by a given number of sweeps, and tells whether that was enough.
///
/// # Errors
/// When the device fails.
pub fn thermalise(simulation: &mut Simulation, sweeps: usize) -> Result<Equilibrium> {
    let window = sweeps / 2;
    if window < FEWEST_SWEEPS {
        simulation.thermalise(sweeps)?;
        let fault = format!("{sweeps} sweeps are too few to judge");
        return Ok(Equilibrium { sweeps, tau_int: sweeps as f64, fault: Some(fault) });
    }
    simulation.thermalise(sweeps - 2 * window)?;
    Ok(Equilibrium { sweeps, ..round(simulation, window, GIVEN_WINDOW, |_| ControlFlow::Continue(()))? })
}

/// Moves chains by two windows of sweeps, and looks at the second one: it should last `wanted` autocorrelation times. `observe` is told how many sweeps are done, and may stop them.
fn round(
    simulation: &mut Simulation,
    window: usize,
    wanted: f64,
    mut observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Equilibrium> {
    simulation.thermalise_watched(window, &mut observe)?;
    let mut record = Record::new(simulation.setup());
    let step = window.div_ceil(MEASUREMENTS);
    for number in 1..=window / step {
        simulation.sweep(step)?;
        record.push(&simulation.scalars()?);
        if observe(window + number * step).is_break() {
            return Err(Error::Stopped);
        }
    }
    let (tau_int, fault) = record.verdict(window, step, wanted);
    let fault = fault.map(|reason| format!("in the last {window} of them {reason}"));
    Ok(Equilibrium { sweeps: 2 * window, tau_int, fault })
}

/// Time series of all chains: of every quantity by its name, `[chains]`. Without a field the magnetisation has no place among
/// them: its mean is 0, whichever way a chain is ordered.
pub(super) struct Record {
    quantities: Vec<Followed>,
}

/// A quantity of all chains.
struct Followed {
    /// Its name, in the plural.
    name: &'static str,
    of: fn(&Scalars) -> f64,
    /// The share of its autocorrelation time that counts.
    share: f64,
    /// `[chains]`.
    series: Vec<Series>,
}

impl Record {
    pub(super) fn new(setup: &Setup) -> Self {
        let followed = |name, share, of| Followed {
            name,
            of,
            share,
            series: vec![Series::new(MEASUREMENTS + 1); setup.chains],
        };
        let mut quantities: Vec<Followed> = vec![
            followed("energies", 1.0, |scalars: &Scalars| scalars.energy),
            followed("sizes of the order parameter", 1.0, |scalars: &Scalars| scalars.order),
        ];
        if setup.algorithm == Algorithm::Tempering {
            // Replicas that have not been everywhere leave the coldest ones where they began.
            quantities.push(followed("places in the ladder", OF_PLACES, |scalars: &Scalars| scalars.place));
        }
        if setup.ensemble.system.largest_interaction().field != 0.0 {
            quantities.push(followed("magnetisations", 1.0, |scalars: &Scalars| scalars.magnetisation));
        }
        Self { quantities }
    }

    /// Adds a value of every chain.
    pub(super) fn push(&mut self, scalars: &[Scalars]) {
        for Followed { of, series, .. } in &mut self.quantities {
            series.iter_mut().zip(scalars).for_each(|(series, scalars)| series.push(of(scalars)));
        }
    }

    /// The longest autocorrelation time in sweeps, of values `step` sweeps apart, and why a window of that many sweeps, which
    /// should last `wanted` such times, does not show equilibrium.
    fn verdict(&self, window: usize, step: usize, wanted: f64) -> (f64, Option<String>) {
        let mut longest = 1.0_f64;
        for Followed { name, share, series, .. } in &self.quantities {
            // Constant series have nothing to forget, if it is the same constant.
            let varies = series.iter().any(|series| !Series::is_constant(std::slice::from_ref(series)));
            if !varies && !Series::is_constant(series) {
                return (
                    window as f64,
                    Some(format!("the {name} are frozen, and differ from chain to chain")),
                );
            }
            match Series::autocorrelation(series) {
                Some(found) => longest = longest.max(share * found.tau_int.value * step as f64),
                None if varies => {
                    return (window as f64, Some(format!("the {name} still drift")));
                }
                None => (),
            }
        }
        if wanted * longest > window as f64 {
            let reason = format!("their autocorrelation time is still about {longest:.0} sweeps");
            return (longest, Some(reason));
        }
        (longest, self.disagreement())
    }

    /// How chains from opposite starts differ, if they do.
    pub(super) fn disagreement(&self) -> Option<String> {
        self.quantities.iter().find_map(|Followed { name, series, .. }| {
            let group = |ordered: bool| -> Vec<f64> {
                let chains = series.iter().enumerate().filter(|(chain, _)| is_ordered(*chain) == ordered);
                chains.map(|(_, series)| series.mean()).collect()
            };
            let deviation = deviation_of_means(&group(true), &group(false))?;
            (deviation.abs() > LARGEST_DISAGREEMENT).then(|| {
                format!(
                    "the {name} of chains that started ordered and at random differ by {deviation:+.1} sigma"
                )
            })
        })
    }
}
