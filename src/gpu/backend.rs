//! The interface of both backends, on a GPU.

use super::layout::Status;
use super::packed_spins::{pack, pack_colours};
use super::readback::Look;
use super::timestamps::Timestamps;
use super::{Gpu, IN_FLIGHT, UPLOADS_IN_FLIGHT, faults, rates};
use crate::backend::{Backend, Snapshot, Tensor, Timed, Tuning, Variant};
use crate::clock::Instant;
use crate::conditional::{Model, Storage};
use crate::error::Result;
use crate::kernels::{Inputs, Kernel, Slot};
use crate::lattice::{Observables, Spins};
use crate::pace::Pace;
use crate::schedule::Rates;
use crate::transpose::transpose;
use half::f16;
use std::sync::Arc;
use std::time::Duration;
use wgpu::PollType;

/// Share of the time from the first begin to the last end that lies between passes.
fn share_between(passes: &[[Duration; 2]]) -> Option<f64> {
    let [[begin, _], .., [_, end]] = passes else { return None };
    let gaps = passes.windows(2).map(|pair| pair[1][0].saturating_sub(pair[0][1]));
    let whole = end.saturating_sub(*begin).as_secs_f64();
    (whole > 0.0).then(|| gaps.sum::<Duration>().as_secs_f64() / whole)
}

/// Whether an array has a number for every parameter.
fn of_parameters(tensor: Tensor) -> bool {
    matches!(tensor, Tensor::Parameters | Tensor::FirstMoment | Tensor::SecondMoment | Tensor::Gradient)
}

impl Gpu {
    /// Leaves the squares of a gradient from elsewhere to `gradient_norm`, as `gradient_sum` does of its own.
    fn write_norms(&self, gradient: &[f32]) {
        let buffer = self.buffers.shared(Slot::Norms);
        let mut norms = vec![0.0_f32; buffer.size() as usize / size_of::<f32>()];
        let squares: f64 = gradient.iter().map(|&value| f64::from(value).powi(2)).sum();
        norms[0] = squares as f32;
        self.queue.write_buffer(buffer, 0, bytemuck::cast_slice(&norms));
    }
}

impl Backend for Gpu {
    fn device(&self) -> &str {
        &self.name
    }

    fn setting(&self) -> String {
        self.setting.clone()
    }

    fn model(&self) -> &Arc<Model> {
        &self.model
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    fn run(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<()> {
        self.start(kernels, inputs)?;
        let mut encoder = self.device.create_command_encoder(&Default::default());
        self.encode(&mut encoder, kernels, None);
        let start = Instant::now();
        self.in_flight.push_back(self.queue.submit([encoder.finish()]));
        if self.pace.is_full() {
            return self.limit_flight(IN_FLIGHT);
        }
        self.finish()?;
        self.pace.keep(start.elapsed());
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        faults::poll(&self.device, PollType::wait_indefinitely()).map_err(|message| self.failed(message))?;
        self.in_flight.clear();
        self.check()
    }

    fn read(&mut self, tensor: Tensor) -> Result<Vec<f64>> {
        Ok(self.read_f32(tensor)?.into_iter().map(f64::from).collect())
    }

    fn read_f32(&mut self, tensor: Tensor) -> Result<Vec<f32>> {
        let mut values = self.read_buffer(self.buffer(tensor))?;
        if of_parameters(tensor) {
            // No buffer is empty.
            values.truncate(self.model.parameters);
        }
        Ok(values)
    }

    fn write(&mut self, tensor: Tensor, values: &[f32]) -> Result<()> {
        if of_parameters(tensor) && self.model.parameters == 0 {
            assert!(values.is_empty(), "length of {tensor:?}");
            return Ok(());
        }
        let buffer = self.buffer(tensor);
        assert_eq!(buffer.size(), size_of_val(values) as u64, "length of {tensor:?}");
        self.queue.write_buffer(buffer, 0, bytemuck::cast_slice(values));
        if tensor == Tensor::Parameters {
            if self.model.storage == Storage::F16 {
                let rounded: Vec<f16> = values.iter().map(|&value| f16::from_f32(value)).collect();
                let buffer = self.buffers.shared(Slot::NetParameters);
                self.queue.write_buffer(buffer, 0, bytemuck::cast_slice(&rounded));
            }
            let status = Status::default();
            self.queue.write_buffer(self.buffers.shared(Slot::Status), 0, bytemuck::bytes_of(&status));
        }
        if tensor == Tensor::Gradient {
            self.write_norms(values);
        }
        // Waited for, so that copies on their way do not add up.
        self.queue.submit([]);
        self.finish()
    }

    fn read_spins(&mut self) -> Result<Vec<i8>> {
        let mut spins: Vec<i32> = self.read_buffer(self.buffers.shared(Slot::Spins))?;
        spins.truncate(self.model.hierarchy.sites * self.batch);
        let mut read = vec![0; spins.len()];
        transpose(&spins, self.batch, &mut read, |spin| spin as i8);
        Ok(read)
    }

    fn write_spins(&mut self, spins: &[i8]) -> Result<()> {
        let sites = self.model.hierarchy.sites;
        assert_eq!(spins.len(), sites * self.batch, "number of spins");
        self.limit_flight(UPLOADS_IN_FLIGHT)?;
        let packed = match self.model.system.spins {
            Spins::Ising => pack(spins, sites),
            Spins::Potts { .. } => pack_colours(spins, sites),
        };
        self.queue.write_buffer(self.buffers.shared(Slot::PackedSpins), 0, bytemuck::cast_slice(&packed));
        self.prepare_all(&[Kernel::UnpackSpins])?;
        let mut encoder = self.device.create_command_encoder(&Default::default());
        self.encode(&mut encoder, &[Kernel::UnpackSpins], None);
        self.in_flight.push_back(self.queue.submit([encoder.finish()]));
        self.check()
    }

    fn read_sums(&mut self) -> Result<Vec<[i32; 2]>> {
        self.read_buffer(self.buffers.shared(Slot::ConfigurationSums))
    }

    fn read_observables(&mut self) -> Result<Observables> {
        let sums = self.read_buffer(self.buffers.shared(Slot::Observables))?;
        Ok(Observables::new(self.model.system.lattice, self.batch, sums))
    }

    fn request_snapshot(&mut self, step: u32) -> Result<()> {
        let Self { snapshots, device, queue, buffers, batch, .. } = self;
        let requested = snapshots.request(device, queue, buffers, *batch, step);
        self.check()?;
        requested.map_err(|message| self.failed(message))
    }

    fn snapshots(&mut self, wait: bool) -> Result<Vec<Snapshot>> {
        self.look_for_snapshots(if wait { Look::Wait } else { Look::Poll })
    }
}

impl Timed for Gpu {
    fn tune(&mut self, tuning: Tuning) -> Result<()> {
        self.tune_shapes(tuning)
    }

    fn variants(&mut self) -> Result<Vec<Variant>> {
        self.time_shapes()
    }

    fn time(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<Vec<Duration>> {
        self.start(kernels, inputs)?;
        let Some(timestamps) = Timestamps::new(&self.device, kernels.len()) else {
            return self.time_by_wall_clock(kernels);
        };
        let mut encoder = self.device.create_command_encoder(&Default::default());
        for (index, kernel) in kernels.iter().enumerate() {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(kernel.name()),
                timestamp_writes: Some(timestamps.of_pass(index)),
            });
            self.commands[kernel].encode(&mut pass);
        }
        timestamps.resolve(&mut encoder);
        self.count(kernels);
        self.queue.submit([encoder.finish()]);
        self.finish()?;
        let passes = timestamps.read(&self.device, &self.queue).map_err(|message| self.failed(message))?;
        Ok(passes.into_iter().map(|[begin, end]| end.saturating_sub(begin)).collect())
    }

    fn idle_share(&mut self, runs: &[(&[Kernel], Inputs)]) -> Result<Option<f64>> {
        let Some(timestamps) = Timestamps::new(&self.device, runs.len()) else { return Ok(None) };
        for (index, (kernels, inputs)) in runs.iter().enumerate() {
            self.start(kernels, inputs)?;
            let mut encoder = self.device.create_command_encoder(&Default::default());
            self.encode(&mut encoder, kernels, Some(timestamps.of_pass(index)));
            if index + 1 == runs.len() {
                timestamps.resolve(&mut encoder);
            }
            self.in_flight.push_back(self.queue.submit([encoder.finish()]));
            self.limit_flight(IN_FLIGHT)?;
        }
        self.finish()?;
        let passes = timestamps.read(&self.device, &self.queue).map_err(|message| self.failed(message))?;
        Ok(share_between(&passes))
    }

    fn rates(&mut self) -> Result<Rates> {
        let rates = rates::measure(&self.device, &self.queue, self.is_software());
        self.check()?;
        rates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_between_passes_are_idle_and_passes_that_overlap_leave_none() {
        let passes = |times: &[[u64; 2]]| -> Vec<_> {
            times.iter().map(|pass| pass.map(Duration::from_millis)).collect()
        };
        assert_eq!(share_between(&passes(&[[0, 50], [75, 80], [80, 100]])), Some(0.25));
        assert_eq!(share_between(&passes(&[[0, 60], [50, 100]])), Some(0.0));
        assert_eq!(share_between(&passes(&[[0, 60]])), None);
    }
}
