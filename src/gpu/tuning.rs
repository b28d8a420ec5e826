//! Kernel shapes by measurement: tried on the device itself, kept on disk per adapter and driver.

use super::{AdapterKind, Gpu, devices, registry};
use crate::backend::{Backend, Tuning};
use crate::cache;
use crate::conditional::{MaskedNet, Storage};
use crate::error::Result;
use crate::hierarchy::Level;
use crate::schedule::{Inputs, Kernel, Shape};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Duration, Instant};

/// Time of measuring after which levels that are left keep the shape that capabilities suggest; compiling is not counted.
const BUDGET: Duration = Duration::from_secs(2);
/// The same where measuring was asked for.
const BUDGET_ASKED: Duration = Duration::from_secs(20);
/// The same with all compiling.
const LONGEST_TUNING: Duration = Duration::from_secs(60);
/// Time that a level's first shape is run before any is measured: compilers leave a card idle, and its clock falls.
const WARM_UP: Duration = Duration::from_millis(50);
/// Times that a shape is run; the first, which compiles it, does not count.
const REPEATS: usize = 4;
/// A first run from which a shape is not tried again.
const HOPELESS: Duration = Duration::from_millis(500);
/// Longest file that is read.
const LONGEST_FILE: u64 = 1 << 20;

/// What a shape was measured for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Work {
    border: usize,
    own: usize,
    width: usize,
    depth: usize,
    skip: bool,
    storage: Storage,
    rows: usize,
    batch: usize,
}

/// The fastest shape for some work.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Choice {
    #[serde(flatten)]
    work: Work,
    shape: Shape,
    /// Nothing where time ran out before it was measured: the shape that capabilities suggest, from then on too.
    seconds: Option<f64>,
}

/// What is kept on disk.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Of the shaders that were measured: others are measured anew.
    fingerprint: u64,
    choices: Vec<Choice>,
}

impl Gpu {
    /// Takes the fastest shape of the forward pass for every level: from the file of this adapter, else by measuring. Software
    /// adapters are only measured again, which also forgets what is in the file. Without a folder for caches nothing changes.
    pub(super) fn tune_shapes(&mut self, tuning: Tuning) -> Result<()> {
        let info = self.wgpu_device().adapter_info();
        let Some(path) = cache::file(&format!("shapes-{}-{}-{}", info.name, info.driver, info.driver_info))
        else {
            return Ok(());
        };
        let measures = match tuning {
            Tuning::Kept => false,
            Tuning::Measured => devices::kind(info.device_type) != AdapterKind::Software,
            Tuning::Again => true,
        };
        let (mut choices, budget) = match tuning {
            Tuning::Again => (Vec::new(), BUDGET_ASKED),
            Tuning::Kept | Tuning::Measured => (read(&path), BUDGET),
        };
        let (mut measured_any, mut measuring, start) = (false, Duration::ZERO, Instant::now());
        for (level, work, candidates) in self.work() {
            let found = choices.iter().find(|choice| choice.work == work).map(|choice| choice.shape);
            match found.filter(|shape| candidates.contains(shape)) {
                Some(shape) => self.use_shape(level, shape),
                None if measures => {
                    let measured = match measuring < budget && start.elapsed() < LONGEST_TUNING {
                        true => self.fastest(level, &candidates, &mut measuring),
                        false => None,
                    };
                    let shape = measured.map_or(self.expected_shape(level)?, |(shape, _)| shape);
                    let seconds = measured.map(|(_, seconds)| seconds);
                    tracing::info!(level, ?shape, seconds, "kernel shape chosen");
                    self.use_shape(level, shape);
                    // What is there for this work has a shape that is no longer tried.
                    choices.retain(|choice| choice.work != work);
                    choices.push(Choice { work, shape, seconds });
                    measured_any = true;
                }
                None => (),
            }
        }
        if measured_any {
            write(&path, choices);
        }
        Ok(())
    }

    /// Levels with a net, those with most to do first, what their forward pass has to do, and the shapes that it could have.
    fn work(&self) -> Vec<(usize, Work, Vec<Shape>)> {
        let (model, batch, software) = (self.model(), self.batch(), self.is_software());
        let of_level = |(level, net, geometry): (usize, &MaskedNet, &Level)| {
            let rows = geometry.blocks * batch;
            let work = Work {
                border: net.border,
                own: net.own,
                width: net.width,
                depth: net.depth,
                skip: net.skip.is_some(),
                storage: model.storage,
                rows,
                batch,
            };
            (level, work, Shape::candidates(software, geometry.blocks, batch, net))
        };
        let mut nets: Vec<_> = model.nets().collect();
        nets.sort_by_key(|(_, net, geometry)| std::cmp::Reverse(geometry.blocks * net.multiply_adds()));
        nets.into_iter().map(of_level).collect()
    }

    /// A shape that the driver refuses is not the fastest.
    fn fastest(
        &mut self,
        level: usize,
        candidates: &[Shape],
        measuring: &mut Duration,
    ) -> Option<(Shape, f64)> {
        let kernel = Kernel::SampleLevel { level };
        let of_shape = |&shape: &Shape| (kernel, self.specialisation(kernel, shape));
        let wanted: Vec<_> = candidates.iter().map(of_shape).collect();
        // Side by side, since compilers take most of the time; one that is refused is met again when its turn comes.
        let _ = self.pipelines.make_all(&self.device, &wanted);
        let start = Instant::now();
        if let Some(&first) = candidates.first() {
            while start.elapsed() < WARM_UP && self.time_shape(level, first).is_ok() {}
        }
        let time = |&shape: &Shape| Some((shape, self.time_shape(level, shape).ok()?.as_secs_f64()));
        let fastest = candidates.iter().filter_map(time).min_by(|(_, a), (_, b)| a.total_cmp(b));
        *measuring += start.elapsed();
        fastest
    }

    /// The shape that capabilities suggest.
    fn expected_shape(&mut self, level: usize) -> Result<Shape> {
        self.tuned.remove(&level);
        self.shape(Some(level))
    }

    /// The shortest of some runs. What the level draws meanwhile is garbage, as the state of a new backend is.
    fn time_shape(&mut self, level: usize, shape: Shape) -> Result<Duration> {
        self.use_shape(level, shape);
        let kernels = [Kernel::SampleLevel { level }];
        let inputs = Inputs::sampling(0, 0, 0.0, 0.0);
        let mut shortest = Duration::MAX;
        for repeat in 0..REPEATS {
            let took = self.time(&kernels, &inputs)?.into_iter().sum();
            if repeat > 0 || took > HOPELESS {
                shortest = shortest.min(took);
            }
            if took > HOPELESS {
                break;
            }
        }
        Ok(shortest)
    }
}

/// What an earlier run measured; a file that is not what it should be counts for nothing, nor does one of other shaders.
fn read(path: &Path) -> Vec<Choice> {
    let kept: Option<Kept> =
        cache::read(path, LONGEST_FILE).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    kept.filter(|kept| kept.fingerprint == registry::fingerprint()).map_or_else(Vec::new, |kept| kept.choices)
}

fn write(path: &Path, choices: Vec<Choice>) {
    let kept = Kept { fingerprint: registry::fingerprint(), choices };
    cache::write(path, &serde_json::to_vec_pretty(&kept).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_with_other_shaders_counts_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shapes");
        let work = Work {
            border: 28,
            own: 13,
            width: 1,
            depth: 1,
            skip: true,
            storage: Storage::F32,
            rows: 64,
            batch: 64,
        };
        let choices = vec![Choice { work, shape: Shape::lane(1), seconds: Some(1e-3) }];
        write(&path, choices.clone());
        assert_eq!(read(&path), choices);
        let others = Kept { fingerprint: !registry::fingerprint(), choices };
        std::fs::write(&path, serde_json::to_vec(&others).unwrap()).unwrap();
        assert_eq!(read(&path), []);
    }
}
