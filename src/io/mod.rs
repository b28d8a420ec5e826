//! Files: the run folder, checkpoints, arrays. Formats are described in `docs/FORMATS.md`.

mod arrays;
mod atomic;
mod checkpoint;
mod configurations;
mod couplings;
mod input;
mod machine_folder;
mod metrics;
mod npy;
mod npz;
mod records;
mod rows;
mod run_folder;
mod spins;
mod table;
mod tensors;
mod warm_start;

pub use arrays::{SampleWriter, check_memory, write_data, write_ln_q, write_spins};
pub use atomic::{check_writable, write_bytes};
pub use checkpoint::Checkpoint;
pub(crate) use checkpoint::Stamp;
pub use configurations::{read_configurations, write_configurations, write_scalars};
pub use couplings::read_couplings;
pub(crate) use input::{read as read_at_most, read_text};
pub use machine_folder::MachineFolder;
pub use metrics::{MetricsRow, MetricsWriter};
pub use records::{Metrics, Summary};
pub use rows::write_rows;
pub use run_folder::RunFolder;
pub use spins::{SpinsFile, SpinsOrigin, read_spins};
pub use table::{Row, Table, columns, row, write_figures};
