//! Kernels of multiscale flows against their twins on the CPU: numbers on both ways, energies, gradients, steps, and what a device may refuse.

use crate::cli::{command, ended, succeed};
use crate::harness::{Tolerance, all_pass, compare, gpu};
use han_gpu::Error;
use han_gpu::cpu::Real;
use han_gpu::gpu::GpuFlow;
use han_gpu::io::FlowFolder;
use han_gpu::neuralrg::{
    Architecture, Backend, Dual, Estimator, Fields, Flow, Leaps, Learner, Lesson, Moments, Noise, Parts,
    Rule, Settings, Space, State, Symmetry, Training,
};
use han_gpu::random::Stream;
use ndarray::Array1;
use ndarray_npy::{NpzReader, ReadNpyExt};
use rand::RngExt;
use serde_json::Value;
use std::fs::{self, File};
use std::path::Path;

const CRITICAL: f64 = 2.269_185_314_213_022;

/// Flows and batches: every side of few and of many patches, all parts, nets whose units fill no quad, deep nets, mixtures, and batches that no number of workgroups divides.
fn cases() -> Vec<(Architecture, usize)> {
    let nets = |size, hidden, depth, layers| Architecture {
        hidden,
        depth,
        layers,
        repeat: 1,
        ..Architecture::new(size)
    };
    let mixture = |form| Architecture { symmetry: Symmetry::Mixture, ..form };
    vec![
        (Architecture { repeat: 2, ..Architecture::new(2) }, 1),
        (nets(4, 8, 1, 6), 67),
        (Architecture { parts: Parts::Disentanglers, ..nets(4, 3, 2, 7) }, 33),
        (Architecture { parts: Parts::Decimators, ..nets(8, 10, 3, 10) }, 5),
        (Architecture { scales: Some(2), ..nets(8, 1, 1, 1) }, 100),
        (nets(16, 5, 2, 3), 9),
        (mixture(nets(4, 8, 1, 6)), 67),
        (mixture(nets(8, 3, 2, 4)), 21),
    ]
}

/// A flow with parameters up to 0.4 of both signs, so that nothing in it is close to 0 or to the identity, with its field.
fn learner<R: Real>(architecture: Architecture) -> Learner<R> {
    let flow = Flow::<R>::new(architecture, 3).unwrap();
    let mut stream = Stream::new(11, 0);
    let spread = 0.9 / (architecture.hidden as f64).sqrt();
    // Numbers of f32, so that both precisions have the same.
    let parameters =
        flow.parameters().iter().map(|_| R::of(f64::from(stream.random_range(-spread..spread) as f32)));
    let parameters = parameters.collect();
    let flow = flow.with_parameters(parameters).unwrap();
    Learner::new(flow, Dual::new(architecture.size, 1.0, CRITICAL).unwrap())
}

fn on_gpu(adapter: &wgpu::Adapter, architecture: Architecture, batch: usize) -> GpuFlow {
    GpuFlow::open(adapter, &learner(architecture), batch).unwrap()
}

/// One of the two ways to open a flow on a GPU.
type OpenFlow = fn(&wgpu::Adapter, Architecture, usize) -> GpuFlow;

/// With work shared out as on a graphics card.
fn as_card(adapter: &wgpu::Adapter, architecture: Architecture, batch: usize) -> GpuFlow {
    GpuFlow::open_as_card(adapter, &learner(architecture), batch).unwrap()
}

fn wide<R: Real>(values: &[R]) -> Vec<f64> {
    values.iter().map(|value| value.widen()).collect()
}

fn close(digits: f64) -> Tolerance {
    Tolerance { absolute: digits, relative: digits, reason: "sums of f32" }
}

/// A comparison, of one number too.
fn same(what: &str, found: &[f64], expected: &[f64], tolerance: Tolerance) -> Result<(), String> {
    match (found, expected) {
        ([found], [expected]) if (found - expected).abs() <= tolerance.absolute * (1.0 + expected.abs()) => {
            Ok(())
        }
        _ => compare(what, found, expected, tolerance),
    }
}

#[test]
fn numbers_ln_q_and_energies_are_those_of_the_twins_in_f64() {
    let device = gpu();
    for (architecture, rows) in cases() {
        let mut expected = learner::<f64>(architecture);
        let sites = (architecture.size * architecture.size) as usize;
        // More than are taken at a time.
        let count = rows.max(1030 * usize::from(architecture.size == 4));
        let z: Fields<f32> = Noise::new(5, 0, 0).fields(0, count, sites);
        let wide_z = Fields::of_rows(&wide(&z.to_rows()), sites);
        let (wide_x, ln_q_of_z) = expected.generate(&wide_z).unwrap();
        for open in [on_gpu, as_card] {
            let mut found = open(&device.adapter, architecture, rows);
            let (x, ln_q) = found.generate(&z).unwrap();
            let (back, ln_q_back) = found.infer(&x).unwrap();
            let energies = found.energies(&x).unwrap();
            let noise = Noise::new(5, 0, 0);
            let (drawn, ln_q_drawn) = found.draw(noise, 0, [count, sites]).unwrap();
            let (wide_drawn, expected_drawn) = expected.draw(noise, 0, [count, sites]).unwrap();
            let density = found.ln_q(&x).unwrap();
            let of_x = Fields::of_rows(&wide(&x.to_rows()), sites);
            let what = |what: &str| format!("{what} of {architecture:?}");
            all_pass([
                same(&what("x"), &wide(&x.to_rows()), &wide_x.to_rows(), close(2e-5)),
                same(&what("ln q"), &ln_q, &ln_q_of_z, close(1e-5)),
                same(&what("z"), &wide(&back.to_rows()), &wide_z.to_rows(), close(5e-5)),
                same(&what("ln q of x"), &ln_q_back, &expected.infer(&of_x).unwrap().1, close(1e-5)),
                same(&what("numbers drawn"), &wide(&drawn.to_rows()), &wide_drawn.to_rows(), close(2e-5)),
                same(&what("ln q of numbers drawn"), &ln_q_drawn, &expected_drawn, close(1e-5)),
                same(&what("density"), &density, &expected.ln_q(&of_x).unwrap(), close(1e-5)),
                same(&what("E"), &energies, &expected.energies(&of_x).unwrap(), close(1e-5)),
            ]);
        }
    }
}

#[test]
fn trajectories_are_those_of_the_twins_in_f64() {
    let device = gpu();
    let leaps = Leaps { length: 0.02, count: 3 };
    for (architecture, rows) in cases() {
        let mut expected = learner::<f64>(architecture);
        let sites = (architecture.size * architecture.size) as usize;
        // More than are taken at a time.
        let count = rows.max(1030 * usize::from(architecture.size == 4));
        let [z, momenta]: [Fields<f32>; 2] =
            [0, 1].map(|purpose| Noise::new(5, purpose, 0).fields(0, count, sites));
        for space in [Space::Latent, Space::Physical] {
            let [wide_z, mut wide_momenta] =
                [&z, &momenta].map(|fields| Fields::of_rows(&wide(&fields.to_rows()), sites));
            let wide_start = expected.point(space, wide_z).unwrap();
            let wide_end = expected.leap(space, &wide_start, &mut wide_momenta, leaps).unwrap();
            let twin: Box<dyn Backend<f32>> = Box::new(learner::<f32>(architecture));
            let on = |open: OpenFlow| -> Box<dyn Backend<f32>> {
                Box::new(open(&device.adapter, architecture, rows))
            };
            for mut found in [twin, on(on_gpu), on(as_card)] {
                let mut momenta = momenta.clone();
                let start = found.point(space, z.clone()).unwrap();
                let end = found.leap(space, &start, &mut momenta, leaps).unwrap();
                let what =
                    |what: &str| format!("{}: {what} in {space:?} space of {architecture:?}", found.device());
                // Rounding grows on the way back through a row of couplings, on the CPU as much as on a GPU.
                let fields = |name: &str, found: &Fields<f32>, expected: &Fields<f64>| {
                    same(&what(name), &wide(&found.to_rows()), &expected.to_rows(), close(1e-3))
                };
                all_pass([
                    same(&what("potentials"), &start.potentials, &wide_start.potentials, close(1e-5)),
                    same(&what("potentials at the end"), &end.potentials, &wide_end.potentials, close(1e-4)),
                    fields("slopes", &start.slopes, &wide_start.slopes),
                    fields("slopes at the end", &end.slopes, &wide_end.slopes),
                    fields("places", &end.places, &wide_end.places),
                    fields("x", &end.x, &wide_end.x),
                    fields("momenta", &momenta, &wide_momenta),
                ]);
            }
        }
    }
}

/// What steps learn from: so many configurations of the flow, and so many fields given.
#[derive(Debug, Clone, Copy)]
struct Course {
    own: usize,
    given: usize,
    estimator: Estimator,
    steps: u32,
}

impl Course {
    fn lesson<R: Real>(self, architecture: Architecture, step: u32) -> Lesson<R> {
        let Self { own, given, estimator, .. } = self;
        let sites = (architecture.size * architecture.size) as usize;
        let of_data: Fields<f32> = Noise::new(7, 0, step).fields(0, given, sites);
        let of_data: Vec<R> = of_data.to_rows().into_iter().map(|x| R::of(1.3 * f64::from(x))).collect();
        Lesson { own, noise: Noise::new(2, 0, step), estimator, given: Fields::of_rows(&of_data, sites) }
    }

    /// Parameters and Adam's means after the steps.
    fn learned<R: Real>(self, backend: &mut dyn Backend<R>, architecture: Architecture) -> [Vec<f64>; 3] {
        for step in 1..=self.steps {
            let rule = Rule { step, rate: 0.01, decay: 0.1 };
            backend.learn(&self.lesson(architecture, step), rule).unwrap();
        }
        let Moments { first, second } = backend.moments().unwrap();
        [wide(&backend.parameters().unwrap()), wide(&first), wide(&second)]
    }
}

#[test]
fn gradients_and_steps_are_those_of_the_twins_in_f64() {
    let device = gpu();
    for (architecture, batch) in cases() {
        let given = batch / 3;
        for (own, given, estimator, steps) in [
            (batch, 0, Estimator::Path, 1),
            (batch, 0, Estimator::Total, 1),
            (0, batch, Estimator::Path, 1),
            (batch - given, given, Estimator::Path, 3),
        ] {
            if architecture.symmetry == Symmetry::Mixture && estimator == Estimator::Total {
                continue;
            }
            let course = Course { own, given, estimator, steps };
            let expected = course.learned(&mut learner::<f64>(architecture), architecture);
            let size = |values: &[f64]| values.iter().map(|value| value.abs()).fold(0.0, f64::max);
            // One course goes through all kernels.
            let shapes: &[fn(&wgpu::Adapter, Architecture, usize) -> GpuFlow] =
                if steps > 1 { &[on_gpu, as_card] } else { &[on_gpu] };
            for open in shapes {
                let found = course.learned(&mut open(&device.adapter, architecture, batch), architecture);
                // Means after the first step are a tenth of the gradient, and a thousandth of its square.
                let names = ["parameters", "means", "squares"];
                all_pass(names.into_iter().zip(found.iter().zip(&expected)).map(
                    |(name, (found, expected))| {
                        let what = format!("{name} of {architecture:?} by {course:?}");
                        let absolute = 2e-5 * size(expected);
                        compare(
                            &what,
                            found,
                            expected,
                            Tolerance { absolute, relative: 1e-3, reason: "sums of f32" },
                        )
                    },
                ));
                let start = wide(learner::<f64>(architecture).flow().parameters());
                assert!(
                    start.iter().zip(&found[0]).all(|(start, found)| start != found),
                    "all parameters move"
                );
            }
        }
    }
}

/// A step of so many configurations of the flow.
fn step(flow: &mut GpuFlow, architecture: Architecture, own: usize, step: u32) -> han_gpu::Result<()> {
    let course = Course { own, given: 0, estimator: Estimator::Path, steps: 1 };
    flow.learn(&course.lesson(architecture, step), Rule { step, rate: 0.01, decay: 0.0 })
}

#[test]
fn a_step_is_few_dispatches_however_many_blocks_there_are() {
    let device = gpu();
    let dispatches = |architecture, batch| {
        let mut flow = on_gpu(&device.adapter, architecture, batch);
        step(&mut flow, architecture, batch, 1).unwrap();
        flow.parameters().unwrap();
        flow.dispatches()
    };
    assert_eq!(dispatches(Architecture::new(4), 64), 5);
    let large = Architecture::new(16);
    // Software adapters, which end loops early, take the blocks in parts.
    assert!(dispatches(large, 16) <= 3 + 2 * Flow::<f32>::shape(&large).unwrap()[0]);
}

fn settings(steps: u32, device: &str) -> Settings {
    Settings {
        architecture: Architecture { repeat: 1, ..Architecture::new(4) },
        steps,
        batch: 40,
        seed: 1,
        device: device.to_owned(),
        ..Settings::new(4, CRITICAL)
    }
}

#[test]
fn a_training_on_a_gpu_goes_on_bit_for_bit_and_near_that_of_the_cpu() {
    let device = gpu();
    let name = device.adapter.get_info().name;
    let run = |device: &str, state: State<f32>, steps: u32| {
        let mut training = Training::on(device, settings(30, device), state).unwrap();
        (0..steps).for_each(|_| training.step().unwrap());
        training.metrics(0.0).unwrap();
        training.state().unwrap()
    };
    let start = || State::initial(&settings(30, &name)).unwrap();
    let whole = run(&name, start(), 30);
    let cut = run(&name, run(&name, start(), 7), 23);
    assert_eq!(whole, cut);
    let on_cpu = run("cpu", start(), 30);
    assert_ne!(on_cpu, whole, "the device does something");
    let close = Tolerance { absolute: 2e-3, relative: 0.0, reason: "thirty steps at a rate of 0.004" };
    compare("parameters", &wide(&whole.parameters), &wide(&on_cpu.parameters), close).unwrap();
    let metrics = |device: &str, state: &State<f32>| {
        Training::on(device, settings(30, device), state.clone()).unwrap().metrics(0.0).unwrap()
    };
    let [found, expected] = [metrics(&name, &whole), metrics("cpu", &whole)];
    assert!((found.loss - expected.loss).abs() < 1e-5, "{found:?}, {expected:?}");
    assert!((found.ess - expected.ess).abs() < 1e-4, "{found:?}, {expected:?}");
    assert!(found.asymmetry < 1e-4, "{found:?}");
}

#[test]
fn flows_that_do_not_fit_a_device_are_refused_by_name() {
    let device = gpu();
    let limits = wgpu::Limits { max_storage_buffer_binding_size: 1 << 20, ..Default::default() };
    let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
    let (limited, queue) = pollster::block_on(device.adapter.request_device(&descriptor)).unwrap();
    let open = |architecture, batch| GpuFlow::new(&limited, &queue, &learner(architecture), batch);
    let small = Architecture { repeat: 1, ..Architecture::new(4) };
    open(small, 64).unwrap();
    let wide = Architecture { hidden: 64, depth: 3, ..small };
    for (architecture, batch, named) in [(small, 20_000, "smaller --batch"), (wide, 1, "fewer --hidden")] {
        let error = open(architecture, batch).unwrap_err();
        assert!(matches!(error, Error::DeviceLimit { .. }), "{error:?}");
        let message = error.to_string();
        assert!(message.contains(named) && message.contains("--device cpu"), "{message}");
    }
}

#[test]
fn a_lost_device_is_an_error() {
    let device = gpu();
    let (architecture, rows) = cases()[1];
    let mut flow = on_gpu(&device.adapter, architecture, rows);
    let learn = |flow: &mut GpuFlow, steps: std::ops::Range<u32>| {
        steps.clone().try_for_each(|number| step(flow, architecture, rows, number))
    };
    learn(&mut flow, 1..4).unwrap();
    flow.wgpu_device().destroy();
    let z: Fields<f32> = Noise::new(5, 0, 0).fields(0, rows, 16);
    let told = [
        flow.parameters().map(|_| ()),
        flow.generate(&z).map(|_| ()),
        flow.energies(&z).map(|_| ()),
        learn(&mut flow, 4..300).and(flow.moments().map(|_| ())),
    ];
    for error in told {
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Device { .. } | Error::DeviceLimit { .. }), "{error:?}");
    }
}

/// Runs a command on the device under test, which names itself.
fn on_device(folder: &Path, name: &str, arguments: &str) -> String {
    let ended = ended(command(folder, arguments).args(["--device", name]).output().unwrap());
    assert_eq!(ended.code, 0, "han-gpu {arguments} --device {name:?}: {}", ended.stderr);
    assert!(ended.stderr.contains(&format!("device {name}")), "{}", ended.stderr);
    ended.stdout
}

#[test]
fn commands_run_on_a_device_which_the_run_records() {
    let device = gpu();
    let name = device.adapter.get_info().name;
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let short = "neuralrg train --size 4 --repeat 1 --temperature 3 --batch 40 --steps 12 --metrics-every 4";
    for out in ["whole", "cut"] {
        on_device(folder, &name, &format!("{short} --out {out}"));
    }
    let (cut, settings) = FlowFolder::open(&folder.join("cut")).unwrap();
    assert!(name.contains(&settings.device) || settings.device.contains(&name), "{}", settings.device);
    let start = State::initial(&settings).unwrap();
    let mut training = Training::on(&name, settings.clone(), start).unwrap();
    (0..5).try_for_each(|_| training.step()).unwrap();
    cut.save(&settings, &training.state().unwrap()).unwrap();
    // Without --device a run goes on where it began.
    let resumed = succeed(folder, "neuralrg train --resume cut").stderr;
    assert!(resumed.contains(&format!("device {name}")), "{resumed}");
    let read = |run: &str| fs::read(folder.join(run).join("flow.safetensors")).unwrap();
    assert!(read("whole") == read("cut"));

    on_device(folder, &name, "neuralrg sample whole --count 300 --out fields.npz");
    on_device(folder, &name, "neuralrg evaluate whole --fields fields.npz --out found.npy");
    succeed(folder, "neuralrg evaluate whole --fields fields.npz --device cpu --out expected.npy");
    let array =
        |file: &str| Array1::<f64>::read_npy(File::open(folder.join(file)).unwrap()).unwrap().to_vec();
    let mut archive = NpzReader::new(File::open(folder.join("fields.npz")).unwrap()).unwrap();
    let drawn: Array1<f64> = archive.by_name("ln_q").unwrap();
    all_pass([
        compare("ln q", &array("found.npy"), &array("expected.npy"), close(1e-5)),
        compare("ln q as drawn", &drawn.to_vec(), &array("expected.npy"), close(1e-5)),
    ]);
    let short = "--chains 20 --trajectories 6 --thermalise 2 --leaps 2 --start normal --json";
    let moved = on_device(folder, &name, &format!("neuralrg hmc whole {short}"));
    let moved: Value = serde_json::from_str(&moved).unwrap();
    assert!(moved["spaces"][0]["acceptance"].as_f64().unwrap() > 0.5, "{moved}");
    let measured = on_device(folder, &name, "neuralrg measure whole --count 4000 --no-verify --json");
    let measured: Value = serde_json::from_str(&measured).unwrap();
    assert!(measured["device"].as_str().unwrap().contains(&name), "{measured}");
    assert!(measured["ln_z"]["deviation"].as_f64().unwrap().abs() < 4.5, "{measured}");
}
