//! The native backend: it runs the twins of shaders that `src/kernels/` holds, generic over f32 and f64. What twins share is here: the
//! state of a run, tiles of rows, products, exact boxes.
//!
//! At f64 it is the oracle that the GPU kernels are tested against; at f32 it is the default where there is no GPU.
//! Work is spread over tiles of [`LANES`] rows, a row being one block of one configuration. All sums run in a fixed
//! order, so results do not depend on the number of threads.

pub(crate) mod box_factors;
pub(crate) mod box_sum;
mod colour_sum;
pub(crate) mod colours;
pub(crate) mod heat_bath;
mod ln_sigmoid;
pub(crate) mod masked_block;
pub(crate) mod mean_field;
pub(crate) mod owned_sums;
mod pair_tables;
pub(crate) mod pairs;
pub(crate) mod product;
mod rates;
pub(crate) mod real;
pub(crate) mod rows;
pub(crate) mod shared;
pub(crate) mod state;
pub(crate) mod tile;
pub(crate) mod transfer;
pub(crate) mod vector;

pub use real::{Around, Real};
pub(crate) use state::{Call, State};

use crate::backend::{Backend, Snapshot, Tensor, Timed, Tuning, Variant};
use crate::clock::Instant;
use crate::conditional::Model;
use crate::error::{Error, Result};
use crate::kernels::{Inputs, Kernel};
use crate::lattice::Observables;
use crate::memory;
use crate::pace::Pace;
use crate::schedule::Rates;
use crate::transpose::transpose;
use state::LevelState;
use std::sync::Arc;
use std::time::Duration;

/// Rows that a tile holds: the innermost, vectorised dimension.
pub const LANES: usize = 64;

/// Parameters that one task works on at a time.
pub(crate) const CHUNK: usize = 4096;

/// The CPU as a device, for people.
pub(crate) fn device_name() -> String {
    match rayon::current_num_threads() {
        1 => "CPU, 1 thread".to_owned(),
        threads => format!("CPU, {threads} threads"),
    }
}

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
        let name = device_name();
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
        let [needed, free] = [needed, free].map(memory::readable);
        let limit = format!("{needed} are needed at batch {batch}, {free} are free");
        Err(Error::DeviceLimit { device: "CPU".to_owned(), limit, way_out })
    }

    /// Memory of a model's state at a batch size, in bytes, with the array that a checkpoint is written from.
    pub fn memory(model: &Model, batch: usize) -> u64 {
        state::bytes::<R>(model, batch) + (model.parameters * size_of::<f32>()) as u64
    }

    /// `[own][rows]`, of Potts spins `[own][colours][rows]`: logits that the last forward pass over a level left behind.
    pub fn logits(&self, level: usize) -> Vec<f64> {
        let LevelState { tiles, pair_tiles, .. } = &self.state.levels[level];
        let of_tiles = tiles.iter().map(|tile| (&tile.logits, tile.rows));
        let of_pairs = pair_tiles.iter().map(|tile| (&tile.logits, tile.rows));
        let mut all: Vec<_> = of_tiles.chain(of_pairs).collect();
        all.sort_by_key(|(_, rows)| rows.first);
        let of_site = |logit: usize| all.iter().flat_map(move |(logits, rows)| &logits[logit][..rows.count]);
        let count = all.first().map_or(0, |(logits, _)| logits.len());
        (0..count).flat_map(of_site).map(|logit| logit.widen()).collect()
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
        kernel.run(Call { model: &self.model, state: &mut self.state, inputs });
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
        // From inside the pool: a thread that hands work over from outside sleeps until it is done, and waking it takes longer than a small kernel.
        rayon::scope(|_| kernels.iter().for_each(|&kernel| self.execute(kernel, inputs)));
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

    fn variants(&mut self) -> Result<Vec<Variant>> {
        Ok(Vec::new())
    }

    fn time(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<Vec<Duration>> {
        let of_kernel = |&kernel| {
            let start = Instant::now();
            self.execute(kernel, inputs);
            start.elapsed()
        };
        Ok(rayon::scope(|_| kernels.iter().map(of_kernel).collect()))
    }

    fn idle_share(&mut self, _runs: &[(&[Kernel], Inputs)]) -> Result<Option<f64>> {
        // The host is the device: nothing waits for it.
        Ok(None)
    }

    fn rates(&mut self) -> Result<Rates> {
        Ok(rates::measure::<R>())
    }
}
