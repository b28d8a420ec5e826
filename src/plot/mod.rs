//! Figures, as SVG, PNG and PDF: training curves, sampled configurations, weights, autocorrelation, scans, renormalisation, flows of Boltzmann machines.

mod chart;
mod figure;
mod file;
mod flow;
mod isometric;
mod lattice;
mod neuralrg;
mod page;
mod pdf;
mod pictures;
mod reconstruction;
mod renormalisation;
mod sampled;
mod scan;
mod training;

pub use figure::{Axis, Curve, Figure, Panel, Point, Style};
pub use file::{Drawing, Format, SCREEN, write};
pub use flow::{FixedPoint, distributions, fixed_points, fixed_points_of_machines, flow};
pub use isometric::Isometric;
pub use lattice::{Colouring, Configurations};
pub use neuralrg::{Expressiveness, expressiveness, information};
pub use pictures::{Picture, Pictures, Scale, Tone};
pub use reconstruction::{Fitted, Reconstructed, exponents, reconstruction};
pub use renormalisation::{block_levels, chains, decimation};
pub use sampled::{Overlaps, autocorrelation, energies, overlaps, weights};
pub use scan::{scan, systems};
pub use training::{flow_training, machine_training, training};
