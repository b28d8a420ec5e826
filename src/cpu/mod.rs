//! The native backend: the kernels of `shaders/` in Rust, under the same names, generic over f32 and f64. `unpack_spins` has none:
//! configurations travel to a GPU as bits, and to this backend as they are.
//!
//! At f64 it is the oracle that the GPU kernels are tested against; at f32 it is the default where there is no GPU.
//! Work is spread over tiles of [`LANES`] rows, a row being one block of one configuration. All sums run in a fixed
//! order, so results do not depend on the number of threads.

mod adam;
mod advantage;
mod backward_hidden;
mod backward_output;
mod backward_slope;
mod backward_weights;
mod baseline;
mod configuration_energy;
mod control_variate;
mod energy;
mod evaluate_heat_bath;
mod evaluate_level;
mod evaluate_square;
mod exact_square;
mod gradient_norm;
mod gradient_sum;
mod heat_bath;
mod heat_bath_free_energy;
mod likelihood;
mod masked_block;
mod metropolis;
mod moments;
mod observables;
mod product;
mod rates;
mod real;
mod regression;
mod residual;
mod reward;
mod rows;
mod sample_heat_bath;
mod sample_level;
mod sample_square;
mod square_free_energy;
mod state;
mod tile;
mod vector;

pub use real::{Around, Real};

use crate::backend::{Backend, Snapshot, Tensor, Timed, Tuning};
use crate::conditional::Model;
use crate::error::{Error, Result};
use crate::lattice::Observables;
use crate::memory;
use crate::pace::Pace;
use crate::schedule::{Inputs, Kernel, Rates};
use crate::transpose::transpose;
use state::State;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rows that a tile holds: the innermost, vectorised dimension.
pub const LANES: usize = 64;

/// Parameters that one task works on at a time.
const CHUNK: usize = 4096;

/// The CPU backend at one precision.
#[derive(Debug)]
pub struct Cpu<R> {
    model: Arc<Model>,
    state: State<R>,
    snapshots: Vec<Snapshot>,
    name: String,
    pace: Pace,
}

impl<R: Real> Cpu<R> {
    /// Allocates the state of a model for `batch` configurations, all zero.
    pub fn new(model: Arc<Model>, batch: usize) -> Self {
        let state = State::new(&model, batch);
        let name = format!("CPU, {} threads", rayon::current_num_threads());
        Self { model, state, snapshots: Vec::new(), name, pace: Pace::FULL }
    }

    /// As [`Cpu::new`], if the memory it needs is free.
    ///
    /// # Errors
    /// When it is not; the message names the batch that would fit.
    pub fn open(model: Arc<Model>, batch: usize) -> Result<Self> {
        let needed = Self::memory(&model, batch);
        let Some(free) = memory::available().filter(|&free| needed > free) else {
            return Ok(Self::new(model, batch));
        };
        let fits =
            (1..batch.ilog2()).map(|power| batch >> power).find(|&batch| Self::memory(&model, batch) <= free);
        let way_out =
            fits.map_or("use a smaller lattice or width".to_owned(), |fits| format!("use --batch {fits}"));
        let message = format!(
            "{} are needed at batch {batch}, {} are free; {way_out}",
            memory::readable(needed),
            memory::readable(free)
        );
        Err(Error::DeviceLimit { device: "CPU".to_owned(), message })
    }

    /// Memory of a model's state at a batch size, in bytes, with the array that a checkpoint is written from.
    pub fn memory(model: &Model, batch: usize) -> u64 {
        state::bytes::<R>(model, batch) + (model.parameters * size_of::<f32>()) as u64
    }

    /// `[own][rows]`: logits that the last forward pass over a level left behind.
    pub fn logits(&self, level: usize) -> Vec<f64> {
        let own = self.model.levels[level].conditional.net().map_or(0, |net| net.own);
        let tiles = &self.state.levels[level].tiles;
        let of_site = |site: usize| tiles.iter().flat_map(move |tile| &tile.logits[site][..tile.rows.count]);
        (0..own).flat_map(of_site).map(|logit| logit.widen()).collect()
    }

    /// Overwrites an array without rounding to f32: for finite differences at f64.
    ///
    /// # Panics
    /// When the length is not the array's.
    pub fn write_f64(&mut self, tensor: Tensor, values: &[f64]) {
        self.overwrite(tensor, values);
    }

    fn overwrite<T: Copy + Into<f64>>(&mut self, tensor: Tensor, values: &[T]) {
        if tensor == Tensor::Parameters {
            self.state.first_bad_step = None;
        }
        let target = self.state.tensor_mut(tensor);
        assert_eq!(target.len(), values.len(), "length of {tensor:?}");
        for (target, &value) in target.iter_mut().zip(values) {
            *target = R::of(value.into());
        }
    }

    fn execute(&mut self, kernel: Kernel, inputs: &Inputs) {
        let (model, state) = (&*self.model, &mut self.state);
        match kernel {
            Kernel::SampleLevel { level } => sample_level::run(model, state, inputs, level),
            Kernel::EvaluateLevel { level } => evaluate_level::run(model, state, inputs, level),
            Kernel::SampleHeatBath { level } => sample_heat_bath::run(model, state, inputs, level),
            Kernel::EvaluateHeatBath { level } => evaluate_heat_bath::run(model, state, inputs, level),
            Kernel::HeatBathFreeEnergy { level } => heat_bath_free_energy::run(model, state, inputs, level),
            Kernel::SampleSquare { level } => sample_square::run(model, state, inputs, level),
            Kernel::EvaluateSquare { level } => evaluate_square::run(model, state, inputs, level),
            Kernel::SquareFreeEnergy { level } => square_free_energy::run(model, state, inputs, level),
            Kernel::Energy { level } => energy::run(model, state, level),
            Kernel::ConfigurationEnergy => configuration_energy::run(state),
            Kernel::Reward { level } => reward::run(model, state, inputs, level),
            Kernel::Baseline => baseline::run(state),
            Kernel::Advantage => advantage::run(state),
            Kernel::Likelihood => likelihood::run(state),
            Kernel::Moments { level } => moments::run(model, state, level),
            Kernel::Regression { level } => regression::run(state, level),
            Kernel::Residual { level } => residual::run(model, state, level),
            Kernel::BackwardOutput { level } => backward_output::run(model, state, level),
            Kernel::BackwardHidden { level, layer } => backward_hidden::run(model, state, level, layer),
            Kernel::BackwardWeights { level } => backward_weights::run(model, state, level),
            Kernel::BackwardSlope { level } => backward_slope::run(model, state, level),
            Kernel::GradientSum { level } => gradient_sum::run(model, state, inputs, level),
            Kernel::GradientNorm => gradient_norm::run(state, inputs),
            Kernel::Adam => adam::run(model, state, inputs),
            Kernel::Observables => observables::run(model.system.lattice, state),
            Kernel::UnpackSpins => (),
            Kernel::Metropolis { colour } => metropolis::run(model, state, inputs, colour),
        }
    }
}

impl<R: Real> Backend for Cpu<R> {
    fn device(&self) -> &str {
        &self.name
    }

    fn setting(&self) -> String {
        "cpu".to_owned()
    }

    fn model(&self) -> &Arc<Model> {
        &self.model
    }

    fn batch(&self) -> usize {
        self.state.batch
    }

    fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    fn run(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<()> {
        let start = Instant::now();
        for &kernel in kernels {
            self.execute(kernel, inputs);
        }
        self.pace.keep(start.elapsed());
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }

    fn read(&mut self, tensor: Tensor) -> Result<Vec<f64>> {
        Ok(self.state.tensor(tensor).iter().map(|value| value.widen()).collect())
    }

    fn read_f32(&mut self, tensor: Tensor) -> Result<Vec<f32>> {
        Ok(self.state.tensor(tensor).iter().map(|value| value.widen() as f32).collect())
    }

    fn write(&mut self, tensor: Tensor, values: &[f32]) -> Result<()> {
        self.overwrite(tensor, values);
        Ok(())
    }

    fn read_spins(&mut self) -> Result<Vec<i8>> {
        let mut spins = vec![0; self.state.spins.len()];
        transpose(&self.state.spins, self.state.batch, &mut spins, |spin| spin);
        Ok(spins)
    }

    fn write_spins(&mut self, spins: &[i8]) -> Result<()> {
        assert_eq!(spins.len(), self.state.spins.len(), "number of spins");
        transpose(spins, self.model.hierarchy.sites, &mut self.state.spins, |spin| spin);
        Ok(())
    }

    fn read_sums(&mut self) -> Result<Vec<[i32; 2]>> {
        Ok(self.state.configuration_sums.clone())
    }

    fn read_observables(&mut self) -> Result<Observables> {
        Ok(Observables::new(self.model.system.lattice, self.state.batch, self.state.observables.clone()))
    }

    fn request_snapshot(&mut self, step: u32) -> Result<()> {
        let batch = self.state.batch;
        let root = |values: &[R]| values[..batch].iter().map(|value| value.widen()).collect();
        self.snapshots.push(Snapshot {
            step,
            rewards: root(&self.state.reward),
            sums: self.state.configuration_sums.clone(),
            gradient_norm: self.state.gradient_norm.widen(),
            first_bad_step: self.state.first_bad_step,
        });
        Ok(())
    }

    fn snapshots(&mut self, _wait: bool) -> Result<Vec<Snapshot>> {
        Ok(std::mem::take(&mut self.snapshots))
    }
}

impl<R: Real> Timed for Cpu<R> {
    fn tune(&mut self, _tuning: Tuning) -> Result<()> {
        // Its tiles have one shape.
        Ok(())
    }

    fn time(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<Vec<Duration>> {
        let of_kernel = |&kernel| {
            let start = Instant::now();
            self.execute(kernel, inputs);
            start.elapsed()
        };
        Ok(kernels.iter().map(of_kernel).collect())
    }

    fn idle_share(&mut self, _runs: &[(&[Kernel], Inputs)]) -> Result<Option<f64>> {
        // The host is the device: nothing waits for it.
        Ok(None)
    }

    fn rates(&mut self) -> Result<Rates> {
        Ok(rates::measure::<R>())
    }
}
