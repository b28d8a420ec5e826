//! What compilers of others say about the shaders, where they are installed: naga accepts some that drivers refuse, and
//! translates some wrongly.

use crate::shaders::{NETS, first_and_last, in_hlsl, specialisations, validated};
use han_gpu::conditional::Storage;
use han_gpu::gpu::Specialisation;
use naga::Module;
use naga::back::hlsl::ShaderModel;
use naga::back::spv;
use naga::valid::ModuleInfo;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

/// Hands a translation of every shader to a program as a file; what it says of those that it refuses, or nothing where it
/// is not installed.
fn refusals(
    program: &str,
    arguments: &[&str],
    shaders: &[Specialisation],
    translated: impl Fn(&Module, &ModuleInfo) -> Vec<u8> + Sync,
) -> Vec<String> {
    if Command::new(program).arg("--version").output().is_err() {
        println!("left out: {program} is not installed");
        return Vec::new();
    }
    let folder = tempfile::tempdir().unwrap();
    println!("{} shaders go to {program}", shaders.len());
    let refusal = |(index, shader): (usize, &Specialisation)| {
        let (module, info) = validated(shader);
        let file = folder.path().join(index.to_string());
        fs::write(&file, translated(&module, &info)).unwrap();
        let said = Command::new(program).args(arguments).arg(&file).output().unwrap();
        let text = [said.stdout, said.stderr].concat();
        (!said.status.success()).then(|| format!("{shader:?}: {}", String::from_utf8_lossy(&text)))
    };
    shaders.par_iter().enumerate().filter_map(refusal).collect()
}

#[test]
fn spirv_val_accepts_every_specialisation() {
    let options = spv::Options { lang_version: (1, 3), ..Default::default() };
    let translated = |module: &Module, info: &ModuleInfo| {
        let words = spv::write_vec(module, info, &options, None).unwrap();
        bytemuck::cast_slice(&words).to_vec()
    };
    let shaders = first_and_last(&NETS);
    let refused = refusals("spirv-val", &["--target-env", "vulkan1.1"], &shaders, translated);
    assert!(refused.is_empty(), "{refused:#?}");
}

/// What Direct3D 12 uses where `dxcompiler.dll` is at hand.
#[test]
fn dxc_accepts_every_specialisation() {
    let arguments =
        ["-T", "cs_6_2", "-E", "main", "-HV", "2018", "-Ges", "-enable-16bit-types", "-no-warnings"];
    let translated =
        |module: &Module, info: &ModuleInfo| in_hlsl(module, info, ShaderModel::V6_2).into_bytes();
    let refused = refusals("dxc", &arguments, &first_and_last(&NETS), translated);
    assert!(refused.is_empty(), "{refused:#?}");
}

/// What Direct3D 12 uses elsewhere, without 16 bits and subgroups. It takes seconds a shader: two nets only.
#[test]
fn fxc_accepts_every_specialisation_that_it_can_get() {
    let mut shaders = first_and_last(&[(1, 1), (4, 1)]);
    shaders.retain(|shader| shader.storage() == Storage::F32 && !shader.needs_subgroups());
    let translated =
        |module: &Module, info: &ModuleInfo| in_hlsl(module, info, ShaderModel::V5_1).into_bytes();
    let refused = refusals("fxc", &["/nologo", "/Ges", "/T", "cs_5_1", "/E", "main"], &shaders, translated);
    assert!(refused.is_empty(), "{refused:#?}");
}

/// Times that Dawn is started at the most.
const DAWN_STARTS: usize = 10;

/// The front end of Chromium, and so of every page that runs the shaders: the program `tint`, or Dawn by the npm package `webgpu`
/// in the folder that HAN_GPU_DAWN names. HAN_GPU_WGSL names a folder that keeps the texts, one file for each distinct one, so that
/// two commits can be compared.
#[test]
fn tint_accepts_every_specialisation() {
    let shaders = specialisations(&NETS);
    // The standard wants to be told of subgroups, and naga refuses that line.
    let text = |shader: &Specialisation| {
        format!(
            "{}{}",
            if shader.needs_subgroups() { "enable subgroups;\n" } else { "" },
            shader.source().unwrap()
        )
    };
    let texts: BTreeSet<String> = shaders.iter().map(text).collect();
    let folder = tempfile::tempdir().unwrap();
    for (index, text) in texts.iter().enumerate() {
        fs::write(folder.path().join(format!("{index:04}.wgsl")), text).unwrap();
    }
    if let Some(kept) = std::env::var_os("HAN_GPU_WGSL") {
        for text in &texts {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            fs::write(Path::new(&kept).join(format!("{:016x}.wgsl", hasher.finish())), text).unwrap();
        }
    }
    println!("{} specialisations, {} distinct", shaders.len(), texts.len());
    if std::env::var_os("HAN_GPU_DAWN").is_some() {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/dawn.mjs");
        // Exit codes 0 and 1 are verdicts. Dawn sometimes crashes as it starts.
        let verdict = (0..DAWN_STARTS)
            .map(|_| Command::new("node").arg(script).arg(folder.path()).output().unwrap())
            .find(|said| matches!(said.status.code(), Some(0 | 1)))
            .unwrap_or_else(|| panic!("Dawn did not start in {DAWN_STARTS} tries"));
        let text = [verdict.stdout, verdict.stderr].concat();
        assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&text));
        return;
    }
    if Command::new("tint").arg("--version").output().is_err() {
        println!("left out: tint is not installed, and HAN_GPU_DAWN is not set");
        return;
    }
    let refused: Vec<String> = (0..texts.len())
        .into_par_iter()
        .filter_map(|index| {
            let file = folder.path().join(format!("{index:04}.wgsl"));
            let said = Command::new("tint").arg("--format=wgsl").arg(&file).output().unwrap();
            (!said.status.success()).then(|| String::from_utf8_lossy(&said.stderr).into_owned())
        })
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}
