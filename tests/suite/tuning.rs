//! Kernel shapes by measurement: all of them right, the choice kept, and nothing lost with it.

use crate::cli::{command, ended};
use crate::harness::{Case, Tolerance, all_pass, compare, gpu, spins};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::gpu::{Gpu, KernelShape};
use han_gpu::schedule::{Baseline, Inputs, Shape, evaluation, training_step};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_shape_gives_the_ln_q_of_the_f64_twin() {
    let device = gpu();
    let mut results = Vec::new();
    // Lanes take four rows together where a batch comes in fours.
    for (batch, depth) in [(67, 2), (68, 1)] {
        let case = Case { width: 2, depth, batch, ..Case::DEFAULT };
        let shapes = Shape::all(case.width);
        assert!(shapes.len() >= 8, "{shapes:?}");
        let mut gpu = device.backend(case);
        let mut twin = case.cpu::<f64>();
        let (parameters, spins) = (case.parameters(5), spins(&gpu, 2));
        let (kernels, inputs) =
            (evaluation(&case.model()), Inputs { seed: 1, beta: 0.44, ..Inputs::SAMPLING });
        for backend in [&mut gpu as &mut dyn Backend, &mut twin] {
            backend.write(Tensor::Parameters, &parameters).unwrap();
            backend.write_spins(&spins).unwrap();
        }
        twin.run(&kernels, &inputs).unwrap();
        let expected = twin.read(Tensor::LnQ).unwrap();
        let tolerance = Tolerance { absolute: 1e-4, relative: 1e-5, reason: "f32 sums over 100 units" };
        for shape in shapes {
            gpu.force_shape(shape);
            gpu.write(Tensor::Parameters, &parameters).unwrap();
            gpu.run(&kernels, &inputs).unwrap();
            let what = format!("{shape:?} at batch {batch}");
            results.push(compare(&what, &gpu.read(Tensor::LnQ).unwrap(), &expected, tolerance));
        }
    }
    all_pass(results);
}

#[test]
fn weights_loaded_all_at_once_give_the_same_bits() {
    let device = gpu();
    for (width, rows) in [(1, 2), (2, 1)] {
        let case = Case { width, batch: 67, ..Case::DEFAULT };
        let ln_q = |all_at_once: bool| {
            let mut gpu = device.backend(case);
            gpu.force_shape(Shape::Tile { rows, lanes: 64 });
            if all_at_once {
                gpu.load_all_at_once();
            }
            gpu.write(Tensor::Parameters, &case.parameters(5)).unwrap();
            gpu.write_spins(&spins(&gpu, 2)).unwrap();
            gpu.run(&evaluation(&case.model()), &Inputs { seed: 1, beta: 0.44, ..Inputs::SAMPLING }).unwrap();
            gpu.read(Tensor::LnQ).unwrap()
        };
        assert_eq!(ln_q(true), ln_q(false), "width {width}");
    }
}

#[test]
fn shapes_of_all_but_the_forward_pass_give_the_same_bits() {
    let device = gpu();
    // Lanes of several rows and parts with edges, whatever their size.
    let case = Case { size: 16, width: 3, depth: 2, batch: 30, exact_bottom: 4, ..Case::DEFAULT };
    let model = case.model();
    let inputs = Inputs { step: 1, seed: 1, beta: 0.44, ..Inputs::SAMPLING };
    let (parameters, step) = (case.parameters(5), training_step(&model, Baseline::Regression));
    let mut tried = 0;
    for mut gpu in [device.backend(case), device.own_backend(case)] {
        let spins = spins(&gpu, 2);
        let results = |gpu: &mut Gpu| {
            gpu.write(Tensor::Parameters, &parameters).unwrap();
            gpu.write_spins(&spins).unwrap();
            gpu.run(&step, &inputs).unwrap();
            [Tensor::Gradient, Tensor::Reward].map(|tensor| gpu.read(tensor).unwrap())
        };
        let expected = results(&mut gpu);
        for level in 0..model.levels.len() {
            for shapes in gpu.kernel_shapes(level).unwrap() {
                let others = shapes.iter().skip(1).filter(|shape| !matches!(shape, KernelShape::Forward(_)));
                for &shape in others {
                    gpu.use_kernel_shape(level, shape).unwrap();
                    assert!(results(&mut gpu) == expected, "level {level}, {shape:?}");
                    tried += 1;
                }
                if let Some(&first) = shapes.first() {
                    gpu.use_kernel_shape(level, first).unwrap();
                }
            }
        }
    }
    assert!(tried > 0, "nothing to choose from");
}

fn shape_paths(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("shapes-")).collect()
}

fn shape_files(folder: &Path) -> Vec<Vec<u8>> {
    shape_paths(folder).into_iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn every_variant_is_listed_once_with_its_time() {
    let device = gpu();
    let temporary = tempfile::tempdir().unwrap();
    let name = device.adapter.get_info().name;
    let bench = |device: &str| -> serde_json::Value {
        let mut command = command(temporary.path(), "bench --size 8 --batch 64 --width 1 --variants --json");
        command.args(["--device", device]);
        let ended = ended(command.output().unwrap());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    };
    let listed = bench(&name);
    let variants = listed["variants"].as_array().unwrap();
    assert!(variants.iter().all(|variant| variant["seconds"].as_f64().unwrap() > 0.0), "{variants:?}");
    let of_variant = |variant: &serde_json::Value| {
        (variant["level"].as_u64().unwrap() as usize, variant["shape"].as_str().unwrap().to_owned())
    };
    let mut found: Vec<_> = variants.iter().map(of_variant).collect();
    found.sort();
    let case = Case { batch: 64, exact_bottom: 8, ..Case::DEFAULT };
    let gpu = device.own_backend(case);
    let choices = |level| gpu.kernel_shapes(level).unwrap().into_iter().filter(|shapes| shapes.len() > 1);
    let levels = 0..case.model().levels.len();
    let mut expected: Vec<_> = levels
        .flat_map(|level| choices(level).flatten().map(move |shape| (level, shape.to_string())))
        .collect();
    expected.sort();
    assert!(!found.is_empty() && found == expected, "{found:?}, expected {expected:?}");
    assert_eq!(bench("cpu")["variants"].as_array().unwrap().len(), 0, "one shape for every kernel");
}

#[test]
fn measured_shapes_are_kept_and_a_damaged_file_counts_for_nothing() {
    let device = gpu();
    let name = device.adapter.get_info().name;
    let temporary = tempfile::tempdir().unwrap();
    let cache = temporary.path().join("cache/of shapes");
    let bench = |arguments: &str, cache: &Path| {
        let mut command = command(temporary.path(), "bench --size 8 --batch 64 --width 1 --repeats 1");
        command.args(arguments.split_whitespace()).args(["--device", &name]).env("HAN_GPU_CACHE", cache);
        let ended = ended(command.output().unwrap());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    };
    bench("--retune", Path::new("none"));
    assert!(!temporary.path().join("none").exists(), "`none` is no folder");
    bench("--retune", &cache);
    let [kept] = &shape_files(&cache)[..] else { panic!("one file of shapes is expected") };
    let choices: serde_json::Value = serde_json::from_slice(kept).unwrap();
    let choices = choices["choices"].as_array().unwrap();
    let of = |kernel: &str| choices.iter().find(|choice| choice["kernel"] == kernel).expect(kernel);
    assert!(choices.iter().all(|choice| choice["seconds"].as_f64().unwrap() > 0.0), "{choices:?}");
    let shape = |kernel: &str| serde_json::from_value(of(kernel)["shape"].clone()).unwrap();
    let KernelShape::Forward(forward) = shape("sample_level") else { panic!("{choices:?}") };
    assert!(Shape::all(1).contains(&forward));
    if device.adapter.features().contains(wgpu::Features::PIPELINE_CACHE) {
        let files = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().file_name());
        let pipelines = files.filter(|name| name.to_string_lossy().starts_with("wgpu-pipeline-cache"));
        assert_eq!(pipelines.count(), 1, "what the driver keeps of pipelines");
    }
    let count = choices.len();
    bench("", &cache);
    assert_eq!(&shape_files(&cache)[0], kept, "what was measured is taken");
    // A shape that this device cannot have, in a file that is otherwise right.
    let path = shape_paths(&cache).remove(0);
    let mut other: serde_json::Value = serde_json::from_slice(kept).unwrap();
    other["choices"][0]["shape"] = serde_json::json!({"forward": {"lane": {"group": 1_000_000, "rows": 1}}});
    fs::write(&path, serde_json::to_vec(&other).unwrap()).unwrap();
    bench("", &cache);
    for entry in fs::read_dir(&cache).unwrap() {
        fs::write(entry.unwrap().path(), "[{\"shape\": {\"lane\": {\"group\": 1000000, \"rows\": 1}}}]")
            .unwrap();
    }
    bench("", &cache);
    bench("--retune", &cache);
    let again: serde_json::Value = serde_json::from_slice(&shape_files(&cache)[0]).unwrap();
    assert_eq!(again["choices"].as_array().unwrap().len(), count);
}
