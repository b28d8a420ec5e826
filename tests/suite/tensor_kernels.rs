//! Kernels that draw and weigh boxes by matrix product states on a GPU, against their f64 twin.

use crate::harness::{BETA, Case, Tolerance, all_pass, compare, gpu, spins};
use crate::kernels::inputs;
use han_gpu::backend::{Backend, Tensor};
use han_gpu::disorder::Disorder;
use han_gpu::gpu::Gpu;
use han_gpu::hierarchy::Cut;
use han_gpu::schedule::{Inputs, Kernel};

const TOLERANCE: Tolerance = Tolerance {
    absolute: 1e-4,
    relative: 2e-6,
    reason: "f32 environments, against conditional probabilities of spins down to a thousandth",
};

/// Whole lattices, halves and strips; bonds of one state to as many as a workgroup has room for; with fields and couplings of single bonds. The last
/// two, of which one keeps its environments in parts, are too long for software adapters.
fn cases() -> Vec<Case> {
    let tensors =
        Case { size: 8, batch: 20, cut: Cut::Halves, exact_bottom: 8, bond_dimension: 8, ..Case::DEFAULT };
    let large = Case { size: 16, batch: 3, ..tensors };
    let on_a_card = gpu().adapter.get_info().device_type != wgpu::DeviceType::Cpu;
    let of_cards = [
        Case { exact_bottom: 16, ..large },
        Case { exact_bottom: 16, bond_dimension: 16, batch: 1, ..large },
    ];
    let mut cases = vec![
        tensors,
        Case { batch: 66, exact_bottom: 4, bond_dimension: 1, ..tensors },
        Case { bond_dimension: 3, field: 0.2, gauge: false, ..tensors },
        Case { coupling: -0.9, field: -0.1, gauge: false, bond_dimension: 4, ..tensors },
        Case { disorder: Some(Disorder::Gaussian), bond_dimension: 6, ..tensors },
        Case { disorder: Some(Disorder::Gaussian), field: 0.3, gauge: false, exact_bottom: 4, ..tensors },
        Case { exact_length: 16, ..large },
    ];
    cases.extend(of_cards.into_iter().filter(|_| on_a_card));
    cases
}

#[test]
fn boxes_that_are_too_long_for_software_adapters_are_refused_there() {
    let device = gpu();
    let case =
        Case { size: 32, batch: 2, cut: Cut::Halves, exact_bottom: 32, bond_dimension: 8, ..Case::DEFAULT };
    if device.adapter.get_info().device_type == wgpu::DeviceType::Cpu {
        let error =
            device.backend(Case { size: 8, exact_bottom: 8, ..case }).sharing(case.model(), 2).unwrap_err();
        assert!(
            error.to_string().contains("ends loops too early") && error.to_string().contains("--device cpu")
        );
    }
}

fn bottom(case: Case) -> usize {
    case.model().bottom().expect("a level without a net")
}

/// ln q of the boxes of the last level.
fn ln_q_of_boxes(backend: &mut dyn Backend, case: Case) -> Vec<f64> {
    let model = case.model();
    let first = model.hierarchy.blocks_before(bottom(case)) * case.batch;
    backend.read(Tensor::LnQ).unwrap()[first..].to_vec()
}

/// The GPU and its twin with the same parameters.
fn both(case: Case) -> (Gpu, impl Backend) {
    let device = gpu();
    let (mut gpu, mut twin) = (device.backend(case), case.cpu::<f64>());
    let parameters = case.parameters(3);
    for backend in [&mut gpu as &mut dyn Backend, &mut twin] {
        backend.write(Tensor::Parameters, &parameters).unwrap();
    }
    (gpu, twin)
}

#[test]
fn ln_q_of_given_boxes_is_that_of_the_twin() {
    let mut results = Vec::new();
    for case in cases() {
        let (mut gpu, mut twin) = both(case);
        let spins = spins(&gpu, 1);
        let evaluate = [Kernel::EvaluateTensor { level: bottom(case) }];
        let mut ln_q = Vec::new();
        for backend in [&mut gpu as &mut dyn Backend, &mut twin] {
            backend.write_spins(&spins).unwrap();
            backend.run(&evaluate, &inputs(1)).unwrap();
            ln_q.push(ln_q_of_boxes(backend, case));
        }
        results.push(compare(&format!("{case:?}"), &ln_q[0], &ln_q[1], TOLERANCE));
    }
    all_pass(results);
}

#[test]
fn boxes_are_drawn_as_the_twin_draws_them_and_weighed_as_they_are_evaluated() {
    let mut results = Vec::new();
    for case in cases() {
        let (mut gpu, mut twin) = both(case);
        let border = spins(&gpu, 2);
        let level = bottom(case);
        let step = Inputs { beta: BETA, ..inputs(4) };
        let mut drawn = Vec::new();
        for backend in [&mut gpu as &mut dyn Backend, &mut twin] {
            backend.write_spins(&border).unwrap();
            backend.run(&[Kernel::SampleTensor { level }], &step).unwrap();
            drawn.push(backend.read_spins().unwrap());
        }
        let ln_q = ln_q_of_boxes(&mut gpu, case);
        for (what, backend) in [("given", &mut gpu as &mut dyn Backend), ("by the twin", &mut twin)] {
            backend.write_spins(&drawn[0]).unwrap();
            backend.run(&[Kernel::EvaluateTensor { level }], &step).unwrap();
            let given = ln_q_of_boxes(backend, case);
            results.push(compare(&format!("{case:?}, drawn and {what}"), &ln_q, &given, TOLERANCE));
        }
        // A number that falls between two roundings of a probability makes one configuration another.
        let pairs =
            drawn[0].chunks(case.model().hierarchy.sites).zip(drawn[1].chunks(case.model().hierarchy.sites));
        let differing = pairs.filter(|(gpu, twin)| gpu != twin).count();
        assert!(differing <= 1 + case.batch / 20, "{case:?}: {differing} configurations");
        assert_ne!(drawn[0], border, "{case:?}: nothing is drawn");
    }
    all_pass(results);
}
