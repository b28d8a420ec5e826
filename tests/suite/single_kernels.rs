//! Every kernel by itself: the arrays that it leaves behind on the GPU are those of its f64 twin, and it takes this kernel to make them so.

use crate::harness::{Case, Tolerance, all_pass, compare, gpu, spins};
use crate::kernels::inputs;
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::{Head, Model, Network};
use han_gpu::cpu::Cpu;
use han_gpu::disorder::Disorder;
use han_gpu::gpu::Gpu;
use han_gpu::lattice::{LatticeKind, Observables};
use han_gpu::schedule::{self, Baseline, Inputs, Kernel};

/// Nets with two layers above single spins, and exact squares.
const NETS: Case = Case { size: 8, batch: 68, width: 2, depth: 2, field: 0.2, gauge: false, ..Case::DEFAULT };
const SQUARES: Case = Case { size: 8, batch: 37, exact_bottom: 4, ..Case::DEFAULT };
/// A net that is mixed with its mirror image, its rows and their images side by side in a tile.
const MIXTURE: Case = Case { size: 4, batch: 37, width: 2, mixture: true, ..Case::DEFAULT };
/// Six neighbours to a spin, and four colours.
const TRIANGLES: Case = Case { lattice: LatticeKind::Triangular, size: 8, batch: 37, ..Case::DEFAULT };

/// More sites than a workgroup has lanes, and a last workgroup that is not full.
const PAIRS: Case = Case {
    lattice: LatticeKind::Complete,
    network: Network::Arnn,
    head: Head::Sk1,
    disorder: Some(Disorder::Sk),
    size: 70,
    batch: 37,
    field: 0.2,
    gauge: false,
    exact_bottom: 0,
    ..Case::DEFAULT
};

/// What is looked at after a kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    Array(Tensor),
    /// Of a level: logits, or their gradient.
    Logits(usize),
    Spins,
    Sums,
    Observables,
}

/// A kernel, those that run before it and after it, and what is seen then.
struct Trial {
    kernel: Kernel,
    before: Vec<Kernel>,
    after: Vec<Kernel>,
    seen: Seen,
}

fn trial(before: &[Kernel], kernel: Kernel, after: &[Kernel], seen: Seen) -> Trial {
    Trial { kernel, before: before.to_vec(), after: after.to_vec(), seen }
}

fn ln_q_and_rewards(model: &Model) -> Vec<Kernel> {
    [schedule::evaluation(model), schedule::sum_out_bottom(model), schedule::rewards(model)].concat()
}

fn of_nets(model: &Model) -> Vec<Trial> {
    let level = 1;
    let (evaluated, rewarded) = (schedule::evaluation(model), ln_q_and_rewards(model));
    let (ln_q, advantage) = (Seen::Array(Tensor::LnQ), Seen::Array(Tensor::Advantage));
    let from = |kernels: &[Kernel], first: Kernel| {
        let at = kernels.iter().position(|kernel| *kernel == first).unwrap();
        (kernels[..at].to_vec(), kernels[at + 1..].to_vec())
    };
    let split = from(&rewarded, Kernel::Reward { level });
    let [regressors, moments] = [Kernel::Regressors { level }, Kernel::Moments { level }];
    let [regression, residual] = [Kernel::Regression { level }, Kernel::Residual { level }];
    let mut trials = vec![
        trial(&[], Kernel::SampleLevel { level: 0 }, &[], Seen::Spins),
        trial(&[], Kernel::SampleLevel { level }, &[], ln_q),
        trial(&[], Kernel::EvaluateLevel { level }, &[], ln_q),
        trial(&[], Kernel::EvaluateLevel { level }, &[], Seen::Logits(level)),
        trial(&[], Kernel::Energy { level }, &[Kernel::ConfigurationEnergy], Seen::Sums),
        trial(&[Kernel::Energy { level }], Kernel::ConfigurationEnergy, &[], Seen::Sums),
        trial(&split.0, Kernel::Reward { level }, &[], Seen::Array(Tensor::Reward)),
        trial(&rewarded, Kernel::Baseline, &[Kernel::Advantage], advantage),
        trial(&[&rewarded[..], &[Kernel::Baseline]].concat(), Kernel::Advantage, &[], advantage),
        trial(&evaluated, Kernel::Likelihood, &[Kernel::BackwardOutput { level }], Seen::Logits(level)),
        trial(&rewarded, regressors, &[moments, regression, residual], advantage),
        trial(&[&rewarded[..], &[regressors]].concat(), moments, &[regression, residual], advantage),
        trial(&[&rewarded[..], &[regressors, moments]].concat(), regression, &[residual], advantage),
        trial(&[&rewarded[..], &[regressors, moments, regression]].concat(), residual, &[], advantage),
        trial(&[], Kernel::Metropolis { colour: 0 }, &[], Seen::Spins),
        trial(&[], Kernel::Metropolis { colour: 1 }, &[], Seen::Spins),
        trial(&[], Kernel::Observables, &[], Seen::Observables),
    ];
    let bottom = model.bottom().unwrap();
    trials.extend([
        trial(&[], Kernel::SampleHeatBath { level: bottom }, &[], Seen::Spins),
        trial(&[], Kernel::SampleHeatBath { level: bottom }, &[], ln_q),
        trial(&[], Kernel::EvaluateHeatBath { level: bottom }, &[], ln_q),
        trial(&[], Kernel::HeatBathFreeEnergy { level: bottom }, &[], Seen::Array(Tensor::Reward)),
    ]);
    let likelihood = [&evaluated[..], &[Kernel::Likelihood]].concat();
    let output = Kernel::BackwardOutput { level };
    trials.push(trial(&likelihood, output, &[], Seen::Logits(level)));
    let gradient = schedule::gradient(model);
    for kernel in [
        Kernel::BackwardHidden { level, layer: 1 },
        Kernel::BackwardHidden { level, layer: 0 },
        Kernel::BackwardSlope { level },
        Kernel::BackwardWeights { level },
        Kernel::GradientSum { level },
    ] {
        let (before, after) = from(&gradient, kernel);
        let before = [&likelihood[..], &before].concat();
        trials.push(trial(&before, kernel, &after, Seen::Array(Tensor::Gradient)));
    }
    // The norm decides how much a long gradient is scaled down.
    let (before, after) = from(&gradient, Kernel::GradientNorm);
    let [before, after] = [[&likelihood[..], &before].concat(), [&after[..], &[Kernel::Adam]].concat()];
    let first_moment = Seen::Array(Tensor::FirstMoment);
    trials.push(trial(&before, Kernel::GradientNorm, &after, first_moment));
    let before = [&likelihood[..], &gradient].concat();
    trials.push(trial(&before, Kernel::Adam, &[], first_moment));
    trials.push(trial(&before, Kernel::Adam, &[], Seen::Array(Tensor::SecondMoment)));
    trials.push(trial(&before, Kernel::Adam, &[], Seen::Array(Tensor::Parameters)));
    trials
}

fn of_squares(model: &Model) -> Vec<Trial> {
    let level = model.bottom().unwrap();
    vec![
        trial(&[], Kernel::SampleBox { level }, &[], Seen::Spins),
        trial(&[], Kernel::SampleBox { level }, &[], Seen::Array(Tensor::LnQ)),
        trial(&[], Kernel::EvaluateBox { level }, &[], Seen::Array(Tensor::LnQ)),
        trial(&[], Kernel::BoxFreeEnergy { level }, &[], Seen::Array(Tensor::Reward)),
    ]
}

fn of_mixtures(model: &Model) -> Vec<Trial> {
    let (level, ln_q) = (0, Seen::Array(Tensor::LnQ));
    let [sample, image] = [Kernel::SampleLevel { level }, Kernel::EvaluateImage { level }];
    let (mix, share) = (Kernel::MixImages { level }, Kernel::ShareAdvantage { level });
    let likelihood = [schedule::evaluation(model), vec![Kernel::Likelihood]].concat();
    vec![
        trial(&[], sample, &[], Seen::Spins),
        trial(&[sample], image, &[mix], ln_q),
        trial(&[sample], image, &[], Seen::Logits(level)),
        trial(&[sample, image], mix, &[], ln_q),
        trial(&[], Kernel::EvaluateLevel { level }, &[mix], ln_q),
        trial(&likelihood, share, &[], Seen::Array(Tensor::Advantage)),
    ]
}

fn of_triangles(model: &Model) -> Vec<Trial> {
    let level = model.bottom().unwrap();
    let colours = (0..4).map(|colour| trial(&[], Kernel::Metropolis { colour }, &[], Seen::Spins));
    let of_bottom = [
        trial(&[], Kernel::Observables, &[], Seen::Observables),
        trial(&[], Kernel::SampleHeatBath { level }, &[], Seen::Spins),
        trial(&[], Kernel::EvaluateHeatBath { level }, &[], Seen::Array(Tensor::LnQ)),
        trial(&[], Kernel::HeatBathFreeEnergy { level }, &[], Seen::Array(Tensor::Reward)),
    ];
    colours.chain(of_bottom).collect()
}

fn of_pairs(model: &Model) -> Vec<Trial> {
    let level = 0;
    let ln_q = Seen::Array(Tensor::LnQ);
    let [sample, evaluate] = [Kernel::SamplePairs { level }, Kernel::EvaluatePairs { level }];
    let (backward, sum) = (Kernel::BackwardPairs { level }, Kernel::GradientSum { level });
    let rewarded = ln_q_and_rewards(model);
    let likelihood = [evaluate, Kernel::Likelihood];
    vec![
        trial(&[], sample, &[], Seen::Spins),
        trial(&[], sample, &[], ln_q),
        trial(&[], sample, &[], Seen::Logits(level)),
        trial(&[], evaluate, &[], ln_q),
        trial(&[], evaluate, &[], Seen::Logits(level)),
        trial(&rewarded[..1], Kernel::Reward { level }, &[], Seen::Array(Tensor::Reward)),
        trial(&likelihood, backward, &[sum], Seen::Array(Tensor::Gradient)),
        trial(&[], Kernel::Observables, &[], Seen::Observables),
    ]
}

/// Logits are no tensor of the interface that both backends share.
trait Subject: Backend {
    fn logits_of(&self, level: usize) -> Vec<f64>;
}

impl Subject for Gpu {
    fn logits_of(&self, level: usize) -> Vec<f64> {
        self.logits(level).unwrap()
    }
}

impl Subject for Cpu<f64> {
    fn logits_of(&self, level: usize) -> Vec<f64> {
        self.logits(level)
    }
}

fn step() -> Inputs {
    let inputs = inputs(1);
    Inputs { adam: schedule::Adam { clip: 1e-3, ..inputs.adam }, ..inputs }
}

/// What is seen after some kernels, from arrays that all hold other numbers before.
fn seen(subject: &mut dyn Subject, case: Case, kernels: &[Kernel], seen: Seen) -> Vec<f64> {
    let model = case.model();
    let mut everything = ln_q_and_rewards(&model);
    everything.extend(schedule::advantages(&model, Baseline::Regression));
    everything.extend(schedule::advantages(&model, Baseline::Global));
    everything.extend(schedule::gradient(&model));
    everything.extend(schedule::energies(&model));
    everything.push(Kernel::Observables);
    subject.write(Tensor::Parameters, &case.parameters(8)).unwrap();
    let others = spins(subject, 9);
    subject.write_spins(&others).unwrap();
    subject.run(&everything, &step()).unwrap();
    subject.write(Tensor::Parameters, &case.parameters(3)).unwrap();
    for moment in [Tensor::FirstMoment, Tensor::SecondMoment] {
        subject.write(moment, &vec![0.0; model.parameters]).unwrap();
    }
    let given = spins(subject, 1);
    subject.write_spins(&given).unwrap();
    subject.run(kernels, &step()).unwrap();
    match seen {
        Seen::Array(tensor) => subject.read(tensor).unwrap(),
        Seen::Logits(level) => subject.logits_of(level),
        Seen::Spins => subject.read_spins().unwrap().into_iter().map(f64::from).collect(),
        Seen::Sums => subject.read_sums().unwrap().into_iter().flatten().map(f64::from).collect(),
        Seen::Observables => {
            let observables = subject.read_observables().unwrap();
            let distances = Observables::distances(model.system.lattice);
            let of = |row| {
                let products = (1..=distances).map(|distance| observables.products(distance, row));
                let sums = [observables.spin_sum(row), observables.staggered_sum(row).unwrap_or_default()];
                let integers = products.chain(sums).map(|sum| sum as f64);
                integers.chain([observables.structure_factor(row)]).collect::<Vec<_>>()
            };
            (0..case.batch).flat_map(of).collect()
        }
    }
}

fn tolerance(seen: Seen, expected: &[f64], batch: usize) -> Tolerance {
    let scale = expected.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let of = |absolute, relative, reason| Tolerance { absolute, relative, reason };
    match seen {
        Seen::Spins | Seen::Sums | Seen::Observables => of(0.0, 0.0, "integers"),
        Seen::Array(Tensor::Betas) => of(0.0, 0.0, "no kernel writes them"),
        Seen::Logits(_) => of(2e-5 * scale, 1e-4, "sums of up to 60 f32 terms"),
        Seen::Array(Tensor::LnQ) => of(2e-5, 1e-5, "sums of up to 60 f32 terms, exp good to 2e-6"),
        Seen::Array(Tensor::Reward) => of(2e-4, 1e-5, "f32 sums over the whole tree"),
        Seen::Array(Tensor::Advantage) => of(5e-4 / batch as f64, 1e-3, "differences of rewards"),
        Seen::Array(Tensor::Gradient | Tensor::FirstMoment) => {
            of(3e-5 * scale, 1e-3, "f32 sums over all rows that cancel")
        }
        Seen::Array(Tensor::SecondMoment) => of(1e-4 * scale, 2e-3, "a square of those"),
        Seen::Array(Tensor::Parameters) => of(1e-4, 1e-5, "a hundredth of a step, where gradients vanish"),
    }
}

/// Makes trials of kernels from a model.
type Trials = fn(&Model) -> Vec<Trial>;

#[test]
fn every_kernel_leaves_behind_what_its_twin_does_and_no_other_would() {
    let device = gpu();
    let mut results = Vec::new();
    let cases: [(Case, Trials); 5] = [
        (NETS, of_nets),
        (SQUARES, of_squares),
        (MIXTURE, of_mixtures),
        (TRIANGLES, of_triangles),
        (PAIRS, of_pairs),
    ];
    for (case, trials) in cases {
        let mut gpu = device.backend(case);
        for Trial { kernel, before, after, seen: what } in trials(&case.model()) {
            let with = [&before[..], &[kernel], &after].concat();
            let expected = seen(&mut case.cpu::<f64>(), case, &with, what);
            let found = seen(&mut gpu, case, &with, what);
            let allowed = tolerance(what, &expected, case.batch);
            results.push(compare(&format!("{what:?} after {kernel:?}"), &found, &expected, allowed));
            let without = [before, after].concat();
            let found = seen(&mut case.cpu::<f64>(), case, &without, what);
            assert!(
                compare("", &found, &expected, allowed).is_err(),
                "{what:?} is the same without {kernel:?}"
            );
        }
    }
    all_pass(results);
}

/// The twin of `unpack_spins` has nothing to do: the CPU backend keeps what it is given.
#[test]
fn unpacked_spins_are_those_that_were_given() {
    let device = gpu();
    let mut gpu = device.backend(NETS);
    let given = spins(&gpu, 1);
    gpu.write(Tensor::Parameters, &NETS.parameters(3)).unwrap();
    gpu.write_spins(&given).unwrap();
    assert_eq!(gpu.read_spins().unwrap(), given);
    gpu.run(&[Kernel::SampleLevel { level: 0 }], &step()).unwrap();
    assert_ne!(gpu.read_spins().unwrap(), given);
    gpu.run(&[Kernel::UnpackSpins], &step()).unwrap();
    assert_eq!(gpu.read_spins().unwrap(), given, "the bits are still there");
}
