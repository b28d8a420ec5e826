//! Main memory, asked for before much of it is taken.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Bytes that can be taken without swapping, if the system tells.
pub(crate) fn available() -> Option<u64> {
    let memory = MemoryRefreshKind::nothing().with_ram();
    let system = System::new_with_specifics(RefreshKind::nothing().with_memory(memory));
    Some(system.available_memory()).filter(|&bytes| bytes > 0)
}
