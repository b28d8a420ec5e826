//! Trajectories of Hybrid Monte Carlo on a GPU: chains stay there from the first leap to the last.

use super::GpuFlow;
use super::kernels::{FlowSlot, Kernel};
use super::sizes::FlowTask;
use crate::error::Result;
use crate::neuralrg::{Leaps, Space};

/// Chains at the end of trajectories, `[rows][sites]`.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) places: Vec<f32>,
    pub(super) momenta: Vec<f32>,
    pub(super) x: Vec<f32>,
    pub(super) slopes: Vec<f32>,
    /// `[rows]`.
    pub(super) potentials: Vec<f64>,
}

impl GpuFlow {
    /// Moves as many chains as fit at a time from their places, momenta and slopes on, and adds what they come to.
    pub(super) fn leap_part(
        &mut self,
        space: Space,
        [places, momenta, slopes]: [&[f32]; 3],
        Leaps { length, count }: Leaps,
        moved: &mut Moved,
    ) -> Result<()> {
        // Dispatches that are recorded still work on the rows that are there.
        self.device.submit()?;
        self.write(FlowSlot::Places, places)?;
        self.write(FlowSlot::Momenta, momenta)?;
        self.write(FlowSlot::Slopes, slopes)?;
        let rows = places.len() / self.sizes.sites;
        let task = self.sizes.task(rows, self.sizes.each(rows));
        let [whole, half] = [length, 0.5 * length].map(|time| time as f32);
        self.dispatch(Kernel::Leap, &FlowTask { kick: half, drift: whole, ..task })?;
        for _ in 1..count {
            self.potential(space, &task)?;
            self.slopes(space, &task)?;
            self.dispatch(Kernel::Leap, &FlowTask { kick: whole, drift: whole, ..task })?;
        }
        self.potential(space, &task)?;
        self.gather(FlowSlot::X, rows, &mut moved.x)?;
        self.slopes(space, &task)?;
        self.dispatch(Kernel::Leap, &FlowTask { kick: half, drift: 0.0, ..task })?;
        self.gather(FlowSlot::Slopes, rows, &mut moved.slopes)?;
        self.gather(FlowSlot::Places, rows, &mut moved.places)?;
        self.gather(FlowSlot::Momenta, rows, &mut moved.momenta)?;
        let energies = self.sums(FlowSlot::Energies, &task)?;
        let first = moved.potentials.len();
        moved.potentials.extend(energies);
        if space == Space::Latent {
            let of_latent = self.sums(FlowSlot::LnQ, &task)?;
            let places = moved.places[first * self.sizes.sites..].chunks_exact(self.sizes.sites);
            for ((potential, of_latent), places) in
                moved.potentials[first..].iter_mut().zip(of_latent).zip(places)
            {
                // Its parts have z z / 2 beside ln |det dx/dz|.
                *potential += half_square(places) - of_latent;
            }
        }
        Ok(())
    }

    /// Records the field at places, with the energies there and the slopes along the field.
    fn potential(&mut self, space: Space, task: &FlowTask) -> Result<()> {
        if space == Space::Latent {
            self.pass(Kernel::Generate, task)?;
        }
        self.dispatch(Kernel::Energy, task)
    }

    /// Records the slopes along places.
    fn slopes(&mut self, space: Space, task: &FlowTask) -> Result<()> {
        match space {
            Space::Physical => Ok(()),
            Space::Latent => self.pass(Kernel::PullBack, &FlowTask { of_ln_det: -1.0, ..*task }),
        }
    }

    /// Adds the rows of an array that are told to be there.
    fn gather(&mut self, slot: FlowSlot, rows: usize, into: &mut Vec<f32>) -> Result<()> {
        let values = self.read(slot)?;
        into.extend(&values[..rows * self.sizes.sites]);
        Ok(())
    }
}

fn half_square(numbers: &[f32]) -> f64 {
    numbers.iter().map(|&number| 0.5 * f64::from(number).powi(2)).sum()
}
