//! The shader registry: the one place that names .wgsl files, with a small preprocessor.
//!
//! `#include name` inserts `shaders/common/name.wgsl` once. In an include `$SHAPE` stands for the kernel shape, `$LOADS` for who loads
//! weights, `$EXCHANGE` for through what lanes exchange values, `$ROWS` for how many rows a lane has, `$UNITS` for how many units'
//! weights a load has, `$PARTS` for whether one binding holds a level's parameters, `$STORAGE` for what nets are kept in.
//! Constants are prepended as `const NAME: u32 = value;`, and `Kept`, the type of hidden state and of the parameters that nets
//! compute with.

use super::tables::MAX_SLICE_LANES;
use crate::conditional::{NetOptions, Storage};
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::schedule::{
    COLUMNS, Exchange, JobSize, Kernel, LANES, Loads, SOURCES_PER_TURN, STAGED, Shape, SquareShape,
};
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../shaders/", $folder, $name, ".wgsl")))),*]
    };
}

/// Kernels, one file each.
const KERNELS: &[(&str, &str)] = files!["":
    "adam", "advantage", "backward_hidden", "backward_output", "backward_slope", "backward_weights", "baseline",
    "configuration_energy", "energy", "evaluate_heat_bath", "evaluate_level", "evaluate_square", "gradient_norm",
    "gradient_sum", "heat_bath_free_energy", "likelihood", "metropolis", "moments", "observables", "regression",
    "residual", "reward", "sample_heat_bath", "sample_level", "sample_square", "square_free_energy", "unpack_spins",
];

/// What kernels include.
const COMMON: &[(&str, &str)] = files!["common/":
    "activation", "control_variate", "dense_weights_own", "dense_weights_shared", "dispatch",
    "draw_square_group", "draw_square_lane", "entry_subgroup", "entry_workgroup", "exact_square",
    "exact_square_group", "exact_square_lane", "exact_square_subgroup", "four_parameters", "heat_bath", "hidden_gradient_own",
    "hidden_gradient_shared", "inputs", "lane_dense", "masked_block_bindings", "masked_block_lane", "masked_block_tile",
    "net_parameters_split", "net_parameters_whole", "owned_sums", "packet_own", "packet_shared",
    "partials_split", "partials_whole", "philox", "reduce", "rounded_f16", "rounded_f32", "rows_four",
    "rows_one", "rows_spread", "site_words_four", "site_words_one", "spins", "spread", "status", "sum_eights_subgroup",
    "sum_eights_workgroup", "tile_triangle", "types", "unit_weights_four", "unit_weights_one", "weight_gradient_own",
    "weight_gradient_shared",
];

/// What rates of a device are measured with.
const RATES: &[(&str, &str)] = files!["rates/": "copy", "product"];

/// Hidden units per lane in `backward_hidden`.
pub(super) const BACKWARD_UNITS: usize = 8;
/// Most partial sums of moments.
pub(super) const MOMENT_SLICES: usize = 64;
/// Lanes of kernels that reduce a whole array in one workgroup.
const REDUCING_LANES: usize = 256;

/// How a kernel's work is done on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variant {
    /// Of the forward pass.
    pub shape: Shape,
    /// Of sums over exact squares.
    pub square: SquareShape,
    /// Of drawing them.
    pub drawing: SquareShape,
    /// Who loads weights.
    pub loads: Loads,
    /// Through what lanes exchange values.
    pub exchange: Exchange,
    /// Of hidden state and of what nets compute with.
    pub storage: Storage,
    /// Of the weights' gradient.
    pub job: JobSize,
    /// Rows that a lane works on, where a kernel leaves that open: 1 or 4.
    pub lane_rows: usize,
    /// Sources of the tile shape whose weights are loaded together: 8 or 32.
    pub at_once: usize,
    /// Lanes that share the sum over the slices of a parameter, a power of two.
    pub slice_lanes: usize,
    /// Parameters at the first of two bindings, where one does not hold those of a level.
    pub window: Option<usize>,
}

/// One specialisation of a kernel: equal keys give equal pipelines.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Specialisation {
    /// Name of the kernel.
    pub name: &'static str,
    shape: &'static str,
    loads: &'static str,
    exchange: &'static str,
    rows: &'static str,
    units: &'static str,
    parts: &'static str,
    storage: Storage,
    constants: Vec<(&'static str, usize)>,
}

impl Specialisation {
    /// The specialisation of a kernel for a lattice and nets of these options. `shape` matters for the forward pass only.
    pub fn new(kernel: Kernel, lattice: Lattice, options: NetOptions, variant: Variant) -> Self {
        let Variant {
            shape,
            square,
            drawing,
            loads,
            exchange,
            storage,
            job,
            lane_rows,
            at_once,
            slice_lanes,
            window,
        } = variant;
        let net = [("WIDTH", options.width), ("DEPTH", options.depth)];
        let mut constants = vec![("LANES", LANES)];
        let mut shape_name = "";
        let mut rows = "one";
        let mut units = "one";
        match kernel {
            Kernel::SampleLevel { .. } | Kernel::EvaluateLevel { .. } => {
                constants = vec![("LANES", shape.lanes(loads, lane_rows)), net[0], net[1]];
                if loads == Loads::Own && window.is_none() && options.width.is_multiple_of(4) {
                    units = "four";
                }
                match shape {
                    Shape::Lane { group, .. } => {
                        shape_name = "lane";
                        rows = rows_name(lane_rows);
                        constants.extend([("GROUP", group), ("UNITS", group * options.width)]);
                    }
                    Shape::Tile { rows, .. } => {
                        shape_name = "tile";
                        constants.extend([("ROWS", rows), ("CHUNK", STAGED), ("AT_ONCE", at_once)]);
                    }
                }
            }
            Kernel::SampleSquare { .. } => {
                constants.push(("WIDTH", square_width(options)));
                shape_name = drawing.name();
            }
            Kernel::EvaluateSquare { .. } | Kernel::SquareFreeEnergy { .. } => {
                constants.push(("WIDTH", square_width(options)));
                shape_name = square.name();
            }
            Kernel::Moments { .. } | Kernel::Regression { .. } | Kernel::Residual { .. } => {
                constants.extend([("COLUMNS", COLUMNS), ("MOMENT_SLICES", MOMENT_SLICES)]);
            }
            Kernel::Observables => {
                constants.extend([("SIDE", lattice.side() as usize), ("AXES", lattice.bonds_per_site())]);
            }
            Kernel::Metropolis { colour } => constants.extend([
                ("SIDE", lattice.side() as usize),
                ("AXES", lattice.bonds_per_site()),
                ("COLOURS", lattice.colours()),
                ("COLOUR", colour as usize),
            ]),
            Kernel::BackwardHidden { layer, .. } => {
                rows = rows_name(lane_rows);
                constants.extend(net);
                constants.extend([("LAYER", layer), ("UNITS", BACKWARD_UNITS)]);
            }
            Kernel::BackwardWeights { .. } => {
                constants = vec![("LANES", loads.weight_lanes()), net[1], ("SKIP", options.skip.into())];
                constants.extend([
                    ("JOB_SOURCES", job.sources),
                    ("JOB_UNITS", job.units),
                    ("JOB_LOGITS", job.logits),
                ]);
            }
            Kernel::Reward { .. } | Kernel::BackwardOutput { .. } => {
                rows = rows_name(lane_rows);
            }
            Kernel::GradientSum { .. } => constants.push(("SLICE_LANES", slice_lanes)),
            Kernel::BackwardSlope { .. } => constants.extend([net[1]]),
            Kernel::Baseline | Kernel::GradientNorm => constants = vec![("LANES", REDUCING_LANES)],
            _ => (),
        }
        let parts = if sees_parameters_of_nets(kernel)
            && let Some(window) = window
        {
            constants.push(("WINDOW", window));
            "split"
        } else {
            "whole"
        };
        Self {
            name: kernel.name(),
            shape: shape_name,
            loads: loads.name(),
            exchange: if sums_over_lanes(kernel) { exchange.name() } else { "" },
            rows,
            units,
            parts,
            storage,
            constants,
        }
    }

    /// A shader that measures a rate, with matrices of a side.
    pub(super) fn rate(name: &'static str, side: usize) -> Self {
        Self {
            name,
            shape: "",
            loads: "",
            exchange: "",
            rows: "one",
            units: "one",
            parts: "whole",
            storage: Storage::F32,
            constants: vec![("LANES", LANES), ("SIDE", side)],
        }
    }

    /// Whether it needs subgroups.
    pub fn needs_subgroups(&self) -> bool {
        let subgroup = Exchange::Subgroup.name();
        self.loads == Loads::Shared.name() || [self.exchange, self.shape].contains(&subgroup)
    }

    /// Whether it has a level's parameters at two bindings.
    pub fn is_split(&self) -> bool {
        self.parts == "split"
    }

    /// What hidden state and parameters of nets are kept in; 16 bits need SHADER_F16.
    pub fn storage(&self) -> Storage {
        self.storage
    }

    /// The complete WGSL text.
    ///
    /// # Errors
    /// When a file or an include is missing.
    pub fn source(&self) -> Result<String> {
        let mut text = match self.storage {
            Storage::F32 => "alias Kept = f32;\n".to_owned(),
            Storage::F16 => "enable f16;\nalias Kept = f16;\n".to_owned(),
        };
        for (name, value) in &self.constants {
            let _ = writeln!(text, "const {name}: u32 = {value}u;");
        }
        let mut included = Vec::new();
        let file = find(KERNELS, self.name, self.name).or_else(|_| find(RATES, self.name, self.name))?;
        self.expand(file, &mut text, &mut included)?;
        Ok(text)
    }

    fn expand(&self, file: &str, text: &mut String, included: &mut Vec<String>) -> Result<()> {
        for line in file.lines() {
            let Some(name) = line.strip_prefix("#include ") else {
                text.push_str(line);
                text.push('\n');
                continue;
            };
            let storage = match self.storage {
                Storage::F32 => "f32",
                Storage::F16 => "f16",
            };
            let name = name.trim().replace("$SHAPE", self.shape).replace("$LOADS", self.loads);
            let name = name.replace("$EXCHANGE", self.exchange);
            let name =
                name.replace("$STORAGE", storage).replace("$ROWS", self.rows).replace("$UNITS", self.units);
            let name = name.replace("$PARTS", self.parts);
            if !included.contains(&name) {
                included.push(name.clone());
                self.expand(find(COMMON, &name, self.name)?, text, included)?;
            }
        }
        Ok(())
    }
}

/// Side of exact squares. Where single spins end the tree, of squares that could: shaders of all kernels are valid whatever the
/// model.
pub(super) fn square_side(options: NetOptions) -> u32 {
    options.exact_bottom.max(4)
}

/// Width of the interior of exact squares.
fn square_width(options: NetOptions) -> usize {
    square_side(options) as usize - 1
}

/// Whether a kernel computes with what a level's nets have.
pub(super) fn sees_parameters_of_nets(kernel: Kernel) -> bool {
    matches!(
        kernel,
        Kernel::SampleLevel { .. }
            | Kernel::EvaluateLevel { .. }
            | Kernel::BackwardHidden { .. }
            | Kernel::BackwardWeights { .. }
            | Kernel::BackwardSlope { .. }
    )
}

fn rows_name(lane_rows: usize) -> &'static str {
    if lane_rows == 1 { "one" } else { "four" }
}

/// Whether a kernel sums something over the lanes of a workgroup.
fn sums_over_lanes(kernel: Kernel) -> bool {
    matches!(
        kernel,
        Kernel::Baseline | Kernel::GradientNorm | Kernel::GradientSum { .. } | Kernel::BackwardSlope { .. }
    )
}

fn find(files: &[(&str, &'static str)], name: &str, kernel: &str) -> Result<&'static str> {
    files.iter().find(|(known, _)| *known == name).map(|(_, text)| *text).ok_or_else(|| Error::Shader {
        name: kernel.to_owned(),
        message: format!("there is no file {name}.wgsl"),
    })
}

/// Tells the shaders of one version, and what goes into them, from those of another.
pub(super) fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    (env!("CARGO_PKG_VERSION"), KERNELS, COMMON).hash(&mut hasher);
    (LANES, STAGED, SOURCES_PER_TURN).hash(&mut hasher);
    hasher.finish()
}

/// Every kernel once, on level 0, for nets of a depth: for tests that look at them all.
pub fn every_kernel(depth: usize) -> Vec<Kernel> {
    let level = 0;
    let mut kernels = vec![
        Kernel::SampleLevel { level },
        Kernel::EvaluateLevel { level },
        Kernel::SampleHeatBath { level },
        Kernel::EvaluateHeatBath { level },
        Kernel::HeatBathFreeEnergy { level },
        Kernel::SampleSquare { level },
        Kernel::EvaluateSquare { level },
        Kernel::SquareFreeEnergy { level },
        Kernel::Energy { level },
        Kernel::ConfigurationEnergy,
        Kernel::Reward { level },
        Kernel::Baseline,
        Kernel::Advantage,
        Kernel::Likelihood,
        Kernel::Moments { level },
        Kernel::Regression { level },
        Kernel::Residual { level },
        Kernel::BackwardOutput { level },
        Kernel::BackwardWeights { level },
        Kernel::BackwardSlope { level },
        Kernel::GradientSum { level },
        Kernel::GradientNorm,
        Kernel::Adam,
        Kernel::Observables,
        Kernel::UnpackSpins,
        Kernel::Metropolis { colour: 0 },
        Kernel::Metropolis { colour: 1 },
    ];
    kernels.extend((0..depth).map(|layer| Kernel::BackwardHidden { level, layer }));
    kernels
}

/// Every specialisation that a model can ask for: for tests that validate them all.
pub fn all_specialisations(lattice: Lattice, options: NetOptions) -> Vec<Specialisation> {
    let mut all: Vec<_> = RATES.iter().map(|(name, _)| Specialisation::rate(name, 128)).collect();
    for kernel in every_kernel(options.depth) {
        for shape in Shape::all(options.width) {
            for (loads, exchange, lane_rows, storage, window) in [
                (Loads::Own, Exchange::Workgroup, 1, Storage::F32, None),
                (Loads::Own, Exchange::Workgroup, 4, Storage::F32, None),
                (Loads::Own, Exchange::Subgroup, 4, Storage::F32, None),
                (Loads::Shared, Exchange::Subgroup, 1, Storage::F32, None),
                (Loads::Shared, Exchange::Subgroup, 4, Storage::F32, None),
                (Loads::Own, Exchange::Workgroup, 1, Storage::F16, None),
                (Loads::Own, Exchange::Subgroup, 4, Storage::F16, None),
                (Loads::Shared, Exchange::Subgroup, 1, Storage::F16, None),
                (Loads::Shared, Exchange::Subgroup, 4, Storage::F16, None),
                (Loads::Own, Exchange::Workgroup, 1, Storage::F32, Some(1 << 25)),
                (Loads::Shared, Exchange::Subgroup, 4, Storage::F32, Some(1 << 25)),
                (Loads::Own, Exchange::Subgroup, 4, Storage::F16, Some(1 << 25)),
            ] {
                let square = SquareShape::choose(loads, exchange, square_side(options));
                let sizes = match loads {
                    Loads::Own => vec![JobSize::SQUARE, JobSize::LARGE],
                    Loads::Shared => vec![JobSize::SQUARE, JobSize { sources: 24, units: 16, logits: 8 }],
                };
                for job in sizes {
                    // The least and the most of what these can be, side by side with the rows of a lane.
                    let (at_once, slice_lanes) = match lane_rows {
                        1 => (SOURCES_PER_TURN, 1),
                        _ => (STAGED, MAX_SLICE_LANES),
                    };
                    let variant = Variant {
                        shape,
                        square,
                        drawing: square.drawing(),
                        loads,
                        exchange,
                        storage,
                        job,
                        lane_rows,
                        at_once,
                        slice_lanes,
                        window,
                    };
                    let specialisation = Specialisation::new(kernel, lattice, options, variant);
                    if !all.contains(&specialisation) {
                        all.push(specialisation);
                    }
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_is_in_the_list() {
        let listed: Vec<_> = every_kernel(1).iter().map(|kernel| kernel.name()).collect();
        assert!(KERNELS.iter().all(|(name, _)| listed.contains(name)), "{listed:?}");
        let distinct: std::collections::BTreeSet<_> = listed.into_iter().collect();
        assert_eq!(distinct.len(), KERNELS.len());
    }

    #[test]
    fn every_file_in_shaders_is_registered_and_starts_with_what_it_computes() {
        let shaders = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
        let folders =
            [(shaders.clone(), KERNELS), (shaders.join("common"), COMMON), (shaders.join("rates"), RATES)];
        for (folder, registered) in folders {
            let mut found = 0;
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "wgsl") {
                    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                    let (_, text) = registered.iter().find(|(known, _)| **known == *name).expect(&name);
                    assert!(text.starts_with("// "), "{name} does not say what it computes");
                    found += 1;
                }
            }
            assert_eq!(found, registered.len());
        }
    }
}
