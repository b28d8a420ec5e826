//! Every kernel of the table has what belongs to it: a shader and a file at the same path, and a test that names it.

use han_gpu::schedule::Kernel;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Paths of kernels in a folder, without ending, from the folders of phases.
fn paths(folder: &str, ending: &str, phases: &BTreeSet<&str>) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = BTreeSet::new();
    for phase in phases {
        for file in fs::read_dir(root.join(phase)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let stem = name.strip_suffix(ending).unwrap_or_else(|| panic!("{name} is no kernel"));
            found.insert(format!("{phase}/{stem}"));
        }
    }
    found
}

#[test]
fn shaders_and_files_of_kernels_are_those_of_the_table() {
    let kernels = Kernel::every(1);
    let phases: BTreeSet<_> = kernels.iter().map(|kernel| kernel.phase().name()).collect();
    let table: BTreeSet<_> =
        kernels.iter().map(|kernel| format!("{}/{}", kernel.phase().name(), kernel.name())).collect();
    assert!(table.len() >= 27, "{} kernels", table.len());
    assert_eq!(paths("src/kernels", ".rs", &phases), table);
    assert_eq!(paths("shaders", ".wgsl", &phases), table);
    for path in table {
        let shader = read(&format!("shaders/{path}.wgsl"));
        let sentence = shader.lines().next().unwrap();
        let (start, first) = sentence.split_at(3);
        assert!(
            start == "// " && first.starts_with(char::is_uppercase) || first.starts_with("ln q"),
            "{sentence}"
        );
        let file = read(&format!("src/kernels/{path}.rs"));
        // A description whose text is that of another shader would compile.
        assert!(file.contains(&format!("shader!(\"{path}\")")), "{path}.rs names another shader");
    }
}

#[test]
fn some_test_names_every_kernel() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let files = fs::read_dir(suite).unwrap().map(|file| file.unwrap().path());
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let texts: String = files.filter(is_rust).map(|path| fs::read_to_string(path).unwrap()).collect();
    for kernel in Kernel::every(1) {
        let debug = format!("{kernel:?}");
        let variant = debug.split(' ').next().unwrap();
        let names = |text: &str| {
            let rest = text.chars().next();
            rest.is_none_or(|next| !next.is_alphanumeric())
        };
        let named = texts.split(&format!("Kernel::{variant}")).skip(1).any(names);
        assert!(named, "no test names Kernel::{variant}");
    }
}
