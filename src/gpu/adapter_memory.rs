//! How much memory an adapter has, which WebGPU does not tell but Vulkan does.

use super::AdapterKind;
use super::devices::kind;
use wgpu::Adapter;

/// Bytes of the largest heap of an adapter's own memory, where its driver tells: not Metal, not Direct3D 12, and no browser.
#[cfg(not(any(target_vendor = "apple", target_family = "wasm")))]
pub(super) fn memory_bytes(adapter: &Adapter) -> Option<u64> {
    // SAFETY: nothing is made, changed or destroyed through the raw handles, and they are not kept: the adapter outlives them.
    let vulkan = unsafe { adapter.as_hal::<wgpu::hal::api::Vulkan>() }?;
    let instance = vulkan.shared_instance().raw_instance();
    // SAFETY: a plain query, valid for any physical device of its own instance.
    let properties = unsafe { instance.get_physical_device_memory_properties(vulkan.raw_physical_device()) };
    let heaps = &properties.memory_heaps[..properties.memory_heap_count as usize];
    heaps.iter().filter(|heap| heap.flags.as_raw() & DEVICE_LOCAL != 0).map(|heap| heap.size).max()
}

/// `VK_MEMORY_HEAP_DEVICE_LOCAL_BIT`.
#[cfg(not(any(target_vendor = "apple", target_family = "wasm")))]
const DEVICE_LOCAL: u32 = 1;

#[cfg(any(target_vendor = "apple", target_family = "wasm"))]
pub(super) fn memory_bytes(_: &Adapter) -> Option<u64> {
    None
}

/// Bytes that a run may take of an adapter unless it is told: half of what the driver says is there, or where that is main memory,
/// half of what is free of it. Nothing where neither is known.
pub(crate) fn budget(adapter: &Adapter, free_main_memory: Option<u64>) -> Option<u64> {
    let shares = match kind(adapter.get_info().device_type) {
        AdapterKind::Integrated | AdapterKind::Software => true,
        AdapterKind::Discrete | AdapterKind::Virtual | AdapterKind::Other => false,
    };
    let bytes = free_main_memory.filter(|_| shares).or_else(|| memory_bytes(adapter));
    bytes.map(|bytes| bytes / 2)
}
