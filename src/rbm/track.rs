//! The readings of thermometers along flows, for one machine or as means over several.

use super::flow::{Flow, FlowKind};
use crate::error::Result;
use crate::estimate::Estimate;
use crate::thermometer::{Readings, Thermometer, Thermometers};
use serde::{Serialize, Serializer};

/// Where configurations of a flow come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// Monte Carlo at a temperature, which may be 0 or infinite.
    Temperature(f64),
    /// A file.
    Given,
}

/// `T = 2`, `given`.
impl std::fmt::Display for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Temperature(temperature) => write!(f, "T = {temperature}"),
            Self::Given => write!(f, "given"),
        }
    }
}

impl Serialize for Start {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Temperature(temperature) => serializer.collect_str(temperature),
            Self::Given => serializer.serialize_str("given"),
        }
    }
}

/// Readings before the first iteration and after every one.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// The flow.
    pub kind: FlowKind,
    /// Where it starts.
    pub start: Start,
    /// `[iterations + 1]`.
    pub readings: Vec<Readings>,
}

/// Configurations that flows of a machine start from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where they come from.
    pub start: Start,
    /// `[count][sites]`.
    pub spins: Vec<i8>,
}

impl Track {
    /// Follows a flow. `observe` is told every iteration.
    ///
    /// # Errors
    /// When a device fails.
    pub fn follow(
        mut flow: Flow<'_>,
        start: Start,
        iterations: u32,
        thermometers: &mut Thermometers,
        mut observe: impl FnMut(),
    ) -> Result<Self> {
        let mut readings = vec![thermometers.read(&flow.spins())?];
        for _ in 0..iterations {
            flow.iterate()?;
            readings.push(thermometers.read(&flow.spins())?);
            observe();
        }
        Ok(Self { kind: flow.kind(), start, readings })
    }

    /// The same flows of several machines, `[machines][flows]`: means of readings, with errors that follow from their spread where there are two or more.
    pub fn means(machines: &[Vec<Self>]) -> Vec<Self> {
        let flows = 0..machines.first().map_or(0, Vec::len);
        let mean = |flow: usize| {
            let tracks: Vec<&Self> = machines.iter().map(|tracks| &tracks[flow]).collect();
            let at = |iteration: usize| {
                let readings: Vec<_> = tracks.iter().map(|track| &track.readings[iteration]).collect();
                if let [only] = readings[..] { only.clone() } else { mean_of(&readings) }
            };
            Self { readings: (0..tracks[0].readings.len()).map(at).collect(), ..*tracks[0] }
        };
        flows.map(mean).collect()
    }

    /// The last reading.
    pub fn end(&self) -> &Readings {
        &self.readings[self.readings.len() - 1]
    }
}

/// Means of readings. The error is that of the spread, and at least that of the readings themselves: a few machines may be alike by chance.
fn mean_of(readings: &[&Readings]) -> Readings {
    let mean = |estimate: &dyn Fn(&Readings) -> Estimate| {
        let estimates: Vec<Estimate> = readings.iter().map(|reading| estimate(reading)).collect();
        let spread = Estimate::mean(&estimates.iter().map(|estimate| estimate.value).collect::<Vec<_>>());
        let own = estimates.iter().map(|estimate| estimate.error.powi(2)).sum::<f64>().sqrt();
        Estimate { value: spread.value, error: spread.error.max(own / estimates.len() as f64) }
    };
    let share = |class: usize| {
        readings.iter().map(|reading| reading.distribution[class]).sum::<f64>() / readings.len() as f64
    };
    Readings {
        energy_per_site: mean(&|reading| reading.energy_per_site),
        order: mean(&|reading| reading.order),
        temperatures: Thermometer::ALL.map(|by| mean(&|reading| reading.temperature(by))),
        distribution: (0..readings[0].distribution.len()).map(share).collect(),
    }
}
