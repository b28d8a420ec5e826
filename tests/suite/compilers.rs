//! What compilers of others say about the shaders, where they are installed: naga accepts some that drivers refuse, and
//! translates some wrongly.

use crate::shaders::{NETS, in_hlsl, specialisations, validated};
use han_gpu::conditional::Storage;
use han_gpu::gpu::Specialisation;
use naga::Module;
use naga::back::hlsl::ShaderModel;
use naga::back::spv;
use naga::valid::ModuleInfo;
use rayon::prelude::*;
use std::fs;
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
    let shaders = specialisations(&NETS);
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
    let refused = refusals("dxc", &arguments, &specialisations(&NETS), translated);
    assert!(refused.is_empty(), "{refused:#?}");
}

/// What Direct3D 12 uses elsewhere, without 16 bits and subgroups. It takes seconds a shader: two nets only.
#[test]
fn fxc_accepts_every_specialisation_that_it_can_get() {
    let mut shaders = specialisations(&[(1, 1), (4, 1)]);
    shaders.retain(|shader| shader.storage() == Storage::F32 && !shader.needs_subgroups());
    let translated =
        |module: &Module, info: &ModuleInfo| in_hlsl(module, info, ShaderModel::V5_1).into_bytes();
    let refused = refusals("fxc", &["/nologo", "/Ges", "/T", "cs_5_1", "/E", "main"], &shaders, translated);
    assert!(refused.is_empty(), "{refused:#?}");
}
