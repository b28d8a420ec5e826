//! Texts of shaders, with a small preprocessor.
//!
//! `#include folder/name` inserts `shaders/shared/folder/name.wgsl` once. `$SHAPE` and other placeholders in such a line are axes along
//! which a kernel is specialised (`src/kernels/axis.rs`). `$PER_SITE` behind a number of sites makes of it that of the inputs or logits: it stands for nothing where
//! a spin is one number, and for `* COLOURS` where it is one for every colour. Constants are prepended as `const NAME: u32 = value;`, and `Kept`, the type of
//! hidden state and of the parameters that nets compute with.

use super::tables::MAX_SLICE_LANES;
use super::{dense, flow, rbm};
use crate::conditional::{Colours, Encoding, NetOptions, Storage};
use crate::error::{Error, Result};
use crate::kernels::{
    Axis, BoxShape, Choice, Constants, Description, Exchange, JobSize, Kernel, LANES, Loads,
    SOURCES_PER_TURN, STAGED, Shape, Variant, shader,
};
use crate::lattice::{Lattice, Spins};
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, shader!("shared/", $name))),*]
    };
}

/// What kernels include, by subject.
const SHARED: &[(&str, &str)] = files![
    "box/box_draw_group",
    "box/box_draw_ising",
    "box/box_draw_lane",
    "box/box_draw_potts",
    "box/box_sum",
    "box/box_sum_group",
    "box/box_sum_ising",
    "box/box_sum_lane",
    "box/box_sum_potts",
    "box/box_sum_subgroup",
    "box/drawn_sums_each",
    "box/drawn_sums_uniform",
    "box/factors_each",
    "box/factors_potts",
    "box/factors_uniform",
    "box/scaled_sum",
    "dense/units",
    "flow/coupling",
    "flow/gradient_none",
    "flow/gradient_sum",
    "flow/net",
    "flow/parameters",
    "flow/pass_back",
    "flow/patch",
    "flow/rows",
    "flow/task",
    "forward/border_one_hot",
    "forward/border_shared",
    "forward/border_sign",
    "forward/dense_weights_own",
    "forward/dense_weights_shared",
    "forward/drawn_one_hot",
    "forward/drawn_rows_one_hot",
    "forward/drawn_rows_shared",
    "forward/drawn_rows_sign",
    "forward/drawn_shared",
    "forward/drawn_sign",
    "forward/fix_one_hot",
    "forward/fix_shared",
    "forward/fix_sign",
    "forward/given_image_one_hot",
    "forward/given_image_shared",
    "forward/given_image_sign",
    "forward/given_one_hot",
    "forward/given_rows_one_hot",
    "forward/given_rows_shared",
    "forward/given_rows_sign",
    "forward/given_shared",
    "forward/given_sign",
    "forward/image_sign_one_hot",
    "forward/image_sign_shared",
    "forward/image_sign_sign",
    "forward/lane_dense",
    "forward/masked_block_bindings",
    "forward/masked_block_lane",
    "forward/masked_block_tile",
    "forward/own_rows_one_hot",
    "forward/own_rows_shared",
    "forward/own_rows_sign",
    "forward/softmax",
    "forward/tile_triangle",
    "forward/turned_image_one_hot",
    "forward/turned_image_shared",
    "forward/turned_image_sign",
    "gradient/add_spin_one_hot",
    "gradient/add_spin_shared",
    "gradient/add_spin_sign",
    "gradient/hidden_gradient_own",
    "gradient/hidden_gradient_shared",
    "gradient/input_window_one_hot",
    "gradient/input_window_shared",
    "gradient/input_window_sign",
    "gradient/logits_one_hot",
    "gradient/logits_shared",
    "gradient/logits_sign",
    "gradient/weight_gradient_own",
    "gradient/weight_gradient_shared",
    "heat_bath/colours",
    "heat_bath/draw_ising",
    "heat_bath/draw_potts",
    "heat_bath/evaluate_ising",
    "heat_bath/evaluate_potts",
    "heat_bath/field_each",
    "heat_bath/field_uniform",
    "heat_bath/free_energy_ising",
    "heat_bath/free_energy_potts",
    "images/mix_one_hot",
    "images/mix_shared",
    "images/mix_sign",
    "images/share_one_hot",
    "images/share_shared",
    "images/share_sign",
    "lanes/dispatch",
    "lanes/entry_subgroup",
    "lanes/entry_workgroup",
    "lanes/reduce",
    "lanes/sum_eights_subgroup",
    "lanes/sum_eights_workgroup",
    "layout/status",
    "layout/types",
    "numbers/activation",
    "numbers/normal",
    "numbers/philox",
    "numbers/scaled",
    "numbers/spread",
    "pairs/chains",
    "pairs/fields_corrected",
    "pairs/fields_free",
    "pairs/head_cw",
    "pairs/head_cw_infinite",
    "pairs/head_linear",
    "pairs/head_one_parameter",
    "pairs/head_sk",
    "pairs/head_tap",
    "pairs/integer_fields",
    "pairs/pass",
    "pairs/rows",
    "pairs/without_pairs",
    "pairs/without_shared",
    "product/numbers",
    "product/tile",
    "rbm/bit_rows",
    "rbm/draw",
    "rbm/draw_tile",
    "rbm/fields",
    "rbm/given_or_chain",
    "rbm/hidden_fields",
    "rbm/hidden_rows",
    "rbm/probabilities",
    "rbm/task",
    "rbm/visible_fields",
    "regressors/border_one_hot",
    "regressors/border_shared",
    "regressors/border_sign",
    "regressors/products_one_hot",
    "regressors/products_shared",
    "regressors/products_sign",
    "rows/ln_four",
    "rows/ln_one",
    "rows/rows_four",
    "rows/rows_one",
    "rows/rows_spread",
    "rows/site_words_four",
    "rows/site_words_one",
    "spins/inputs_one_hot",
    "spins/inputs_shared",
    "spins/inputs_sign",
    "spins/lattice_index",
    "spins/owned_spin",
    "spins/owned_sums",
    "spins/owned_sums_ising",
    "spins/owned_sums_potts",
    "spins/spins",
    "spins/unpack_ising",
    "spins/unpack_potts",
    "spins/weights_each",
    "spins/weights_uniform",
    "tensor/box",
    "tensor/environment",
    "tensor/fill",
    "tensor/line",
    "tensor/orthonormal",
    "tensor/weights_each",
    "tensor/weights_uniform",
    "weights/four_parameters",
    "weights/net_parameters_split",
    "weights/net_parameters_whole",
    "weights/packet_own",
    "weights/packet_shared",
    "weights/partials_split",
    "weights/partials_whole",
    "weights/patches_all",
    "weights/patches_near",
    "weights/rounded_f16",
    "weights/rounded_f32",
    "weights/unit_weights_four",
    "weights/unit_weights_one",
];

/// Behind a number of sites: that of their inputs or logits.
const PER_SITE: &str = "$PER_SITE";

/// A shader that measures a rate of a device: its name and its text.
pub(super) type Rate = (&'static str, &'static str);
/// Reads and writes as fast as it can.
pub(super) const COPY: Rate = ("copy", shader!("rates/copy"));
/// Multiplies two matrices.
pub(super) const PRODUCT: Rate = ("product", shader!("rates/product"));

/// One specialisation of a kernel: equal keys give equal pipelines.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Specialisation {
    /// Name of the kernel.
    pub name: &'static str,
    file: &'static str,
    /// Placeholders, and what stands in their place.
    axes: Vec<(&'static str, &'static str)>,
    storage: Storage,
    constants: Constants,
}

impl Specialisation {
    /// The specialisation of a kernel for a lattice and nets of these options.
    pub(crate) fn new(kernel: Kernel, lattice: Lattice, options: NetOptions, variant: Variant) -> Self {
        let description = kernel.description();
        let choice = Choice { lattice, options, variant, place: kernel.place() };
        let axes: Vec<_> =
            description.axes.iter().map(|axis| (axis.placeholder(), axis.value(&choice))).collect();
        let mut constants = (description.constants)(&choice);
        if let Some(window) = variant.window.filter(|_| description.sees_parameters_of_nets()) {
            constants.push(("WINDOW", window));
        }
        if let Spins::Potts { states } = variant.spins
            && [Axis::Spins, Axis::Encoding].iter().any(|axis| description.axes.contains(axis))
        {
            constants.push(("COLOURS", states.into()));
        }
        let Description { name, shader: file, .. } = *description;
        Self { name, file, axes, storage: variant.storage, constants }
    }

    /// A shader that measures a rate, with matrices of a side.
    pub(super) fn rate(rate: Rate, side: usize) -> Self {
        let (name, file) = rate;
        Self::plain(name, file, vec![("LANES", LANES), ("SIDE", side)])
    }

    /// A shader without axes.
    pub(super) fn plain(name: &'static str, file: &'static str, constants: Constants) -> Self {
        Self { name, file, axes: Vec::new(), storage: Storage::F32, constants }
    }

    fn has(&self, chosen: (&'static str, &'static str)) -> bool {
        self.axes.contains(&chosen)
    }

    /// Whether it needs subgroups.
    pub fn needs_subgroups(&self) -> bool {
        let subgroup = Exchange::Subgroup.name();
        self.has((Axis::Loads.placeholder(), Loads::Shared.name()))
            || self.axes.iter().any(|(_, value)| *value == subgroup)
    }

    /// Whether it has a level's parameters at two bindings.
    pub fn is_split(&self) -> bool {
        self.has((Axis::Parts.placeholder(), "split"))
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
        self.expand(self.file, &mut text, &mut Vec::new())?;
        Ok(text)
    }

    fn expand(&self, file: &str, text: &mut String, included: &mut Vec<String>) -> Result<()> {
        let is_one_hot = self.has((Axis::Encoding.placeholder(), Encoding::OneHot { states: 2 }.name()));
        let per_site = if is_one_hot { " * COLOURS" } else { "" };
        for line in file.lines() {
            let Some(name) = line.strip_prefix("#include ") else {
                text.push_str(&line.replace(PER_SITE, per_site));
                text.push('\n');
                continue;
            };
            let chosen = |name: String, (placeholder, value): &(&str, &str)| name.replace(placeholder, value);
            let name = self.axes.iter().fold(name.trim().to_owned(), chosen);
            if !included.contains(&name) {
                let file = self.find(&name)?;
                included.push(name);
                self.expand(file, text, included)?;
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Result<&'static str> {
        SHARED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text).ok_or_else(|| Error::Shader {
            name: self.name.to_owned(),
            message: format!("there is no file {name}.wgsl"),
        })
    }
}

/// Tells the shaders of one version, and what goes into them, from those of another.
pub(super) fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    (env!("CARGO_PKG_VERSION"), SHARED).hash(&mut hasher);
    for kernel in Kernel::every(1) {
        let Description { name, shader, .. } = kernel.description();
        (name, shader).hash(&mut hasher);
    }
    (LANES, STAGED, SOURCES_PER_TURN).hash(&mut hasher);
    hasher.finish()
}

/// Every specialisation that a model can ask for: for tests that validate them all.
pub fn all_specialisations(lattice: Lattice, options: NetOptions) -> Vec<Specialisation> {
    let rates = [COPY, PRODUCT].map(|rate| Specialisation::rate(rate, 128));
    let mut all: Vec<_> =
        rates.into_iter().chain(dense::specialisations()).chain(rbm::specialisations()).collect();
    all.extend(flow::specialisations());
    for kernel in Kernel::every(options.depth) {
        for shape in Shape::all(options.width.of(0)) {
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
                let sums = BoxShape::choose(loads, exchange, options.exact_box(lattice), false);
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
                        sums,
                        drawing: sums.drawing(),
                        loads,
                        exchange,
                        storage,
                        job,
                        lane_rows,
                        at_once,
                        slice_lanes,
                        is_weighted: false,
                        spins: Spins::Ising,
                        window,
                    };
                    let weighted = Variant {
                        is_weighted: true,
                        sums: BoxShape::Group,
                        drawing: BoxShape::Group,
                        ..variant
                    };
                    let of_spins = [variant, weighted].map(|variant| (variant, options));
                    let of_colours = [variant, weighted].map(|variant| of_colours(lattice, variant, options));
                    let variants = of_spins.into_iter().chain(of_colours.into_iter().flatten());
                    for (variant, options) in variants {
                        let specialisation = Specialisation::new(kernel, lattice, options, variant);
                        if !all.contains(&specialisation) {
                            all.push(specialisation);
                        }
                    }
                }
            }
        }
    }
    all
}

/// The same of three colours, with inputs of their own and with a net that they share, where they have such a shape; lattices in the plane are enough.
fn of_colours(lattice: Lattice, variant: Variant, options: NetOptions) -> Vec<(Variant, NetOptions)> {
    let spins = Spins::Potts { states: 3 };
    match variant.shape {
        Shape::Lane { group, rows } if lattice.dimensions() == 2 => {
            // At most 32 logits of a group are in registers.
            let shape = Shape::Lane { group: group.min(10), rows };
            let variant =
                Variant { shape, spins, sums: BoxShape::Group, drawing: BoxShape::Group, ..variant };
            let shared = NetOptions { colours: Colours::Shared, ..options };
            vec![(variant, options), (variant, shared)]
        }
        Shape::Lane { .. } | Shape::Tile { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditional::{Colours, Head, Network, Widths};
    use crate::hierarchy::{Cut, SiteOrder};
    use std::collections::BTreeSet;
    use std::path::Path;

    /// A text with all that it could include, whatever the axes.
    fn placeholders(text: &str, found: &mut BTreeSet<String>, seen: &mut BTreeSet<&'static str>) {
        if text.contains(PER_SITE) {
            found.insert("encoding".to_owned());
        }
        for name in text.lines().filter_map(|line| line.strip_prefix("#include ")) {
            let (stem, placeholder) = name.split_once('$').unwrap_or((name, ""));
            if !placeholder.is_empty() {
                found.insert(placeholder.to_lowercase());
            }
            let of_stem = |file: &&(&'static str, &'static str)| {
                file.0 == name || !placeholder.is_empty() && file.0.starts_with(stem)
            };
            for (name, text) in SHARED.iter().filter(of_stem) {
                if seen.insert(name) {
                    placeholders(text, found, seen);
                }
            }
        }
    }

    /// Words of the line in a shader's head that starts with `title`, cut at all that is neither letter nor underscore.
    fn head(text: &str, title: &str) -> BTreeSet<String> {
        let lines = text.lines().take_while(|line| line.starts_with("// "));
        let line = lines.filter_map(|line| line.strip_prefix(title)).next().unwrap_or_default();
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn every_shader_says_its_axes_and_constants_at_its_head() {
        let options = NetOptions {
            network: Network::Han,
            width: Widths::all(4),
            depth: 2,
            skip: true,
            gauge: true,
            mixture: true,
            exact_bottom: 8,
            exact_length: 0,
            bond_dimension: 0,
            cut: Cut::Crosses,
            head: Head::None,
            site_order: SiteOrder::Index,
            colours: Colours::OneHot,
            reach: 0,
        };
        let all = all_specialisations(Lattice::square(16).unwrap(), options);
        for kernel in Kernel::every(1) {
            let Description { name, shader, axes, .. } = kernel.description();
            let described: BTreeSet<_> =
                axes.iter().map(|axis| axis.placeholder()[1..].to_lowercase()).collect();
            let mut used = BTreeSet::new();
            placeholders(shader, &mut used, &mut BTreeSet::new());
            assert_eq!(used, described, "axes that {name} uses and those of its description");
            assert_eq!(head(shader, "// Axes: "), described, "axes at the head of {name}");
            let of_kernel = all.iter().filter(|key| key.name == *name);
            let constants: BTreeSet<_> =
                of_kernel.flat_map(|key| key.constants.iter().map(|(name, _)| (*name).to_owned())).collect();
            let is_name = |word: &String| *word == word.to_uppercase();
            let said: BTreeSet<_> = head(shader, "// Constants: ").into_iter().filter(is_name).collect();
            assert_eq!(said, constants, "constants at the head of {name}");
        }
    }

    #[test]
    fn shaders_of_machines_dense_nets_and_flows_say_their_constants_at_their_heads() {
        let all = rbm::specialisations().chain(dense::specialisations()).chain(flow::specialisations());
        for shader in all {
            let constants = shader.constants.iter().map(|(name, _)| (*name).to_owned()).collect();
            assert_eq!(head(shader.file, "// Constants: "), constants, "constants of {}", shader.name);
            let mut used = BTreeSet::new();
            placeholders(shader.file, &mut used, &mut BTreeSet::new());
            assert!(used.is_empty(), "axes of {}: {used:?}", shader.name);
        }
    }

    #[test]
    fn every_file_in_shared_is_registered() {
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders/shared");
        let mut found = BTreeSet::new();
        for folder in std::fs::read_dir(&shared).unwrap().map(|entry| entry.unwrap().path()) {
            for file in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                let [folder, file] = [&folder, &file].map(|path| path.file_stem().unwrap().to_str().unwrap());
                found.insert(format!("{folder}/{file}"));
            }
        }
        assert_eq!(found, SHARED.iter().map(|(name, _)| (*name).to_owned()).collect());
    }
}
