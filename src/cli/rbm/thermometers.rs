//! Thermometers on the command line, and flows that they read.

use super::super::progress::Progress;
use super::Learned;
use crate::error::Error;
use crate::lattice::{Interaction, System};
use crate::rbm::{Flow, FlowKind, Machine, Source, Start, Track, numbers_within};
use crate::thermometer::Thermometers;
use crate::{mc, random};

/// Temperatures that the network tells apart: so many, from 0 to a multiple of the critical one: 0 to 6 in steps of 0.25 on the square lattice.
const TEMPERATURES: (usize, f64) = (25, 2.644);
/// Parts of a thermometer's preparation that progress counts.
const PARTS: f64 = 1000.0;
/// Sets the configurations that flows start from apart from data of the same seed.
const SALT: u32 = 0xf10;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct ThermometerArguments {
    /// H, the field in which thermometers are calibrated and configurations to start from are drawn; J is 1
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    pub(super) field: f64,
    /// Temperatures that the thermometer's network learns to tell apart, as 0:6:0.25 or with commas [default: 25 from 0 to 2.64 times the critical one]
    #[arg(long, value_name = "LIST")]
    pub(super) temperatures: Option<String>,
}

impl ThermometerArguments {
    /// The system whose temperatures are read.
    pub(super) fn system(&self, machine: &Machine) -> crate::Result<System> {
        system(machine, self.field)
    }

    /// The temperatures that the network learns.
    pub(super) fn list(&self, system: &System) -> crate::Result<Vec<f64>> {
        let Some(text) = &self.temperatures else { return Ok(default_temperatures(system)) };
        let list = numbers_within(text, "temperatures must be 0 or above", |temperature| temperature >= 0.0);
        list.and_then(rising).map_err(|expected| Error::setting("temperatures", text, expected))
    }
}

/// Prepares thermometers of a system, whose network learns on a device to tell these temperatures apart.
pub(super) fn open(
    device: &str,
    system: &System,
    temperatures: &[f64],
    seed: u32,
) -> crate::Result<Thermometers> {
    let mut progress = Progress::new("thermometers", 0, PARTS as u64);
    let observe = |share| progress.advance((share * PARTS) as u64);
    let found = Thermometers::new(device, system, temperatures, seed, observe);
    progress.finish();
    found
}

/// A list of two numbers at least that rises.
fn rising(list: Vec<f64>) -> Result<Vec<f64>, String> {
    let expected = "there must be two or more, and each above the one before, as 0:6:0.25 or 1,2.27,4";
    match list.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => Err(format!("{} stands before {}: {expected}", pair[0], pair[1])),
        None if list.len() < 2 => Err(expected.to_owned()),
        None => Ok(list),
    }
}

/// The spins of a machine with J = 1 in a field.
pub(super) fn system(machine: &Machine, field: f64) -> crate::Result<System> {
    let system = System::uniform(machine.lattice, Interaction::new(1.0, field)?);
    match machine.spins.numbers() {
        1 => Ok(system),
        states => system.of_colours(states as u32),
    }
}

fn default_temperatures(system: &System) -> Vec<f64> {
    let (count, most) = TEMPERATURES;
    let without_field =
        System { interaction: Interaction { field: 0.0, ..system.interaction }, ..system.clone() };
    // Potts spins in three dimensions have no known critical point; mean fields put it near a third of the neighbours.
    let typical = system.lattice.coordination() as f64 / (1.8 * system.spins.states() as f64 / 2.0);
    let critical = without_field.critical_beta().map_or(typical, |beta| 1.0 / beta);
    (0..count).map(|number| most * critical * number as f64 / (count - 1) as f64).collect()
}

/// Reads `T=0,1.5,inf`, or the same without `T=`.
pub(super) fn starts(text: &str) -> crate::Result<Vec<f64>> {
    let temperature = |word: &str| {
        let read = word.trim().parse().ok().filter(|temperature: &f64| *temperature >= 0.0);
        read.ok_or_else(|| {
            let expected = "temperatures must be 0 or above, or inf, with commas between, as T=0,1.5,inf";
            Error::setting("from", text, format!("{:?} is none: {expected}", word.trim()))
        })
    };
    text.trim_start_matches("T=").split(',').map(temperature).collect()
}

/// Monte Carlo configurations at temperatures.
pub(super) fn sources(
    system: &System,
    temperatures: &[f64],
    count: usize,
    seed: u32,
) -> crate::Result<Vec<Source>> {
    let at = |(number, &temperature): (usize, &f64)| {
        let key = random::philox([seed, SALT], [number as u32, 0, 0, 0])[0];
        let spins = mc::configurations(system, temperature, count, key)?;
        Ok(Source { start: Start::Temperature(temperature), spins })
    };
    temperatures.iter().enumerate().map(at).collect()
}

/// Follows flows of every kind from every source through machines on a device, one after the other: `[machines][flows]`.
pub(super) fn follow(
    device: &str,
    machines: &[Learned],
    kinds: &[FlowKind],
    sources: &[Source],
    iterations: u32,
    seed: impl Fn(&Learned) -> u32,
    thermometers: &mut Thermometers,
) -> crate::Result<Vec<Vec<Track>>> {
    let flows = machines.len() * kinds.len() * sources.len();
    let mut progress = Progress::new("iteration", 0, flows as u64 * u64::from(iterations));
    let mut done = 0;
    let mut observe = || {
        done += 1;
        progress.advance(done);
    };
    let mut of_machine = |learned: &Learned| -> crate::Result<Vec<Track>> {
        let mut backend = learned.on(device)?;
        let flows = kinds.iter().flat_map(|&kind| sources.iter().map(move |source| (kind, source)));
        flows
            .map(|(kind, Source { start, spins })| {
                let flow = Flow::new(backend.as_mut(), kind, spins, seed(learned));
                Track::follow(flow, *start, iterations, thermometers, &mut observe)
            })
            .collect()
    };
    let tracks = machines.iter().map(&mut of_machine).collect();
    progress.finish();
    tracks
}
