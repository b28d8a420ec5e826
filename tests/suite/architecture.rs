//! Invariants of ARCHITECTURE.md that can be read off the source: which folders use which, who names wgpu, where shaders are
//! included, and that every shader says what it computes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files of a folder with an ending, by their path from the root.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The text without its tests and comments.
fn code(text: &str) -> String {
    let own = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    own.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Modules of the crate that the files of a module name.
fn used_by(module: &str) -> BTreeSet<String> {
    let of_module =
        |name: &str| name.starts_with(&format!("src/{module}/")) || name == format!("src/{module}.rs");
    let sources = files("src", "rs");
    let texts = sources.iter().filter(|(name, _)| of_module(name)).map(|(_, text)| code(text));
    let mut used = BTreeSet::new();
    for text in texts {
        for rest in text.split("crate::").skip(1) {
            used.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    used.remove(module);
    used
}

#[test]
fn the_physics_knows_no_device() {
    for (module, allowed) in [
        ("error", &[] as &[&str]),
        ("lattice", &["error"]),
        ("hierarchy", &["lattice"]),
        ("exact", &["error", "lattice"]),
        ("estimate", &["random"]),
    ] {
        let used = used_by(module);
        let stranger = used.iter().find(|used| !allowed.contains(&used.as_str()));
        assert_eq!(stranger, None, "src/{module} may use {allowed:?} only");
    }
    // The search finds what is there.
    assert!(used_by("mc").is_superset(&["backend", "cpu", "lattice"].map(str::to_owned).into()));
    assert!(used_by("kernels").is_superset(&["conditional", "cpu"].map(str::to_owned).into()));
    for (module, strangers) in [
        ("conditional", &["cpu", "gpu", "train", "measure", "cli"] as &[&str]),
        ("schedule", &["cpu", "gpu", "train", "measure", "cli"]),
        ("kernels", &["gpu", "schedule", "train", "measure", "mc", "cli", "io"]),
        ("mc", &["measure", "train", "cli", "gpu"]),
        ("measure", &["train", "cli", "gpu", "io"]),
        ("io", &["train", "cli", "gpu", "cpu"]),
        ("gpu", &["train", "cli", "io", "measure", "mc"]),
        ("cpu", &["train", "cli", "io", "measure", "mc", "gpu"]),
    ] {
        let used = used_by(module);
        let stranger = strangers.iter().find(|stranger| used.contains(**stranger));
        assert_eq!(stranger, None, "src/{module} may not use it");
    }
}

#[test]
fn training_touches_files_in_one_place() {
    for (name, text) in files("src/train", "rs") {
        let text = code(&text);
        let touches = ["RunFolder", "std::fs", "std::path", ".save_checkpoint("];
        let found = touches.iter().find(|touch| text.contains(**touch));
        assert_eq!(found.is_some(), name == "src/train/in_folder.rs", "{name}: {found:?}");
    }
}

#[test]
fn wgpu_and_shader_files_are_named_in_one_place() {
    for (name, text) in files("src", "rs") {
        let text = code(&text);
        let may_name_wgpu =
            name.starts_with("src/gpu/") || ["src/engine.rs", "src/lib.rs"].contains(&name.as_str());
        assert!(may_name_wgpu || !text.contains("wgpu::"), "{name} names wgpu");
        let includes = text.contains("include_str!") && text.contains(".wgsl");
        assert!(!includes || name == "src/kernels/mod.rs", "{name} includes a shader");
    }
}

#[test]
fn kinds_of_conditionals_and_lattices_are_told_apart_in_few_places() {
    let conditionals = ["Conditional::MaskedNet", "Conditional::HeatBath", "Conditional::ExactBox"];
    let lattices = ["LatticeKind::Square", "LatticeKind::Triangular", "LatticeKind::Cubic"];
    for (name, text) in files("src", "rs") {
        let text = code(&text);
        let names = |kinds: &[&str]| kinds.iter().any(|kind| text.contains(kind));
        assert!(name.starts_with("src/conditional/") || !names(&conditionals), "{name} names a conditional");
        // Exact results hold for some lattices, a network's hierarchy is of one, and files and settings name them.
        let places =
            ["src/lattice/", "src/exact/", "src/conditional/model.rs", "src/config", "src/io/table.rs"];
        let may_name_lattices = places.iter().any(|place| name.starts_with(place));
        assert!(may_name_lattices || !names(&lattices), "{name} names a lattice");
    }
}

#[test]
fn every_shader_opens_with_a_sentence_on_what_it_is() {
    let shaders = files("shaders", "wgsl");
    assert!(shaders.len() > 50, "{} shaders", shaders.len());
    for (name, text) in shaders {
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("// ") && first.len() > 20, "{name} opens with {first:?}");
    }
}
