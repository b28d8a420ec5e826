//! `han-gpu devices`.

use super::columns::wrapped;
use crate::counted::counted;
use crate::device::Devices;
use crate::gpu::{AdapterDescription, AdapterKind};
use crate::memory::readable;

/// Blanks below the number of a device.
const INDENT: &str = "      ";

/// List the devices of this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu devices && han-gpu train --device 0")]
pub(super) struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let devices = Devices::list();
    if arguments.json {
        return super::print_json(&devices);
    }
    let mut lines = vec![format!("cpu   native backend, {}", counted(devices.cpu_threads, "thread"))];
    for adapter in &devices.adapters {
        let AdapterDescription { index, setting, backend, driver, .. } = adapter;
        let note = match adapter.kind {
            AdapterKind::Software => "; runs shaders on the CPU, slower than the native backend: for tests",
            _ => "",
        };
        let told = |words: &str| wrapped(INDENT, words);
        lines.push(format!("{index:<5} {setting}: {:?} GPU, {backend}", adapter.kind));
        lines.push(told(&format!("{driver}{note}")));
        lines.push(told(&offers(adapter)));
        lines.extend(adapter.lacks.iter().map(|lack| told(&format!("CANNOT BE USED: {lack}"))));
    }
    if devices.adapters.is_empty() {
        lines.push("no GPU adapter; on Linux, install your card's Vulkan driver".to_owned());
    }
    super::print(&lines.join("\n"))
}

/// What the engine can make use of, and what it has to do without.
fn offers(adapter: &AdapterDescription) -> String {
    let features = [
        ("timestamps", adapter.timestamps),
        ("subgroups", adapter.subgroups),
        ("f16", adapter.f16),
        ("pipeline cache", adapter.pipeline_cache),
    ];
    let those = |wanted: bool| {
        let names: Vec<&str> =
            features.iter().filter(|(_, offered)| *offered == wanted).map(|(name, _)| *name).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    };
    let largest = readable(adapter.max_binding_bytes);
    let memory =
        adapter.memory_bytes.map_or(String::new(), |bytes| format!("{} of memory, ", readable(bytes)));
    format!("{memory}bindings up to {largest}; offers {}; lacks {}", those(true), those(false))
}
