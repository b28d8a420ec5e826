//! A dense net that tells classes apart: tanh layers and a softmax, which learn by the cross-entropy and Adam.

mod adam;
mod backend;
mod cpu;
mod net;

pub(crate) use adam::{DECAY, FLOOR, corrections};
pub use backend::Backend;
pub use cpu::Cpu;
pub use net::{Net, State};
