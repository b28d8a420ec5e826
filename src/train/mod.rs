//! Training: [`Trainer`] takes steps and gives rows of metrics, and knows no files; [`train`] runs one in a folder, which it
//! resumes from, and closes with an evaluation.
//!
//! A `Trainer` and [`Engine`](crate::engine::Engine) are thin ends of one `Course`, which knows what a step runs and what
//! comes of its snapshots: the trainer's steps run on a backend, the engine's are recorded into an encoder.

mod at_step;
mod course;
mod diagnosis;
mod evaluation;
mod executor;
mod in_folder;
mod metrics;
mod on_rank;
mod rows;
mod step;
mod trainer;

pub(crate) use course::Course;
pub(crate) use executor::Executor;
pub use in_folder::{Event, train, train_on_ranks};
pub(crate) use step::{of_chunk, parts};
pub use trainer::Trainer;
