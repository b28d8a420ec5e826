//! Adapters of this machine, and devices made from them.

use super::adapter_memory::memory_bytes;
use super::names;
use super::windows::SPLIT_BUFFERS;
use crate::error::{Error, Result};
use crate::kernels::{Exchange, Loads, SHARING_LANES, SOURCES_PER_TURN, STAGED};
use serde::Serialize;
use wgpu::{Adapter, Backends, DeviceType, Instance, InstanceDescriptor, Limits};

/// What kind of adapter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AdapterKind {
    /// A graphics card.
    Discrete,
    /// Part of the processor.
    Integrated,
    /// A part of a GPU given to a virtual machine.
    Virtual,
    /// A driver that runs shaders on the CPU.
    Software,
    /// Unknown.
    Other,
}

/// An adapter as listed by `han-gpu devices`.
#[derive(Debug, Clone, Serialize)]
pub struct AdapterDescription {
    /// Position in the list, for `--device`.
    pub index: usize,
    /// The driver's name for it.
    pub name: String,
    /// The text that a run records for it and that `--device` finds it by: its name, `NAME #2` for the second one of that name.
    pub setting: String,
    /// Kind.
    pub kind: AdapterKind,
    /// Vulkan, Metal or DX12.
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// Largest storage binding in bytes.
    pub max_binding_bytes: u64,
    /// Bytes of its own memory, where the driver tells.
    pub memory_bytes: Option<u64>,
    /// Smallest and largest subgroup.
    pub subgroup_sizes: [u32; 2],
    /// Whether shaders can exchange values within a subgroup.
    pub subgroups: bool,
    /// Whether it offers f16 arithmetic in shaders.
    pub f16: bool,
    /// Whether it can time dispatches.
    pub timestamps: bool,
    /// Whether compiled pipelines can be kept on disk.
    pub pipeline_cache: bool,
    /// Limits in which it falls short of what the engine needs; empty on a device that can be used.
    pub lacks: Vec<String>,
}

fn adapters() -> Vec<Adapter> {
    let instance = Instance::new(InstanceDescriptor::new_without_display_handle_from_env());
    pollster::block_on(instance.enumerate_adapters(Backends::VULKAN | Backends::METAL | Backends::DX12))
}

/// Lists the adapters of this machine.
pub fn list() -> Vec<AdapterDescription> {
    describe_all(&adapters())
}

fn describe_all(adapters: &[Adapter]) -> Vec<AdapterDescription> {
    let names: Vec<String> = adapters.iter().map(|adapter| adapter.get_info().name).collect();
    let described = adapters.iter().zip(names::settings(&names)).enumerate();
    described.map(|(index, (adapter, setting))| describe(index, adapter, setting)).collect()
}

fn describe(index: usize, adapter: &Adapter, setting: String) -> AdapterDescription {
    let (info, features) = (adapter.get_info(), adapter.features());
    AdapterDescription {
        index,
        name: info.name,
        setting,
        kind: kind(info.device_type),
        backend: info.backend.to_string(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        max_binding_bytes: adapter.limits().max_storage_buffer_binding_size,
        memory_bytes: memory_bytes(adapter),
        subgroup_sizes: [info.subgroup_min_size, info.subgroup_max_size],
        subgroups: features.contains(wgpu::Features::SUBGROUP),
        f16: features.contains(wgpu::Features::SHADER_F16),
        timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
        pipeline_cache: features.contains(wgpu::Features::PIPELINE_CACHE),
        lacks: lacks(&adapter.limits()),
    }
}

fn lacks(offered: &Limits) -> Vec<String> {
    let mut lacks = Vec::new();
    Limits::default().check_limits_with_fail_fn(offered, false, |name, needed, offered| {
        lacks.push(format!("{name} is {offered}, {needed} is needed"));
    });
    lacks
}

pub(super) fn kind(device_type: DeviceType) -> AdapterKind {
    match device_type {
        DeviceType::DiscreteGpu => AdapterKind::Discrete,
        DeviceType::IntegratedGpu => AdapterKind::Integrated,
        DeviceType::VirtualGpu => AdapterKind::Virtual,
        DeviceType::Cpu => AdapterKind::Software,
        DeviceType::Other => AdapterKind::Other,
    }
}

/// Through what lanes of a device best exchange values.
pub(super) fn exchange(device: &wgpu::Device) -> Exchange {
    let subgroups = device.features().contains(wgpu::Features::SUBGROUP);
    let large = device.adapter_info().subgroup_min_size as usize >= SHARING_LANES;
    if subgroups && large { Exchange::Subgroup } else { Exchange::Workgroup }
}

/// Sources of the tile shape whose weights are best loaded together: all that are staged, but for compilers that take long for it, those
/// of software adapters and the older one of Direct3D 12, which has no subgroups.
pub(super) fn at_once(device: &wgpu::Device) -> usize {
    let info = device.adapter_info();
    let subgroups = device.features().contains(wgpu::Features::SUBGROUP);
    let slow =
        kind(info.device_type) == AdapterKind::Software || info.backend == wgpu::Backend::Dx12 && !subgroups;
    if slow { SOURCES_PER_TURN } else { STAGED }
}

/// How a device best loads weights that all lanes need.
pub(super) fn loads(device: &wgpu::Device) -> Loads {
    match (kind(device.adapter_info().device_type), exchange(device)) {
        (AdapterKind::Software, Exchange::Subgroup) => Loads::Shared,
        _ => Loads::Own,
    }
}

/// An adapter, and the name that finds it again among those of this machine.
#[derive(Debug)]
pub(crate) struct Selected {
    pub(crate) adapter: Adapter,
    pub(crate) setting: String,
}

/// The adapter that `--device` names, or `None` where `auto` finds no GPU.
///
/// `auto` takes a discrete GPU, else an integrated or virtual one; never a software adapter. An index, a name or a part of a
/// name (case ignored) takes what it says: a whole name goes before a part, of several adapters of one name the first is
/// taken, and `NAME #2` takes the second.
///
/// # Errors
/// When nothing answers to the name or index, or a part of a name fits adapters of different names.
pub fn select(wanted: &str) -> Result<Option<Adapter>> {
    Ok(select_named(wanted)?.map(|selected| selected.adapter))
}

/// As [`select`], with the name that a run records.
///
/// # Errors
/// As [`select`].
pub(crate) fn select_named(wanted: &str) -> Result<Option<Selected>> {
    let adapters = adapters();
    let described = describe_all(&adapters);
    let chosen = match wanted {
        "auto" => best(&described),
        _ => {
            let names: Vec<String> = described.iter().map(|adapter| adapter.name.clone()).collect();
            Some(names::find(wanted, &names)?)
        }
    };
    let settings = described.into_iter().map(|adapter| adapter.setting);
    let mut all = adapters.into_iter().zip(settings);
    Ok(chosen.and_then(|index| all.nth(index)).map(|(adapter, setting)| Selected { adapter, setting }))
}

/// The name of the device that a rank takes, of which there are others on the same machine: where several adapters have the name `wanted`, or are as good as `auto`'s best, ranks take
/// them in turn. Whatever else is named stays.
pub(crate) fn setting_of_local_rank(wanted: &str, local_rank: usize) -> String {
    if local_rank == 0 || wanted == "cpu" {
        return wanted.to_owned();
    }
    of_local_rank(wanted, local_rank, &list()).unwrap_or(wanted).to_owned()
}

fn of_local_rank<'a>(
    wanted: &str,
    local_rank: usize,
    described: &'a [AdapterDescription],
) -> Option<&'a str> {
    let alike: Vec<_> = match wanted {
        "auto" => {
            let best = described.get(best(described)?)?;
            described.iter().filter(|adapter| adapter.kind == best.kind).collect()
        }
        _ => described.iter().filter(|adapter| adapter.name == wanted).collect(),
    };
    (!alike.is_empty()).then(|| alike[local_rank % alike.len()].setting.as_str())
}

fn best(described: &[AdapterDescription]) -> Option<usize> {
    [AdapterKind::Discrete, AdapterKind::Integrated, AdapterKind::Virtual]
        .iter()
        .find_map(|kind| described.iter().find(|adapter| adapter.kind == *kind))
        .map(|adapter| adapter.index)
}

/// Features that are used where an adapter has them.
const USED_FEATURES: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY
    .union(wgpu::Features::PIPELINE_CACHE)
    .union(wgpu::Features::SUBGROUP)
    .union(wgpu::Features::SHADER_F16);

/// Bytes that small buffers take from the driver at a time; larger buffers stand alone. By default wgpu takes up to 256 MiB at a
/// time, more than many a network needs.
const BLOCKS: std::ops::Range<u64> = 4 << 20..4 << 20;

/// A device on an adapter: default limits, but with bindings and buffers as large as it offers, one more binding, and with
/// timestamps and a cache of pipelines where it has them.
///
/// # Errors
/// When the driver refuses.
pub fn request(adapter: &Adapter) -> Result<(wgpu::Device, wgpu::Queue)> {
    let offered = adapter.limits();
    let required_limits = Limits {
        max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
        max_buffer_size: offered.max_buffer_size,
        max_storage_buffers_per_shader_stage: offered.max_storage_buffers_per_shader_stage.min(SPLIT_BUFFERS),
        ..Limits::default()
    };
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("han-gpu"),
        required_limits,
        required_features: adapter.features() & USED_FEATURES,
        memory_hints: wgpu::MemoryHints::Manual { suballocated_device_memory_block_size: BLOCKS },
        ..Default::default()
    };
    pollster::block_on(adapter.request_device(&descriptor)).map_err(|error| Error::Device {
        device: adapter.get_info().name,
        message: format!(
            "the driver gives no device: {error} Close other programs that use it, or use --device cpu"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(index: usize, name: &str, kind: AdapterKind) -> AdapterDescription {
        AdapterDescription {
            index,
            name: name.to_owned(),
            setting: name.to_owned(),
            kind,
            backend: "vulkan".to_owned(),
            driver: String::new(),
            max_binding_bytes: 0,
            memory_bytes: None,
            subgroup_sizes: [8, 8],
            subgroups: false,
            f16: false,
            timestamps: false,
            pipeline_cache: false,
            lacks: Vec::new(),
        }
    }

    #[test]
    fn ranks_of_a_machine_take_cards_of_one_name_in_turn() {
        let card = |index: usize, setting: &str| AdapterDescription {
            setting: setting.to_owned(),
            ..adapter(index, "H200", AdapterKind::Discrete)
        };
        let cards = [card(0, "H200"), adapter(1, "Iris", AdapterKind::Integrated), card(2, "H200 #2")];
        for wanted in ["auto", "H200"] {
            let taken = [0, 1, 2].map(|rank| of_local_rank(wanted, rank, &cards));
            assert_eq!(taken, [Some("H200"), Some("H200 #2"), Some("H200")]);
        }
        let named = ["H200 #2", "1"].map(|wanted| of_local_rank(wanted, 1, &cards));
        assert_eq!(named, [None, None], "one that is named is taken by all");
    }

    #[test]
    fn auto_prefers_a_discrete_gpu_and_never_takes_a_software_adapter() {
        let software = adapter(0, "llvmpipe", AdapterKind::Software);
        let integrated = adapter(1, "Iris", AdapterKind::Integrated);
        let discrete = adapter(2, "Radeon RX", AdapterKind::Discrete);
        assert_eq!(best(&[software.clone(), integrated.clone(), discrete.clone()]), Some(2));
        assert_eq!(best(&[software.clone(), integrated]), Some(1));
        assert_eq!(best(&[software]), None);
    }
}
