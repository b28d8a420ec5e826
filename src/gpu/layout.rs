//! Uniforms and tables as the shaders see them (`shaders/shared/layout/types.wgsl`). A test compares the layouts by reflection.

use super::tables::LevelTable;
use crate::conditional::{
    BoxFactors, ColourFactors, Gauge, MaskedNet, Model, NEIGHBOUR_SUMS, REWARD_QUANTUM, Weights,
    by_neighbours, colour_weights, heat_bath_ln_q, heat_bath_reward,
};
use crate::cpu::{Around, Real};
use crate::kernels::{Inputs, LANES, QUAD};
use crate::lattice::{Spins, acceptance};
use bytemuck::{Pod, Zeroable};
use std::ops::Range;

/// Twin of `Matrix`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
pub struct Matrix {
    weight: u32,
    bias: u32,
    slope: u32,
    present: u32,
}

/// Twin of `Level`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
#[allow(missing_docs, reason = "fields are documented where the shaders declare them")]
pub struct Level {
    pub batch: u32,
    pub blocks: u32,
    pub rows: u32,
    pub net_rows: u32,
    pub stride: u32,
    pub first_row: u32,
    pub border: u32,
    pub own: u32,
    pub inputs: u32,
    pub units: u32,
    pub sites: u32,
    pub bonds: u32,
    pub bond_count: u32,
    pub children: u32,
    pub children_per_block: u32,
    pub children_first_row: u32,
    pub gauge: u32,
    pub index: u32,
    pub slices: u32,
    pub slice_rows: u32,
    pub parameters: u32,
    pub first_norm: u32,
    pub path_pairs: u32,
    pub faces: u32,
    pub patches: u32,
    pub weights: u32,
    pub sketch: u32,
    pub workers: u32,
    pub layers: [Matrix; 3],
    pub output: Matrix,
    pub skip: Matrix,
}

/// Twin of `Step`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
#[allow(missing_docs, reason = "fields are documented where the shaders declare them")]
pub struct Step {
    pub flip: [[u32; 4]; 4],
    pub earlier: [f32; 4],
    pub beta_coupling: [f32; 2],
    pub beta_field: [f32; 2],
    pub box_reward: [f32; 2],
    pub box_scale_rest: [f32; 2],
    pub reward_shift: [f32; 2],
    pub seed: u32,
    pub step: u32,
    pub first_configuration: u32,
    pub total_rows: u32,
    pub batch: u32,
    pub norms: u32,
    pub clip: f32,
    pub learning_rate: f32,
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    pub first_correction: f32,
    pub second_correction: f32,
    pub one_minus_beta1: f32,
    pub one_minus_beta2: f32,
    pub bond_different: f32,
    pub bond_same: f32,
    pub field_down: f32,
    pub field_up: f32,
    pub scale_rate: u32,
    pub chunk: u32,
    pub chunk_share: f32,
    pub skip_rate: f32,
    pub beta: f32,
    pub coupling: f32,
    pub field: f32,
    pub heat_bath_reward: [[f32; 4]; NEIGHBOUR_SUMS],
    pub heat_bath_ln_q: [[[f32; 4]; 2]; NEIGHBOUR_SUMS],
}

/// Twin of `Status`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
#[allow(missing_docs, reason = "fields are documented where the shaders declare them")]
pub struct Status {
    pub gradient_norm: f32,
    pub first_bad_step: u32,
}

impl From<&Weights> for Matrix {
    fn from(weights: &Weights) -> Self {
        Self {
            weight: weights.offset as u32,
            bias: weights.bias_offset() as u32,
            slope: weights.slope_offset() as u32,
            present: 1,
        }
    }
}

impl Level {
    pub(super) fn new(model: &Model, index: usize, batch: usize, table: &LevelTable) -> Self {
        let geometry = &model.hierarchy.levels[index];
        let rows = |level: usize| (model.hierarchy.blocks_before(level) * batch) as u32;
        let common = Self {
            batch: batch as u32,
            blocks: geometry.blocks as u32,
            rows: (geometry.blocks * batch) as u32,
            net_rows: (geometry.net_blocks() * batch) as u32,
            stride: (geometry.net_blocks() * batch).next_multiple_of(QUAD) as u32,
            first_row: rows(index),
            border: geometry.border as u32,
            own: geometry.own as u32,
            inputs: geometry.inputs() as u32,
            sites: table.sites as u32,
            bonds: table.bonds as u32,
            bond_count: geometry.bonds.len() as u32,
            children: table.children as u32,
            children_per_block: geometry.children_per_block as u32,
            path_pairs: table.path_pairs as u32,
            faces: table.faces as u32,
            patches: table.patches as u32,
            weights: table.weights as u32,
            sketch: table.sketch as u32,
            workers: table.workers as u32,
            children_first_row: rows(index + 1),
            index: index as u32,
            ..Self::default()
        };
        let conditional = &model.levels[index].conditional;
        let common = match conditional.pair_head() {
            Some(pairs) => Self { gauge: number_of(pairs.gauge), ..common.with_gradient(table) },
            None => common,
        };
        match conditional.net() {
            Some(net) => common.with_net(net, table),
            None => common,
        }
    }

    /// For `gradient_sum`: some of its parameters, and the workgroups that take them.
    pub(super) fn part(self, parameters: Range<usize>) -> Self {
        // What a binding does not hold has one slice, and every lane its own parameters.
        let first_norm = self.first_norm + (parameters.start / (QUAD * LANES)) as u32;
        Self { parameters: parameters.len() as u32, first_norm, ..self }
    }

    /// With what partial gradients are counted by.
    fn with_gradient(self, table: &LevelTable) -> Self {
        Self {
            slices: table.slices as u32,
            slice_rows: table.slice_rows as u32,
            parameters: table.parameters as u32,
            first_norm: table.first_norm as u32,
            ..self
        }
    }

    fn with_net(self, net: &MaskedNet, table: &LevelTable) -> Self {
        let mut layers = [Matrix::default(); 3];
        for (layer, weights) in layers.iter_mut().zip(&net.layers) {
            *layer = weights.into();
        }
        Self {
            units: net.units() as u32,
            gauge: number_of(net.gauge),
            layers,
            output: (&net.output).into(),
            skip: net.skip.as_ref().map(Matrix::from).unwrap_or_default(),
            ..self.with_gradient(table)
        }
    }
}

/// A gauge as shaders know it.
fn number_of(gauge: Gauge) -> u32 {
    match gauge {
        Gauge::None => 0,
        Gauge::Border => 1,
        Gauge::FirstOwn => 2,
        Gauge::Mixture => 3,
    }
}

/// A value in two parts, of which the first is a multiple of 2^-12: its products with integers, and sums of those, are exact up to 4096.
fn split(value: f64) -> [f32; 2] {
    let first = ((value * 4096.0).round() / 4096.0) as f32;
    [first, (value - f64::from(first)) as f32]
}

/// A value for `rounded_to_either_side`.
fn around(value: f64, quantum: f64) -> [f32; 4] {
    let Around { near, other, share } = f32::around(value, quantum);
    [near, other, share, 0.0]
}

impl Step {
    pub(super) fn new(model: &Model, batch: usize, norms: usize, inputs: &Inputs) -> Self {
        let (system, beta) = (&model.system, inputs.beta);
        let interaction = system.interaction;
        let exact = model
            .hierarchy
            .levels
            .last()
            .zip(model.levels.last())
            .and_then(|(geometry, level)| level.conditional.exact_box().map(|_| geometry));
        // A shader computes the factors of weighted boxes.
        let alike = exact.filter(|level| !level.is_weighted());
        let factors = match system.spins {
            Spins::Ising => alike.map(|level| BoxFactors::new(level, interaction, beta)),
            Spins::Potts { .. } => {
                alike.map(|level| ColourFactors::new(level, interaction, beta).as_of_boxes())
            }
        };
        let factors = factors.unwrap_or_default();
        let shift = inputs.reward_shift(system);
        let of_spin = shift.of(system.lattice.coordination(), 1);
        let beta_field = |sum: i32| beta * interaction.local_field(sum, 1);
        let of_box = exact.map_or(0.0, |level| shift.of(level.bonds.len(), level.own));
        let [bond_different, bond_same] = factors.bond.map(|factor| factor as f32);
        let [field_down, field_up] = factors.field.map(|factor| factor as f32);
        let [first_correction, second_correction] = inputs.bias_corrections().map(|value| value as f32);
        Self {
            flip: bytemuck::cast(acceptance(system, beta)),
            earlier: factors.earlier.map(|factor| factor as f32),
            beta_coupling: split(beta * interaction.coupling),
            beta_field: split(beta * interaction.field),
            box_reward: split(of_box - factors.scale),
            box_scale_rest: split(factors.rest),
            reward_shift: [shift.per_bond as f32, shift.per_site as f32],
            seed: inputs.seed,
            step: inputs.step,
            first_configuration: inputs.first_configuration,
            total_rows: (model.hierarchy.blocks() * batch) as u32,
            batch: batch as u32,
            norms: norms as u32,
            clip: inputs.adam.clip as f32,
            learning_rate: inputs.learning_rate as f32,
            beta1: inputs.adam.beta1 as f32,
            beta2: inputs.adam.beta2 as f32,
            epsilon: inputs.adam.epsilon as f32,
            first_correction,
            second_correction,
            one_minus_beta1: (1.0 - inputs.adam.beta1) as f32,
            one_minus_beta2: (1.0 - inputs.adam.beta2) as f32,
            bond_different,
            bond_same,
            field_down,
            field_up,
            scale_rate: inputs.adam.scale_rate.into(),
            chunk: inputs.chunk.index,
            chunk_share: 1.0 / inputs.chunk.count as f32,
            skip_rate: inputs.adam.skip_rate as f32,
            beta: beta as f32,
            coupling: interaction.coupling as f32,
            field: interaction.field as f32,
            heat_bath_reward: match system.spins {
                Spins::Ising => by_neighbours(system, |sum| {
                    around(heat_bath_reward(beta_field(sum), of_spin), REWARD_QUANTUM)
                }),
                Spins::Potts { .. } => {
                    colour_weights(system, beta).map(|[other, first]| [other, first, 0.0, 0.0])
                }
            },
            heat_bath_ln_q: by_neighbours(system, |sum| {
                [-1, 1].map(|spin| around(heat_bath_ln_q(beta_field(sum), spin), 0.0))
            }),
        }
    }
}
