//! Main memory, asked for before much of it is taken, and sizes as people read them.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Bytes that can be taken without swapping, if the system tells.
pub(crate) fn available() -> Option<u64> {
    let memory = MemoryRefreshKind::nothing().with_ram();
    let system = System::new_with_specifics(RefreshKind::nothing().with_memory(memory));
    Some(system.available_memory()).filter(|&bytes| bytes > 0)
}

/// A number of bytes for people: in MiB, or in KiB or bytes where it is less than one of them.
pub(crate) fn readable(bytes: u64) -> String {
    let in_units = |shift: u32, unit: &str| match bytes % (1 << shift) {
        0 => format!("{} {unit}", bytes >> shift),
        _ => format!("{:.1} {unit}", bytes as f64 / f64::from(1 << shift)),
    };
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..0x10_0000 => in_units(10, "KiB"),
        _ => in_units(20, "MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_size_but_none_reads_as_nothing() {
        let sizes = [0, 4, 1023, 1024, 1536, (1 << 20) - 1, 1 << 20, (5 << 20) + (1 << 19), 1 << 40];
        let expected = [
            "0 bytes",
            "4 bytes",
            "1023 bytes",
            "1 KiB",
            "1.5 KiB",
            "1024.0 KiB",
            "1 MiB",
            "5.5 MiB",
            "1048576 MiB",
        ];
        assert_eq!(sizes.map(readable), expected);
    }
}
