//! Headings under which help shows flags; commands that share flags show them alike.

use crate::config::{Section, Setting};

pub(super) const SYSTEM: &str = "System";
pub(super) const NETWORK: &str = "Network";
pub(super) const TRAINING: &str = "Training";
pub(super) const SETTINGS: &str = "Any setting";
pub(super) const MACHINE: &str = "Machine";
pub(super) const RUN_FOLDER: &str = "Run folder";
pub(super) const SCAN: &str = "Scan";

/// The heading of a setting's flag.
pub(super) fn of(setting: &Setting) -> &'static str {
    match setting.section {
        Section::Lattice => SYSTEM,
        Section::Network => NETWORK,
        Section::Run if setting.key == "device" => MACHINE,
        Section::Training | Section::Run => TRAINING,
    }
}
