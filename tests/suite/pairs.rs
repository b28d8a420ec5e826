//! Systems whose sites are all neighbours, from the network to what is measured of it.

use crate::harness::{BETA, Case, gpu};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::{Head, Network};
use han_gpu::disorder::Disorder;
use han_gpu::exact;
use han_gpu::lattice::{Ensemble, LatticeKind, SymmetryGroup};
use han_gpu::measure::{Method, Settings, measure};
use han_gpu::sample::{Draws, draw};
use std::ops::ControlFlow;

const PAIRS: Case = Case {
    lattice: LatticeKind::Complete,
    network: Network::Arnn,
    size: 100,
    batch: 50,
    exact_bottom: 0,
    ..Case::DEFAULT
};

/// One coupling, cold enough for order, without and with a field.
fn curie_weiss() -> [Case; 2] {
    let case = Case { head: Head::Cw, coupling: 0.025, ..PAIRS };
    [case, Case { gauge: false, field: 0.05, ..case }]
}

#[test]
fn every_sample_of_the_exact_head_has_the_exact_ln_z() {
    let device = gpu();
    for case in curie_weiss() {
        let ln_z = exact::ln_z(&case.system(), BETA).unwrap();
        for backend in [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
            let draws = Draws { seed: 3, beta: BETA, count: 200 };
            draw(backend, draws, |samples| {
                for (ln_q, energy) in samples.ln_q.iter().zip(&samples.energy) {
                    let found = -BETA * energy - ln_q;
                    assert!((found - ln_z).abs() < 1e-4, "{found}, {ln_z} of {}", case.system());
                }
                Ok(())
            })
            .unwrap();
        }
    }
}

#[test]
fn measurements_have_the_exact_energy_and_specific_heat() {
    let glass = Case { head: Head::Sk0, disorder: Some(Disorder::Sk), size: 14, ..PAIRS };
    for case in curie_weiss().into_iter().chain([glass]) {
        let ensemble = Ensemble { system: case.system(), beta: BETA };
        let exact = exact::solve(&ensemble.system, BETA).unwrap();
        let mut cpu = case.cpu::<f32>();
        let parameters = case.model().initial_parameters(1, BETA);
        cpu.write(Tensor::Parameters, &parameters).unwrap();
        // By themselves, and averaged over both signs.
        for z2 in [false, case.field == 0.0] {
            let symmetries = SymmetryGroup { z2, ..SymmetryGroup::default() };
            let settings = Settings { count: 4000, seed: 5, beta: BETA, method: Method::Nis, symmetries };
            let found = measure(&mut cpu, &settings, |_| Ok(()), |_| ControlFlow::Continue(())).unwrap();
            for (name, exact) in
                [("energy_per_site", exact.energy_per_site), ("specific_heat", exact.specific_heat)]
            {
                let estimate = found.quantity(name).unwrap().estimate;
                let sigmas = (estimate.value - exact) / estimate.error;
                assert!(sigmas.abs() < 4.5, "{name} of {}: {estimate:?}, {exact}", ensemble.system);
            }
        }
    }
}

#[test]
fn corrected_fields_make_an_untrained_network_the_better_one() {
    // Variance of ln q + beta E over the network's own samples, 0 for the exact one.
    let variance = |head: Head| {
        let case = Case { head, disorder: Some(Disorder::Sk), size: 40, ..PAIRS };
        let mut cpu = case.cpu::<f32>();
        cpu.write(Tensor::Parameters, &case.model().initial_parameters(1, BETA)).unwrap();
        let mut terms = Vec::new();
        let draws = Draws { seed: 3, beta: BETA, count: 2000 };
        draw(&mut cpu, draws, |samples| {
            terms.extend(samples.ln_q.iter().zip(&samples.energy).map(|(ln_q, energy)| ln_q + BETA * energy));
            Ok(())
        })
        .unwrap();
        let mean = terms.iter().sum::<f64>() / terms.len() as f64;
        terms.iter().map(|term| (term - mean).powi(2)).sum::<f64>() / terms.len() as f64
    };
    let [free, corrected] = [Head::Sk0, Head::Tap].map(variance);
    assert!(corrected < 0.1 * free, "{corrected}, {free}");
}
