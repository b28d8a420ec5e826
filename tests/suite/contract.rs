//! The contract of every network on every lattice. A subject is listed here once, and goes through normalisation and the sampler
//! (normalisation.rs), finite differences and causality (gradients.rs), GPU against twin (kernels.rs), the plain reference
//! (reference.rs), and resuming and files (here).

use crate::harness::Case;
use han_gpu::Error;
use han_gpu::conditional::{Colours, Head, Network};
use han_gpu::config::{Config, Objective};
use han_gpu::cpu::Cpu;
use han_gpu::disorder::Disorder;
use han_gpu::hierarchy::SiteOrder;
use han_gpu::io::{Checkpoint, RunFolder};
use han_gpu::lattice::{LatticeKind, Spins};
use han_gpu::train::{Event, train};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Every network on every lattice, with and without what can be left out. All are of side 4, so that in two dimensions all states can
/// be summed over.
pub(crate) const SUBJECTS: [Case; 48] = {
    let han = Case { size: 4, batch: 41, width: 2, depth: 2, ..Case::DEFAULT };
    let van = Case { network: Network::Van, exact_bottom: 0, ..han };
    let wide = Case { width: 8, depth: 1, ..han };
    // Software adapters take batches in fours four configurations at a time, and compile that for long where nets are deep.
    let wide_in_fours = Case { width: 4, batch: 40, ..wide };
    let plain = Case { gauge: false, field: 0.4, skip: false, ..han };
    let shared = Case { colours: Colours::Shared, gauge: false, depth: 1, ..han };
    let pairs = Case {
        lattice: LatticeKind::Complete,
        network: Network::Arnn,
        size: 13,
        batch: 41,
        coupling: 0.15,
        exact_bottom: 0,
        ..Case::DEFAULT
    };
    let glass =
        Case { disorder: Some(Disorder::Sk), coupling: 1.0, site_order: SiteOrder::Strongest, ..pairs };
    let in_field = Case { gauge: false, field: 0.4, ..pairs };
    let glass_in_field =
        Case { disorder: Some(Disorder::Hopfield { patterns: 3 }), coupling: 1.0, ..in_field };
    [
        han,
        plain,
        Case { exact_bottom: 4, ..han },
        Case { exact_bottom: 4, gauge: false, field: 0.4, coupling: -0.5, ..han },
        Case { lattice: LatticeKind::Triangular, coupling: -1.0, ..han },
        Case { lattice: LatticeKind::Triangular, coupling: 0.7, ..plain },
        van,
        Case { network: Network::Van, exact_bottom: 0, coupling: -0.8, ..plain },
        Case { lattice: LatticeKind::Triangular, coupling: -0.7, ..van },
        Case { lattice: LatticeKind::Cubic, exact_bottom: 4, coupling: 0.5, ..han },
        Case { lattice: LatticeKind::Cubic, coupling: -0.4, ..plain },
        Case { lattice: LatticeKind::Cubic, exact_bottom: 4, coupling: -0.4, ..plain },
        Case { mixture: true, ..han },
        Case { boundary_width: Some(3), ..han },
        Case { mixture: true, exact_bottom: 4, skip: false, ..han },
        Case { lattice: LatticeKind::Cubic, mixture: true, exact_bottom: 4, coupling: 0.5, ..han },
        Case { reach: 1, network: Network::Van, exact_bottom: 0, ..wide_in_fours },
        Case { reach: 1, lattice: LatticeKind::Cubic, mixture: true, exact_bottom: 4, coupling: 0.5, ..wide },
        Case { disorder: Some(Disorder::Pm1), ..han },
        Case { disorder: Some(Disorder::Gaussian), exact_bottom: 4, mixture: true, ..han },
        Case { disorder: Some(Disorder::Gaussian), lattice: LatticeKind::Triangular, ..han },
        Case { disorder: Some(Disorder::Pm1), lattice: LatticeKind::Cubic, exact_bottom: 4, ..han },
        Case { disorder: Some(Disorder::Gaussian), ..van },
        Case { head: Head::Cw, ..pairs },
        Case { head: Head::Cw, coupling: -0.2, ..in_field },
        Case { head: Head::CwInfinite, ..pairs },
        Case { head: Head::OneParameter, ..glass_in_field },
        Case { head: Head::Linear, ..glass },
        Case { head: Head::Linear, ..glass_in_field },
        Case { head: Head::Sk0, ..glass },
        Case { head: Head::Sk1, ..glass_in_field },
        Case { head: Head::Sk2, gauge: false, ..glass },
        Case { head: Head::Tap, ..glass },
        Case { head: Head::Tap, ..glass_in_field },
        Case { network: Network::Van, ..glass },
        Case { spins: Spins::Potts { states: 3 }, ..han },
        Case { spins: Spins::Potts { states: 5 }, exact_bottom: 4, batch: 40, width: 4, depth: 1, ..plain },
        Case { spins: Spins::Potts { states: 3 }, mixture: true, exact_bottom: 4, ..han },
        Case {
            spins: Spins::Potts { states: 12 },
            mixture: true,
            exact_bottom: 4,
            skip: false,
            depth: 1,
            ..han
        },
        Case { spins: Spins::Potts { states: 3 }, coupling: -0.8, ..plain },
        Case { spins: Spins::Potts { states: 4 }, ..van },
        Case { spins: Spins::Potts { states: 3 }, colours: Colours::Shared, gauge: false, ..han },
        Case { spins: Spins::Potts { states: 5 }, exact_bottom: 4, batch: 40, skip: false, ..shared },
        Case { spins: Spins::Potts { states: 3 }, lattice: LatticeKind::Cubic, coupling: -0.7, ..shared },
        Case { spins: Spins::Potts { states: 3 }, lattice: LatticeKind::Cubic, batch: 40, depth: 1, ..han },
        Case { spins: Spins::Potts { states: 3 }, disorder: Some(Disorder::Gaussian), ..plain },
        Case {
            spins: Spins::Potts { states: 4 },
            disorder: Some(Disorder::Pm1),
            mixture: true,
            ..wide_in_fours
        },
        Case { spins: Spins::Potts { states: 5 }, disorder: Some(Disorder::Gaussian), ..shared },
    ]
};

/// Settings of a short run of a subject.
fn config(case: Case, steps: u32) -> Config {
    let Case {
        lattice,
        spins,
        colours,
        network,
        head,
        site_order,
        size,
        depth,
        skip,
        gauge,
        mixture,
        reach,
        field,
        coupling,
        disorder,
        exact_bottom,
        ..
    } = case;
    let couplings = match disorder {
        None => "",
        Some(Disorder::Pm1) => "pm1",
        Some(Disorder::Gaussian) => "gaussian",
        Some(Disorder::Sk) => "sk",
        Some(Disorder::Hopfield { .. }) => "hopfield:3",
    };
    // A kind of couplings has no field, and there is no coupling beside it.
    let is_weighted = disorder.is_some();
    let (field, coupling) = if is_weighted { (0.0, 1.0) } else { (field, coupling) };
    let gauge = gauge && field == 0.0;
    let run = Config { steps, batch: 16, objective: Objective::Mixed, pool: 64, ..Config::default() };
    Config {
        lattice,
        model: spins.model(),
        states: spins.states() as u32,
        colours,
        network,
        head,
        site_order,
        size,
        width: case.widths(),
        depth,
        skip,
        gauge,
        mixture,
        reach,
        field,
        coupling,
        couplings: couplings.to_owned(),
        disorder_seed: u32::from(disorder.is_some()),
        exact_bottom,
        cut: case.boxes_cut(),
        exact_length: case.exact_length,
        evaluation_samples: 50,
        verification_samples: 0,
        metrics_every: 2,
        device: "cpu".to_owned(),
        ..run
    }
}

/// Trains in a folder from its checkpoint on, and stops after a step if it is told to.
fn run(config: &Config, folder: &Path, stop_after: Option<u32>) -> Result<Checkpoint, Error> {
    let folder = match RunFolder::exists(folder) {
        true => RunFolder::open(folder)?.0,
        false => RunFolder::create(folder, config, false)?,
    };
    let model = Arc::new(config.model()?);
    let mut cpu = Cpu::<f32>::new(model.clone(), config.batch);
    let start = folder.load_checkpoint(config, &model)?;
    train(config, &mut cpu, &folder, start, &mut |event| match event {
        Event::Step(step) if Some(step) == stop_after => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })?;
    folder.load_checkpoint(config, &model)
}

#[test]
fn every_subject_resumes_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    for (number, case) in SUBJECTS.into_iter().enumerate() {
        let config = config(case, 6);
        let whole = run(&config, &folder.path().join(format!("{number}-whole")), None).unwrap();
        let parts = folder.path().join(format!("{number}-parts"));
        assert_eq!(run(&config, &parts, Some(3)).unwrap().step, 3);
        assert!(run(&config, &parts, None).unwrap() == whole, "{case:?}");
    }
}

#[test]
fn checkpoints_of_other_subjects_and_damaged_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |number: usize| folder.path().join(number.to_string());
    for (number, case) in SUBJECTS.into_iter().enumerate() {
        run(&config(case, 2), &path(number), None).unwrap();
    }
    for (number, case) in SUBJECTS.into_iter().enumerate() {
        let (config, file) = (config(case, 2), "checkpoint.safetensors");
        let own = fs::read(path(number).join(file)).unwrap();
        let refusal = |bytes: &[u8]| {
            fs::write(path(number).join(file), bytes).unwrap();
            run(&config, &path(number), None).unwrap_err().to_string()
        };
        let other = refusal(&fs::read(path((number + 1) % SUBJECTS.len()).join(file)).unwrap_or_default());
        assert!(other.contains("the checkpoint"), "{case:?}: {other}");
        for length in [0, 7, own.len() / 2, own.len() - 1] {
            let cut = refusal(&own[..length]);
            assert!(cut.contains("not a readable checkpoint"), "{case:?}, {length} bytes: {cut}");
        }
        fs::write(path(number).join(file), &own).unwrap();
    }
}
