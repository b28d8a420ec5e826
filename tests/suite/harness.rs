//! Comparison with stated tolerances, models to test on, and the GPU that tests run on. It has tests of its own.

use han_gpu::backend::Backend;
use han_gpu::conditional::{Colours, Head, Model, NetOptions, Network, Widths};
use han_gpu::cpu::{Cpu, Real};
use han_gpu::disorder::Disorder;
use han_gpu::gpu::{self, Gpu};
use han_gpu::hierarchy::{Cut, SiteOrder};
use han_gpu::lattice::{Interaction, Lattice, LatticeKind, Spins, System};
use han_gpu::random::Stream;
use rand::RngExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// How far two values may differ: `absolute + relative * |expected|`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tolerance {
    pub(crate) absolute: f64,
    pub(crate) relative: f64,
    /// Why this much and not less.
    pub(crate) reason: &'static str,
}

/// Compares element by element and reports the worst mismatches. Values that are not finite never pass.
#[must_use = "a comparison tests nothing unless its result is looked at"]
pub(crate) fn compare(
    what: &str,
    found: &[f64],
    expected: &[f64],
    tolerance: Tolerance,
) -> Result<(), String> {
    if found.len() != expected.len() {
        return Err(format!("{what}: {} values, expected {}", found.len(), expected.len()));
    }
    if expected.is_empty() {
        return Err(format!("{what}: nothing to compare"));
    }
    if expected.iter().all(|value| *value == expected[0]) && expected.len() > 1 {
        return Err(format!(
            "{what}: all expected values equal {}: the comparison would be vacuous",
            expected[0]
        ));
    }
    let excess = |at: usize| {
        let allowed = tolerance.absolute + tolerance.relative * expected[at].abs();
        let difference = (found[at] - expected[at]).abs();
        if difference.is_finite() { difference / allowed } else { f64::INFINITY }
    };
    let mut wrong: Vec<usize> = (0..found.len()).filter(|&at| excess(at) > 1.0).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    wrong.sort_by(|&a, &b| excess(b).total_cmp(&excess(a)));
    let worst: Vec<_> = wrong
        .iter()
        .take(5)
        .map(|&at| format!("[{at}] {:e}, expected {:e}", found[at], expected[at]))
        .collect();
    Err(format!(
        "{what}: {} of {} values differ ({}); worst: {}",
        wrong.len(),
        found.len(),
        tolerance.reason,
        worst.join("; ")
    ))
}

/// Panics with every failed comparison.
#[track_caller]
pub(crate) fn all_pass(results: impl IntoIterator<Item = Result<(), String>>) {
    let failures: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// A model and how it is tested.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) lattice: LatticeKind,
    pub(crate) spins: Spins,
    pub(crate) colours: Colours,
    pub(crate) network: Network,
    pub(crate) head: Head,
    pub(crate) site_order: SiteOrder,
    pub(crate) size: u32,
    pub(crate) batch: usize,
    pub(crate) width: usize,
    /// That of the first level, where it has one of its own.
    pub(crate) boundary_width: Option<usize>,
    pub(crate) depth: usize,
    pub(crate) skip: bool,
    pub(crate) gauge: bool,
    pub(crate) mixture: bool,
    /// See [`NetOptions::reach`].
    pub(crate) reach: u32,
    pub(crate) field: f64,
    pub(crate) coupling: f64,
    /// Couplings of single bonds, times `coupling`; with a field of its own on every site where `field` is not 0.
    pub(crate) disorder: Option<Disorder>,
    /// How squares are split; other boxes are cut in halves.
    pub(crate) cut: Cut,
    pub(crate) exact_bottom: u32,
    pub(crate) exact_length: u32,
    /// States of a bond of the tensor network that draws the boxes; 0: they are summed exactly.
    pub(crate) bond_dimension: usize,
}

impl Case {
    pub(crate) const DEFAULT: Self = Self {
        lattice: LatticeKind::Square,
        spins: Spins::Ising,
        colours: Colours::OneHot,
        network: Network::Han,
        head: Head::None,
        site_order: SiteOrder::Index,
        size: 8,
        batch: 65,
        width: 1,
        boundary_width: None,
        depth: 1,
        skip: true,
        gauge: true,
        mixture: false,
        reach: 0,
        field: 0.0,
        coupling: 1.0,
        disorder: None,
        cut: Cut::Crosses,
        exact_bottom: 2,
        exact_length: 0,
        bond_dimension: 0,
    };

    pub(crate) fn widths(self) -> Widths {
        Widths::new(&[self.boundary_width.unwrap_or(self.width), self.width]).unwrap()
    }

    /// How its boxes are split.
    pub(crate) fn boxes_cut(self) -> Cut {
        match (self.network, self.lattice, self.exact_length) {
            (Network::Han, LatticeKind::Square, 0) => self.cut,
            _ => Cut::Halves,
        }
    }

    pub(crate) fn system(self) -> System {
        let Self { coupling, field, .. } = self;
        let lattice = Lattice::new(self.lattice, self.size).unwrap();
        let Some(disorder) = self.disorder else {
            let interaction = Interaction { coupling, field };
            return match self.spins {
                Spins::Ising => System::uniform(lattice, interaction),
                Spins::Potts { states } => System::potts(lattice, interaction, states.into()).unwrap(),
            };
        };
        let drawn = disorder.system(lattice, 1).unwrap();
        let unit = coupling * drawn.interaction.coupling;
        let weights = drawn.weights.as_ref().unwrap();
        let couplings: Vec<f64> = weights.bonds.iter().map(|&weight| unit * f64::from(weight)).collect();
        let fields: Vec<f64> =
            (0..lattice.sites()).map(|site| field * (1.0 - 0.4 * (site % 6) as f64)).collect();
        let system = System::with_couplings(lattice, &couplings, &fields).unwrap();
        match self.spins {
            Spins::Ising => system,
            Spins::Potts { states } => system.of_colours(states.into()).unwrap(),
        }
    }

    pub(crate) fn model(self) -> Arc<Model> {
        let width = self.widths();
        let Self {
            network,
            colours,
            head,
            site_order,
            depth,
            skip,
            gauge,
            mixture,
            exact_bottom,
            exact_length,
            bond_dimension,
            reach,
            ..
        } = self;
        let options = NetOptions {
            network,
            colours,
            head,
            site_order,
            width,
            depth,
            skip,
            gauge,
            mixture,
            cut: self.boxes_cut(),
            exact_bottom,
            exact_length,
            bond_dimension,
            reach,
        };
        Arc::new(Model::new(self.system(), options).unwrap())
    }

    pub(crate) fn cpu<R: Real>(self) -> Cpu<R> {
        Cpu::new(self.model(), self.batch)
    }

    /// Parameters away from their special starting point: every layer contributes and no gradient vanishes.
    pub(crate) fn parameters(self, seed: u32) -> Vec<f32> {
        self.parameters_at(seed, BETA)
    }

    pub(crate) fn parameters_at(self, seed: u32, beta: f64) -> Vec<f32> {
        let model = self.model();
        let mut parameters = model.initial_parameters(seed, beta);
        if model.pair_head().is_some() {
            let mut stream = Stream::new(seed, 77);
            let used = model.used_parameters();
            parameters[..used].iter_mut().for_each(|parameter| *parameter += stream.random_range(-0.3..0.3));
            return parameters;
        }
        let published = Self { skip: false, ..self }.model();
        let random = published.initial_parameters(seed + 1, beta);
        for (k, net, _) in model.nets() {
            let other = published.levels[k].conditional.net().unwrap();
            let (to, from) = (model.levels[k].offset, published.levels[k].offset);
            for at in 0..net.output.end() - net.output.offset {
                parameters[to + net.output.offset + at] += random[from + other.output.offset + at];
            }
        }
        parameters
    }
}

/// The inverse temperature of tests that do not care.
pub(crate) const BETA: f64 = 0.44;

/// The GPU under test: a real one if there is one, else a software adapter. The lock keeps tests from fighting over a card.
pub(crate) struct TestGpu {
    pub(crate) adapter: wgpu::Adapter,
    devices: MutexGuard<'static, Option<Devices>>,
}

/// Networks on devices that tests share, and with them all pipelines that they have compiled.
struct Devices {
    /// With default limits and no features.
    plain: Gpu,
    /// With every feature that the backend can use.
    own: Gpu,
}

/// A card has the first of these alone. On a software adapter, whose devices each compile on a thread of their own, two tests
/// run at a time.
static DEVICES: [Mutex<Option<Devices>>; 2] = [const { Mutex::new(None) }; 2];

/// Devices that no test holds; waits for the first where there are none.
fn free_devices(adapter: &wgpu::Adapter) -> MutexGuard<'static, Option<Devices>> {
    let is_software = adapter.get_info().device_type == wgpu::DeviceType::Cpu;
    let slots = if is_software { &DEVICES[..] } else { &DEVICES[..1] };
    // A test that failed while holding a lock has no bearing on the next one.
    let of_slot = |slot: &'static Mutex<_>| match slot.try_lock() {
        Ok(devices) => Some(devices),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    };
    let wait = || DEVICES[0].lock().unwrap_or_else(PoisonError::into_inner);
    slots.iter().find_map(of_slot).unwrap_or_else(wait)
}

pub(crate) fn gpu() -> TestGpu {
    let wanted = std::env::var("HAN_GPU_TEST_DEVICE").unwrap_or_else(|_| "auto".to_owned());
    let adapter = gpu::select(&wanted).unwrap().or_else(|| gpu::select("0").ok().flatten());
    let Some(adapter) = adapter else {
        panic!(
            "no GPU adapter: on Debian or Ubuntu `apt-get install -y --no-install-recommends mesa-vulkan-drivers` gives a \
             software one; tools/test.sh does that"
        );
    };
    let mut devices = free_devices(&adapter);
    devices.get_or_insert_with(|| Devices::open(&adapter));
    TestGpu { adapter, devices }
}

impl Devices {
    fn open(adapter: &wgpu::Adapter) -> Self {
        let (model, batch) = (Case::DEFAULT.model(), Case::DEFAULT.batch);
        let (device, queue) = pollster::block_on(adapter.request_device(&Default::default())).unwrap();
        let plain = Gpu::new(&device, &queue, model.clone(), batch).unwrap();
        Self { plain, own: Gpu::open(adapter, model, batch).unwrap() }
    }
}

impl TestGpu {
    fn devices(&self) -> &Devices {
        self.devices.as_ref().expect("devices are opened with the adapter")
    }

    /// A backend on a device with default limits and no features: what any host can offer.
    pub(crate) fn backend(&self, case: Case) -> Gpu {
        self.plain(case.model(), case.batch)
    }

    /// The same for a model.
    pub(crate) fn plain(&self, model: Arc<Model>, batch: usize) -> Gpu {
        self.devices().plain.sharing(model, batch).unwrap()
    }

    /// A backend on a device as the program opens it, with every feature that it can use.
    pub(crate) fn own_backend(&self, case: Case) -> Gpu {
        self.own(case.model(), case.batch)
    }

    /// The same for a model.
    pub(crate) fn own(&self, model: Arc<Model>, batch: usize) -> Gpu {
        self.devices().own.sharing(model, batch).unwrap()
    }
}

/// Deterministic spins that are neither ordered nor independent of their place.
pub(crate) fn spins(backend: &dyn Backend, seed: u32) -> Vec<i8> {
    let sites = backend.model().hierarchy.sites;
    let spin = |at: usize| {
        let words = han_gpu::random::philox([seed, 77], [at as u32, 0, 0, 0]);
        let of_configuration = (at / sites % 5) as u32;
        match backend.model().system.spins {
            Spins::Ising if words[0] % 10 < 3 + of_configuration => 1,
            Spins::Ising => -1,
            Spins::Potts { .. } if words[0] % 10 < of_configuration => 1,
            Spins::Potts { states } => (words[1] % u32::from(states)) as i8,
        }
    };
    (0..backend.batch() * sites).map(spin).collect()
}

mod tests {
    use super::*;

    const EXACT: Tolerance =
        Tolerance { absolute: 1e-6, relative: 1e-6, reason: "planted faults are larger" };

    #[test]
    fn a_planted_fault_is_found() {
        let expected: Vec<f64> = (0..1000).map(|i| f64::from(i).sin()).collect();
        assert!(compare("equal", &expected, &expected, EXACT).is_ok());
        let faults: [fn(&mut Vec<f64>); 5] = [
            |values| values[999] += 1e-4,
            |values| values[500] = -values[500],
            |values| values[3] = f64::NAN,
            |values| values[3] = f64::INFINITY,
            |values| values.truncate(999),
        ];
        for fault in faults {
            let mut found = expected.clone();
            fault(&mut found);
            assert!(compare("faulty", &found, &expected, EXACT).is_err());
        }
    }

    #[test]
    fn comparisons_that_cannot_fail_are_refused() {
        assert!(compare("zeros", &[0.0; 8], &[0.0; 8], EXACT).unwrap_err().contains("vacuous"));
        assert!(compare("nothing", &[], &[], EXACT).unwrap_err().contains("nothing"));
    }
}
