//! Kernels of Boltzmann machines against their twins on the CPU: what they compute, what they draw, and what a device may refuse.

use crate::harness::{Tolerance, all_pass, compare, gpu};
use han_gpu::Error;
use han_gpu::cpu::Real;
use han_gpu::gpu::GpuLearner;
use han_gpu::lattice::{Lattice, Spins};
use han_gpu::random::Stream;
use han_gpu::rbm::{Backend, Bits, Cpu, Draw, Learner, Machine, Parameters, Rule};
use rand::RngExt;

/// Machines and rows: tiles that are full and not, words that sites share, more rows than are evaluated at a time, and the smallest there is.
fn cases() -> Vec<(Machine, usize)> {
    let ising = |lattice: Lattice, hidden| Machine::new(lattice, Spins::Ising, hidden).unwrap();
    let potts = |side, states, hidden| {
        Machine::new(Lattice::square(side).unwrap(), Spins::Potts { states }, hidden).unwrap()
    };
    let square = |side| Lattice::square(side).unwrap();
    vec![
        (ising(square(2), 1), 1),
        (ising(square(3), 5), 1100),
        (ising(square(7), 45), 130),
        (ising(square(16), 300), 65),
        (ising(Lattice::of_shape(3, 3).unwrap(), 33), 64),
        (potts(5, 3, 40), 70),
        (potts(3, 16, 31), 20),
    ]
}

/// The same, each as its adapter shares tiles among lanes and as graphics cards do.
fn cases_by_shares() -> impl Iterator<Item = (Machine, usize, Shares)> {
    cases().into_iter().flat_map(|(machine, rows)| {
        [Shares::OfAdapter, Shares::OfCards].map(|shares| (machine, rows, shares))
    })
}

/// How lanes share tiles.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shares {
    OfAdapter,
    OfCards,
}

/// Parameters whose fields are of size 1.
fn parameters(machine: &Machine, seed: u32) -> Parameters {
    let mut stream = Stream::new(seed, 1);
    let mut draw = |count: usize, size: f32| -> Vec<f32> {
        (0..count).map(|_| size * stream.random_range(-1.0..1.0_f32)).collect()
    };
    let (visible, hidden) = (machine.visible(), machine.hidden);
    Parameters {
        weights: draw(visible * hidden, 2.0 / (visible.min(hidden) as f32).sqrt()),
        visible: draw(visible, 1.0),
        hidden: draw(hidden, 1.0),
    }
}

/// Visible numbers of configurations at random.
fn configurations(machine: &Machine, rows: usize, seed: u32) -> Bits {
    let mut stream = Stream::new(seed, 2);
    let mut spin = || match machine.spins {
        Spins::Ising => 2 * stream.random_range(0..2) - 1,
        Spins::Potts { states } => stream.random_range(0..states as i8),
    };
    let spins: Vec<i8> = (0..rows * machine.lattice.sites()).map(|_| spin()).collect();
    Bits::of_spins(machine, &spins)
}

/// The machine on a device of its own, with parameters and chains.
fn on_gpu(
    adapter: &wgpu::Adapter,
    machine: &Machine,
    parameters: &Parameters,
    chains: &Bits,
    shares: Shares,
) -> GpuLearner {
    let mut learner = GpuLearner::open(adapter, &Cpu::new(*machine, parameters), chains).unwrap();
    if shares == Shares::OfCards {
        learner.share_tiles();
    }
    learner
}

fn on_cpu<R: Real>(machine: &Machine, parameters: &Parameters, chains: &Bits) -> Learner<R> {
    Learner::new(Cpu::new(*machine, parameters), chains.clone())
}

const DRAW: Draw = Draw { seed: 7, step: 3, stage: 4, first: 11 };

#[test]
fn probabilities_and_likelihoods_are_those_of_the_twins_in_f64() {
    let device = gpu();
    for (machine, rows, shares) in cases_by_shares() {
        let parameters = parameters(&machine, 5);
        let visible = configurations(&machine, rows, 9);
        let mut found = on_gpu(&device.adapter, &machine, &parameters, &visible, shares);
        let mut expected = on_cpu::<f64>(&machine, &parameters, &visible);
        let close = Tolerance { absolute: 1e-5, relative: 1e-5, reason: "sums of f32" };
        let said_by = |backend: &mut dyn Backend| {
            [
                backend.hidden_probabilities(&visible).unwrap(),
                backend.ln_weights(&visible).unwrap(),
                backend.pseudo_likelihood(&visible, 1).unwrap(),
                backend.pseudo_likelihood(&visible, 3).unwrap(),
            ]
        };
        let pairs = said_by(&mut found).into_iter().zip(said_by(&mut expected));
        // One row of one hidden unit is one number.
        let is_single = |values: &[f64]| values.iter().all(|value| *value == values[0]);
        all_pass(pairs.zip(["probabilities", "ln weights", "of all sites", "of every third"]).map(
            |((found, expected), what)| {
                let what = format!("{what} of {machine:?}, {shares:?}");
                match is_single(&expected) {
                    true if (found[0] - expected[0]).abs() < 1e-5 => Ok(()),
                    _ => compare(&what, &found, &expected, close),
                }
            },
        ));
        assert_eq!(found.parameters().unwrap(), parameters, "{machine:?}");
        assert_eq!(found.chains().unwrap(), visible, "{machine:?}");
    }
}

#[test]
fn means_are_those_of_the_twin_in_f64() {
    let device = gpu();
    for (machine, rows, shares) in cases_by_shares() {
        let parameters = parameters(&machine, 5);
        let chains = configurations(&machine, 1, 9);
        let mut stream = Stream::new(3, 4);
        let means: Vec<f32> =
            (0..rows * machine.visible()).map(|_| stream.random_range(0.0..1.0_f32)).collect();
        let mut found = on_gpu(&device.adapter, &machine, &parameters, &chains, shares);
        let mut expected = on_cpu::<f64>(&machine, &parameters, &chains);
        let close = Tolerance { absolute: 1e-5, relative: 1e-5, reason: "sums of f32" };
        let [found, expected] = [&mut found as &mut dyn Backend, &mut expected].map(|backend| {
            let once = backend.reconstruct_means(&means).unwrap();
            let twice = backend.reconstruct_means(&once).unwrap();
            [once, twice].concat().into_iter().map(f64::from).collect::<Vec<_>>()
        });
        all_pass([compare(&format!("means of {machine:?}, {shares:?}"), &found, &expected, close)]);
    }
}

/// Rows that differ; each depends on no other, and on numbers of its own.
fn different_rows(machine: &Machine, found: &Bits, expected: &Bits) -> usize {
    let sites = machine.lattice.sites();
    let [found, expected] = [found, expected].map(|bits| bits.spins(machine));
    assert_eq!(found.len(), expected.len());
    found.chunks(sites).zip(expected.chunks(sites)).filter(|(found, expected)| found != expected).count()
}

#[test]
fn chains_are_drawn_by_the_same_numbers_on_both_devices() {
    let device = gpu();
    let (mut rows_drawn, mut different) = (0, 0);
    for (machine, rows, shares) in cases_by_shares() {
        let parameters = parameters(&machine, 6);
        let start = configurations(&machine, rows, 3);
        let mut found = on_gpu(&device.adapter, &machine, &parameters, &start, shares);
        let mut expected = on_cpu::<f32>(&machine, &parameters, &start);
        let once = [&mut found as &mut dyn Backend, &mut expected]
            .map(|backend| backend.reconstruct(&start, DRAW).unwrap());
        different += different_rows(&machine, &once[0], &once[1]);
        // Fewer chains than the backends were made for.
        let fewer = rows.div_ceil(2);
        let chains = [&mut found as &mut dyn Backend, &mut expected].map(|backend| {
            backend.start_chains(fewer, DRAW).unwrap();
            let started = backend.chains().unwrap();
            (1..30).try_for_each(|step| backend.sweep(Draw { step, ..DRAW })).unwrap();
            [started, backend.chains().unwrap()]
        });
        assert_eq!(chains[0][0], chains[1][0], "{machine:?}: fair draws are alike to the last bit");
        assert_eq!(chains[0][1].rows(), fewer);
        assert!(rows == 1 || different_rows(&machine, &chains[0][0], &chains[0][1]) > 0, "{machine:?} moves");
        different += different_rows(&machine, &chains[0][1], &chains[1][1]);
        rows_drawn += rows + fewer;
    }
    // A number within rounding of a probability is one in a million, and the row goes its own way from there.
    assert!(different * 100 < rows_drawn, "{different} of {rows_drawn} rows differ");
}

/// Rules of steps: CD-1, CD-3, and persistent chains with one sweep and with two.
fn rules() -> [Rule; 4] {
    [(1, false, 0.0), (3, false, 0.1), (1, true, 0.1), (2, true, 0.0)]
        .map(|(sweeps, is_persistent, decay)| Rule { sweeps, is_persistent, rate: 0.1, decay })
}

/// The batch of a step: every third configuration from one on.
fn batch(rows: usize, data: &Bits, step: u32) -> Vec<usize> {
    (0..rows).map(|row| (3 * row + step as usize) % data.rows()).collect()
}

#[test]
fn steps_move_parameters_as_the_twin_in_f64_does() {
    let device = gpu();
    let mut drawn_otherwise = Vec::new();
    for (machine, rows, shares) in cases_by_shares() {
        let start = parameters(&machine, 8);
        let chains = configurations(&machine, rows, 4);
        let data = configurations(&machine, 3 * rows + 1, 5);
        for rule in rules() {
            let mut found = on_gpu(&device.adapter, &machine, &start, &chains, shares);
            let mut expected = on_cpu::<f64>(&machine, &start, &chains);
            let moved = [&mut found as &mut dyn Backend, &mut expected].map(|backend| {
                backend.give(data.clone()).unwrap();
                (1..=4).try_for_each(|step| backend.learn(&batch(rows, &data, step), rule, 2, step)).unwrap();
                (backend.parameters().unwrap(), backend.chains().unwrap())
            });
            let [(found, found_chains), (expected, expected_chains)] = moved;
            // A number lay within rounding of a probability, and the steps learned from other chains.
            if found_chains != expected_chains {
                drawn_otherwise.push((machine, rule, shares));
                continue;
            }
            let close =
                Tolerance { absolute: 1e-5, relative: 1e-5, reason: "sums of f32, parameters of size 1" };
            let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|&value| value.into()).collect() };
            let all = [
                ("W", &found.weights, &expected.weights),
                ("b", &found.visible, &expected.visible),
                ("c", &found.hidden, &expected.hidden),
            ];
            all_pass(all.into_iter().filter(|(_, _, expected)| expected.len() > 1).map(
                |(what, found, expected)| {
                    compare(
                        &format!("{what} of {machine:?} by {rule:?}, {shares:?}"),
                        &wide(found),
                        &wide(expected),
                        close,
                    )
                },
            ));
            assert!(found.weights.iter().zip(&start.weights).any(|(found, start)| found != start));
        }
    }
    assert!(drawn_otherwise.len() <= 4, "{drawn_otherwise:?}");
}

#[test]
fn a_machine_on_a_gpu_goes_on_bit_for_bit() {
    let device = gpu();
    for (machine, rows) in cases() {
        let start = parameters(&machine, 8);
        let chains = configurations(&machine, rows, 4);
        let data = configurations(&machine, 3 * rows + 1, 5);
        let [_, rule, _, persistent] = rules();
        for rule in [rule, persistent] {
            let learn = |learner: &mut GpuLearner, steps: std::ops::Range<u32>| {
                learner.give(data.clone()).unwrap();
                steps
                    .clone()
                    .try_for_each(|step| learner.learn(&batch(rows, &data, step), rule, 2, step))
                    .unwrap();
                (learner.parameters().unwrap(), learner.chains().unwrap())
            };
            let whole =
                learn(&mut on_gpu(&device.adapter, &machine, &start, &chains, Shares::OfAdapter), 1..40);
            let mut learner = on_gpu(&device.adapter, &machine, &start, &chains, Shares::OfAdapter);
            let (parameters, chains) = learn(&mut learner, 1..7);
            // What is told of it on the way leaves no trace.
            learner.ln_weights(&data).unwrap();
            let cut =
                learn(&mut on_gpu(&device.adapter, &machine, &parameters, &chains, Shares::OfAdapter), 7..40);
            assert!(whole == cut, "{machine:?}, {rule:?}");
        }
    }
}

#[test]
fn sizes_that_do_not_fit_a_device_are_refused_by_name() {
    let device = gpu();
    let limits = wgpu::Limits { max_storage_buffer_binding_size: 1 << 20, ..Default::default() };
    let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
    let (small, queue) = pollster::block_on(device.adapter.request_device(&descriptor)).unwrap();
    let open = |hidden, rows| {
        let machine = Machine::new(Lattice::square(32).unwrap(), Spins::Ising, hidden).unwrap();
        let chains = configurations(&machine, rows, 1);
        let mut learner =
            GpuLearner::new(&small, &queue, &Cpu::new(machine, &parameters(&machine, 1)), &chains)?;
        learner.give(configurations(&machine, 2, 1))
    };
    open(256, 200).unwrap();
    for (hidden, rows, told) in [(257, 1, "fewer --hidden"), (256, 1000, "smaller --batch")] {
        let error = open(hidden, rows).unwrap_err();
        assert!(matches!(error, Error::DeviceLimit { .. }), "{error:?}");
        let message = error.to_string();
        let named = [&format!("hidden = {hidden}"), told, "--device cpu", "1 MiB"];
        assert!(named.iter().all(|part| message.contains(*part)), "{message}");
    }
}

#[test]
fn a_lost_device_is_an_error() {
    let device = gpu();
    let (machine, rows) = cases()[1];
    let start = parameters(&machine, 8);
    let chains = configurations(&machine, rows, 4);
    let (lost, queue) = pollster::block_on(device.adapter.request_device(&Default::default())).unwrap();
    let own = on_gpu(&device.adapter, &machine, &start, &chains, Shares::OfAdapter);
    let host = GpuLearner::new(&lost, &queue, &Cpu::new(machine, &start), &chains).unwrap();
    for mut learner in [own, host] {
        learner.give(chains.clone()).unwrap();
        let mut learn = |steps: std::ops::Range<u32>| {
            steps.clone().try_for_each(|step| learner.learn(&batch(rows, &chains, step), rules()[0], 2, step))
        };
        learn(1..30).unwrap();
        learner.wgpu_device().destroy();
        let told = [
            learner.parameters().map(|_| ()),
            learner.ln_weights(&chains).map(|_| ()),
            learner.reconstruct(&chains, DRAW).map(|_| ()),
            (1..300)
                .try_for_each(|step| learner.sweep(Draw { step, ..DRAW }))
                .and(learner.chains().map(|_| ())),
        ];
        for error in told {
            let error = error.unwrap_err();
            assert!(matches!(error, Error::Device { .. } | Error::DeviceLimit { .. }), "{error:?}");
        }
    }
}
