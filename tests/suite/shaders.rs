//! The shaders themselves, without a device: every specialisation validates and translates, layouts and bindings agree with
//! the Rust side, workgroup memory fits the default limits.

use han_gpu::conditional::{Colours, Head, NetOptions, Network, Storage, Widths};
use han_gpu::gpu::{
    Access, DenseTask, FlowTask, Job, Level, Matrix, Specialisation, Status, Step, Task, Units,
    all_specialisations, dense_bindings, flow_bindings, machine_bindings,
};
use han_gpu::hierarchy::{Cut, SiteOrder};
use han_gpu::lattice::Lattice;
use han_gpu::schedule::Kernel;
use naga::back::hlsl::{self, ShaderModel};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Module, StorageAccess, TypeInner};
use std::collections::{BTreeMap, BTreeSet};
use std::mem::offset_of;

/// Widths and depths at the ends of their ranges and between.
pub(crate) const NETS: [(usize, usize); 11] =
    [(1, 1), (1, 2), (1, 3), (2, 1), (3, 2), (4, 3), (5, 3), (16, 1), (20, 2), (64, 1), (64, 3)];

fn options(exact_bottom: u32) -> NetOptions {
    NetOptions {
        network: Network::Han,
        width: Widths::all(4),
        depth: 2,
        skip: true,
        gauge: true,
        mixture: false,
        reach: 0,
        exact_bottom,
        exact_length: 0,
        bond_dimension: 0,
        cut: Cut::Crosses,
        head: Head::None,
        site_order: SiteOrder::Index,
        colours: Colours::OneHot,
    }
}

/// Every specialisation that nets of these widths and depths ask for.
pub(crate) fn specialisations(nets: &[(usize, usize)]) -> Vec<Specialisation> {
    let mut all = Vec::new();
    for &(width, depth) in nets {
        for exact_bottom in [4, 8] {
            let options = NetOptions { width: Widths::all(width), depth, ..options(exact_bottom) };
            for specialisation in all_specialisations(Lattice::square(16).unwrap(), options) {
                if !all.contains(&specialisation) {
                    all.push(specialisation);
                }
            }
        }
    }
    // So does a limited reach, of loops that are there anyway: narrow and wide nets show it.
    for &(width, depth) in [nets.first(), nets.last()].into_iter().flatten() {
        let options = NetOptions { width: Widths::all(width), depth, reach: 3, ..options(4) };
        for specialisation in all_specialisations(Lattice::square(16).unwrap(), options) {
            let is_new = !all.contains(&specialisation);
            all.extend(is_new.then_some(specialisation));
        }
    }
    // Networks of pairs are of one lattice, and have no width.
    for head in Head::ALL {
        let options =
            NetOptions { network: Network::Arnn, head, width: Widths::all(1), depth: 1, ..options(0) };
        for specialisation in all_specialisations(Lattice::complete(100).unwrap(), options) {
            let is_new = !all.contains(&specialisation);
            all.extend(is_new.then_some(specialisation));
        }
    }
    // Tensor networks are of one kind of box, in parts where it is large.
    for (bond_dimension, side) in [(1, 4), (6, 16), (16, 16)] {
        let options = NetOptions { bond_dimension, ..options(side) };
        let of_tensors = all_specialisations(Lattice::square(16).unwrap(), options)
            .into_iter()
            .filter(|key| key.name.ends_with("_tensor"));
        for specialisation in of_tensors {
            let is_new = !all.contains(&specialisation);
            all.extend(is_new.then_some(specialisation));
        }
    }
    // Other lattices change few kernels, and none of those knows nets.
    for specialisation in all_specialisations(Lattice::triangular(16).unwrap(), options(4)) {
        let &(width, depth) = nets.first().expect("a net");
        let is_new = !all.contains(&specialisation) && (width, depth) == NETS[0];
        all.extend(is_new.then_some(specialisation));
    }
    all
}

/// The first and the last specialisation of those that differ by numbers alone, such as the width of a net: a translation differs
/// by the same numbers.
pub(crate) fn first_and_last(nets: &[(usize, usize)]) -> Vec<Specialisation> {
    let mut found: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut all = specialisations(nets);
    for (index, shader) in all.iter().enumerate() {
        let device = (shader.needs_subgroups(), shader.storage());
        let words =
            format!("{device:?} {}", shader.source().unwrap().replace(|c: char| c.is_ascii_digit(), ""));
        found.entry(words).and_modify(|(_, last)| *last = index).or_insert((index, index));
    }
    let kept: BTreeSet<usize> = found.into_values().flat_map(|(first, last)| [first, last]).collect();
    let mut index = 0..;
    all.retain(|_| kept.contains(&index.next().expect("an endless range")));
    all
}

pub(crate) fn validated(specialisation: &Specialisation) -> (Module, ModuleInfo) {
    let source = specialisation.source().unwrap();
    let module = naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|error| panic!("{specialisation:?}: {}", error.emit_to_string(&source)));
    // What neither needs subgroups nor keeps 16 bits must do without any feature.
    let mut capabilities = Capabilities::empty();
    capabilities.set(Capabilities::SUBGROUP, specialisation.needs_subgroups());
    capabilities.set(Capabilities::SHADER_FLOAT16, specialisation.storage() == Storage::F16);
    let info = Validator::new(ValidationFlags::all(), capabilities)
        .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
        .subgroup_operations(naga::valid::SubgroupOperationSet::all())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{specialisation:?}: {}", error.emit_to_string(&source)));
    (module, info)
}

#[test]
fn every_specialisation_validates_and_translates_to_spirv_msl_and_hlsl() {
    let all = first_and_last(&NETS);
    assert!(all.len() > 60, "only {} specialisations", all.len());
    for specialisation in &all {
        let (module, info) = validated(specialisation);
        let spirv =
            naga::back::spv::write_vec(&module, &info, &naga::back::spv::Options::default(), None).unwrap();
        assert!(spirv.len() > 100);
        let msl_options = naga::back::msl::Options { fake_missing_bindings: true, ..Default::default() };
        let pipeline = naga::back::msl::PipelineOptions::default();
        let (msl, _) = naga::back::msl::write_string(&module, &info, &msl_options, &pipeline).unwrap();
        assert!(msl.contains("kernel void"), "{specialisation:?}");
        let hlsl = in_hlsl(&module, &info, ShaderModel::V6_2);
        assert!(hlsl.contains("numthreads"), "{specialisation:?}");
        // naga writes constructors of an array twice where two aliases of its elements meet.
        let mut heads: Vec<_> = hlsl.lines().filter(|line| line.starts_with("ret_Construct")).collect();
        let written = heads.len();
        heads.sort_unstable();
        heads.dedup();
        assert_eq!(heads.len(), written, "{specialisation:?} has a function twice");
    }
}

/// As wgpu translates it for Direct3D 12.
pub(crate) fn in_hlsl(module: &Module, info: &ModuleInfo, shader_model: ShaderModel) -> String {
    let options = hlsl::Options {
        shader_model,
        fake_missing_bindings: true,
        zero_initialize_workgroup_memory: false,
        force_loop_bounding: false,
        ..Default::default()
    };
    let mut text = String::new();
    hlsl::Writer::new(&mut text, &options, &hlsl::PipelineOptions::default())
        .write(module, info, None)
        .unwrap();
    text
}

#[test]
fn workgroups_fit_the_default_limits() {
    let limits = wgpu::Limits::default();
    for specialisation in specialisations(&NETS) {
        let (module, info) = validated(&specialisation);
        let entry = &module.entry_points[0];
        let lanes: u32 = entry.workgroup_size.iter().product();
        assert!(lanes <= limits.max_compute_invocations_per_workgroup, "{specialisation:?}: {lanes} lanes");
        let used = info.get_entry_point(0);
        let mut layouter = naga::proc::Layouter::default();
        layouter.update(module.to_ctx()).unwrap();
        let bytes: u32 = module
            .global_variables
            .iter()
            .filter(|(handle, variable)| {
                variable.space == AddressSpace::WorkGroup && !used[*handle].is_empty()
            })
            .map(|(_, variable)| layouter[variable.ty].size)
            .sum();
        assert!(bytes <= limits.max_compute_workgroup_storage_size, "{specialisation:?}: {bytes} bytes");
    }
}

/// Members of a WGSL struct with their offsets, and its size.
fn members(module: &Module, name: &str) -> (BTreeMap<String, u32>, u32) {
    let (_, found) = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name)).expect(name);
    let TypeInner::Struct { members, span } = &found.inner else { panic!("{name} is no struct") };
    (members.iter().map(|member| (member.name.clone().unwrap(), member.offset)).collect(), *span)
}

macro_rules! assert_layout {
    ($module:expr, $name:literal, $twin:ty: $($field:ident),* $(,)?) => {{
        let (members, size) = members($module, $name);
        let expected: BTreeMap<String, u32> =
            [$((stringify!($field).to_owned(), offset_of!($twin, $field) as u32)),*].into();
        assert_eq!(members, expected, "members of {}", $name);
        assert_eq!(size as usize, size_of::<$twin>(), "size of {}", $name);
    }};
}

fn module_of(name: &str, storage: Storage, split: bool) -> Module {
    let all = all_specialisations(Lattice::square(16).unwrap(), options(8));
    let wanted =
        |key: &&Specialisation| key.name == name && key.storage() == storage && key.is_split() == split;
    let found = all
        .iter()
        .find(wanted)
        .or_else(|| all.iter().find(|key| key.name == name && key.storage() == storage));
    validated(found.expect(name)).0
}

#[test]
fn structs_have_the_layout_of_their_rust_twins() {
    let module = module_of("backward_weights", Storage::F32, false);
    assert_layout!(&module, "Level", Level: batch, blocks, rows, net_rows, stride, first_row, border, own, inputs, units, sites, bonds,
        bond_count, children, children_per_block, children_first_row, gauge, index, slices, slice_rows, parameters,
        first_norm, path_pairs, faces, patches, weights, sketch, workers, layers, output, skip);
    assert_layout!(&module, "Job", Job: source_kind, sources, source_width, first_source, target_kind, targets,
        target_width, first_target, weight, first_group, inclusive, has_bias);
    assert_eq!(members(&module, "Matrix").1 as usize, size_of::<Matrix>());
    let module = module_of("adam", Storage::F32, false);
    assert_layout!(&module, "Step", Step: flip, earlier, beta_coupling, beta_field, box_reward, box_scale_rest, reward_shift, seed, step, first_configuration,
        total_rows, batch, norms, clip, learning_rate, beta1, beta2, epsilon, first_correction,
        second_correction, one_minus_beta1, one_minus_beta2, bond_different, bond_same,
        field_down, field_up, scale_rate, chunk, chunk_share, skip_rate, beta, coupling, field, heat_bath_reward, heat_bath_ln_q);
    assert_layout!(&module, "Status", Status: gradient_norm, first_bad_step);
    let module = module_of("hidden", Storage::F32, false);
    assert_layout!(&module, "Task", Task: visible, visible_words, visible_stride, hidden, hidden_words, colours, rows, given,
        first_given, told, first_told, drawn, seed, step, stage, first, every, scale, share, rate, kept);
    let module = module_of("flow_backward", Storage::F32, false);
    assert_layout!(&module, "FlowTask", FlowTask: side, sites, rows, each, first_block, blocks, starts, first_slice, slices, quads,
        key0, key1, step, first, of_energy, of_score, share, of_ln_det, rate, kept, scale, kick, drift,
        first_row, joins);
    let module = module_of("learn", Storage::F32, false);
    assert_layout!(&module, "Task", DenseTask: rows, first, layers, layer, blocks, tiles, share, rate, kept, rest, kept_square, rest_square,
        correction, correction_square, floor);
    assert_layout!(&module, "Units", Units: count, stride, values, slopes, parameters, first_tile);
}

/// Number, kind and name of what a shader binds.
fn declared(module: &Module) -> BTreeSet<(u32, &'static str, String)> {
    let of_variable = |variable: &naga::GlobalVariable| {
        let access = match variable.space {
            AddressSpace::Uniform => "uniform",
            AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => "write",
            _ => "read",
        };
        Some((variable.binding.as_ref()?.binding, access, variable.name.clone()?.replace('_', "")))
    };
    module.global_variables.iter().filter_map(|(_, variable)| of_variable(variable)).collect()
}

fn word(access: Access) -> &'static str {
    match access {
        Access::Uniform => "uniform",
        Access::Read => "read",
        Access::Write => "write",
    }
}

/// What a kernel that has a task binds: number, kind and name.
type Bound = (&'static str, Vec<(u32, &'static str, String)>);

/// The same from the slots of the Rust side.
fn bound<S: std::fmt::Debug + Copy>(
    kernels: Vec<(&'static str, Vec<(S, Access)>)>,
    number: impl Fn(S) -> u32,
) -> Vec<Bound> {
    let storage =
        |&(slot, access): &(S, Access)| (number(slot), word(access), format!("{slot:?}").to_lowercase());
    kernels.into_iter().map(|(name, bindings)| (name, bindings.iter().map(storage).collect())).collect()
}

#[test]
fn bindings_of_machines_dense_nets_and_flows_are_those_that_the_rust_side_binds() {
    let most = wgpu::Limits::default().max_storage_buffers_per_shader_stage as usize;
    let machines = bound(machine_bindings(), |slot| slot as u32);
    let nets = bound(dense_bindings(), |slot| slot as u32);
    let flows = bound(flow_bindings(), |slot| slot as u32);
    assert!(machines.len() > 6 && nets.len() > 3 && flows.len() > 6);
    for (name, storage) in machines.into_iter().chain(nets).chain(flows) {
        assert!(storage.len() <= most, "{name} binds {} storage buffers", storage.len());
        let bound: BTreeSet<_> = storage.into_iter().chain([(0, "uniform", "task".to_owned())]).collect();
        assert_eq!(declared(&module_of(name, Storage::F32, false)), bound, "{name}");
    }
}

#[test]
fn bindings_are_those_that_the_rust_side_binds() {
    let storage_limit = wgpu::Limits::default().max_storage_buffers_per_shader_stage;
    let kinds = |kernel| {
        [Storage::F32, Storage::F16]
            .into_iter()
            .flat_map(move |storage| [(kernel, storage, false), (kernel, storage, true)])
    };
    for (kernel, storage, split) in Kernel::every(1).into_iter().flat_map(kinds) {
        let module = module_of(kernel.name(), storage, split);
        let declared = declared(&module);
        let bound: BTreeSet<_> = kernel
            .bindings(storage, split)
            .into_iter()
            .map(|(slot, access)| (slot as u32, word(access), format!("{slot:?}").to_lowercase()))
            .collect();
        assert_eq!(declared, bound, "{}", kernel.name());
        let buffers = bound.iter().filter(|(_, access, _)| *access != "uniform").count();
        // What is split asks the device for one more.
        let most = storage_limit as usize + usize::from(split);
        assert!(buffers <= most, "{} binds {buffers} storage buffers", kernel.name());
    }
}
