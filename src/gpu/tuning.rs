//! Kernel shapes by measurement: tried on the device itself, kept on disk per adapter and driver.

use super::kernel_shape::KernelShape;
use super::{AdapterKind, Gpu, devices, registry};
use crate::backend::{Backend, Timed, Tuning, Variant};
use crate::cache;
use crate::clock::Instant;
use crate::conditional::Storage;
use crate::error::Result;
use crate::schedule::{Inputs, Kernel, KernelCost};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::path::Path;
use std::time::Duration;

/// Time of measuring after which kernels that are left keep the shape that capabilities suggest; compiling is not counted.
const BUDGET: Duration = Duration::from_secs(2);
/// The same where measuring was asked for.
const BUDGET_ASKED: Duration = Duration::from_secs(20);
/// The same with all compiling.
const LONGEST_TUNING: Duration = Duration::from_secs(60);
/// Time that the first shape is run before any is measured: compilers leave a card idle, and its clock falls.
const WARM_UP: Duration = Duration::from_millis(50);
/// Times that a shape is run; the first, which compiles it, does not count.
const REPEATS: usize = 4;
/// A first run from which a shape is not tried again.
const HOPELESS: Duration = Duration::from_millis(500);
/// Longest file that is read.
const LONGEST_FILE: u64 = 1 << 20;

/// What a shape was measured for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Work {
    kernel: String,
    border: usize,
    own: usize,
    /// Inputs and logits of a site, of all passes.
    numbers: usize,
    /// Of nets.
    width: usize,
    depth: usize,
    skip: bool,
    storage: Storage,
    rows: usize,
    batch: usize,
}

/// Some work on a level and the shapes that it could have; the first is the one that capabilities suggest.
struct Task {
    level: usize,
    kernels: Vec<Kernel>,
    work: Work,
    shapes: Vec<KernelShape>,
}

/// The fastest shape for some work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Choice {
    #[serde(flatten)]
    work: Work,
    shape: KernelShape,
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
    /// Takes the fastest shapes: from the file of this adapter, else by measuring. Software adapters are only measured again, which also
    /// forgets what is in the file. Without a folder for caches nothing changes.
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
        for task in self.tasks()? {
            let found = choices.iter().find(|choice| choice.work == task.work).map(|choice| choice.shape);
            match found.filter(|shape| task.shapes.contains(shape)) {
                Some(shape) => self.use_kernel_shape(task.level, shape)?,
                None if measures => {
                    let measured = match measuring < budget && start.elapsed() < LONGEST_TUNING {
                        true => self.fastest(&task, &mut measuring)?,
                        false => None,
                    };
                    let shape = measured.map_or(task.shapes[0], |(shape, _)| shape);
                    let seconds = measured.map(|(_, seconds)| seconds);
                    let Task { level, work, .. } = task;
                    tracing::info!(kernel = work.kernel, level, ?shape, seconds, "kernel shape chosen");
                    self.use_kernel_shape(level, shape)?;
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

    /// All work that has a choice of shapes, the longest first.
    fn tasks(&self) -> Result<Vec<Task>> {
        let (model, batch) = (self.model(), self.batch());
        let mut tasks = Vec::new();
        for (level, geometry) in model.hierarchy.levels.iter().enumerate() {
            let net = model.levels[level].conditional.net();
            for shapes in self.kernel_shapes(level)?.into_iter().filter(|shapes| shapes.len() > 1) {
                let kernels = shapes[0].kernels(level, net.map_or(0, |net| net.depth));
                let work = Work {
                    kernel: kernels[0].name().to_owned(),
                    border: geometry.border,
                    own: geometry.own,
                    numbers: net.map_or(1, |net| net.encoding.numbers() * net.encoding.passes()),
                    width: net.map_or(0, |net| net.width),
                    depth: net.map_or(0, |net| net.depth),
                    skip: net.is_some_and(|net| net.skip.is_some()),
                    storage: model.storage,
                    rows: geometry.blocks * batch,
                    batch,
                };
                tasks.push(Task { level, kernels, work, shapes });
            }
        }
        let operations = |task: &Task| {
            task.kernels.iter().map(|&kernel| KernelCost::of(kernel, model, batch)).sum::<KernelCost>().flops
        };
        tasks.sort_by_key(|task| Reverse(operations(task)));
        Ok(tasks)
    }

    /// What every shape takes that [`Gpu::tune_shapes`] would try if it were asked to; each kernel is left with the one that
    /// capabilities suggest.
    pub(super) fn time_shapes(&mut self) -> Result<Vec<Variant>> {
        let (mut variants, mut measuring, start) = (Vec::new(), Duration::ZERO, Instant::now());
        for task in self.tasks()? {
            let times = match measuring < BUDGET_ASKED && start.elapsed() < LONGEST_TUNING {
                true => self.shape_seconds(&task, &mut measuring)?,
                false => vec![None; task.shapes.len()],
            };
            self.use_kernel_shape(task.level, task.shapes[0])?;
            variants.extend(task.shapes.iter().zip(times).map(|(shape, seconds)| Variant {
                level: task.level,
                kernel: task.kernels[0].name(),
                rows: task.work.rows,
                shape: shape.to_string(),
                expected: *shape == task.shapes[0],
                seconds,
            }));
        }
        Ok(variants)
    }

    fn fastest(&mut self, task: &Task, measuring: &mut Duration) -> Result<Option<(KernelShape, f64)>> {
        let seconds = self.shape_seconds(task, measuring)?;
        let times = task.shapes.iter().zip(seconds).filter_map(|(&shape, seconds)| Some((shape, seconds?)));
        Ok(times.min_by(|(_, a), (_, b)| a.total_cmp(b)))
    }

    /// What each shape takes; nothing where the driver refuses it.
    fn shape_seconds(&mut self, task: &Task, measuring: &mut Duration) -> Result<Vec<Option<f64>>> {
        let mut wanted = Vec::new();
        for &shape in &task.shapes {
            self.use_kernel_shape(task.level, shape)?;
            let forward = self.shape(Some(task.level))?;
            wanted.extend(task.kernels.iter().map(|&kernel| (kernel, self.specialisation(kernel, forward))));
        }
        // Side by side, since compilers take most of the time; one that is refused is met again when its turn comes.
        let _ = self.pipelines.make_all(&self.device, &wanted);
        let start = Instant::now();
        while start.elapsed() < WARM_UP && self.time_shape(task, task.shapes[0]).is_ok() {}
        let time = |&shape: &KernelShape| Some(self.time_shape(task, shape).ok()?.as_secs_f64());
        let seconds = task.shapes.iter().map(time).collect();
        *measuring += start.elapsed();
        Ok(seconds)
    }

    /// The shortest of some runs. What kernels make meanwhile is garbage, as the state of a new backend is.
    fn time_shape(&mut self, task: &Task, shape: KernelShape) -> Result<Duration> {
        self.use_kernel_shape(task.level, shape)?;
        let inputs = Inputs::SAMPLING;
        let mut shortest = Duration::MAX;
        for repeat in 0..REPEATS {
            let took = self.time(&task.kernels, &inputs)?.into_iter().sum();
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
    use crate::schedule::Shape;

    #[test]
    fn what_was_measured_with_other_shaders_counts_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shapes");
        let work = Work {
            kernel: "sample_level".to_owned(),
            border: 28,
            own: 13,
            numbers: 1,
            width: 1,
            depth: 1,
            skip: true,
            storage: Storage::F32,
            rows: 64,
            batch: 64,
        };
        let shape = KernelShape::Forward(Shape::lane(1));
        let choices = vec![Choice { work, shape, seconds: Some(1e-3) }];
        write(&path, choices.clone());
        assert_eq!(read(&path), choices);
        let others = Kept { fingerprint: !registry::fingerprint(), choices };
        std::fs::write(&path, serde_json::to_vec(&others).unwrap()).unwrap();
        assert_eq!(read(&path), []);
    }
}
