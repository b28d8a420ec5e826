//! Probabilities, free energies and pseudo-likelihoods of given configurations, some rows at a time.

use super::kernels::{Kernel, MachineSlot};
use super::memory::{self, OfRows, Wanted};
use super::task::{Sizes, Task};
use super::{GpuLearner, Of};
use crate::error::Result;
use crate::rbm::{Bits, Draw, ln_conditional};
use std::ops::Range;

/// Most rows at a time.
const ROWS: usize = 1024;
/// Words of an array of theirs, where a row has fewer.
const WORDS: usize = 1 << 24;

/// Rows of all those given.
struct Part<'a> {
    place: Range<usize>,
    buffers: &'a mut OfRows,
}

impl GpuLearner {
    /// Takes rows to the device, as many at a time as fit where each has `words` in its largest array, and gathers what is made of them.
    fn part_by_part<T>(
        &mut self,
        visible: &Bits,
        words: usize,
        wanted: impl Fn(&Sizes, usize) -> Wanted,
        mut make: impl FnMut(&mut Self, Part<'_>) -> Result<Vec<T>>,
    ) -> Result<Vec<T>> {
        let at_once = (WORDS / words.max(1)).clamp(1, ROWS).min(visible.rows().max(1));
        let arrays = wanted(&self.sizes, at_once);
        let mut buffers = OfRows::new(memory::make(&self.device, &self.sizes, arrays)?);
        let all = visible.by_rows();
        let mut made = Vec::new();
        for first in (0..visible.rows()).step_by(at_once) {
            let place = first..visible.rows().min(first + at_once);
            let words = self.sizes.visible_words;
            let own = &all[words * place.start..words * place.end];
            self.write(&buffers.buffers, MachineSlot::Chains, own)?;
            made.extend(make(self, Part { place, buffers: &mut buffers })?);
        }
        Ok(made)
    }

    pub(super) fn probabilities_of(&mut self, visible: &Bits) -> Result<Vec<f64>> {
        self.prepare(&[Kernel::Hidden])?;
        let Sizes { hidden, hidden_stride, .. } = self.sizes;
        let wanted = |sizes: &Sizes, rows| sizes.of_chains(rows, rows);
        self.part_by_part(visible, hidden_stride, wanted, |learner, Part { place, buffers }| {
            let task = learner.sizes.task(place.len());
            learner.dispatch(Some(buffers), Kernel::Hidden, &Task { told: task.rows, ..task })?;
            let found: Vec<f32> = learner.read(Of::Rows(buffers), MachineSlot::Probabilities)?;
            let rows = found.chunks_exact(hidden_stride).take(place.len());
            Ok(rows.flat_map(|row| &row[..hidden]).map(|&probability| f64::from(probability)).collect())
        })
    }

    /// Sums over words of hidden units come from the device; they are added here, and biases of visible numbers with them.
    pub(super) fn ln_weights_of(&mut self, visible: &Bits) -> Result<Vec<f64>> {
        self.prepare(&[Kernel::FreeEnergy])?;
        let biases = self.visible_biases()?;
        let Sizes { hidden_words, hidden_stride, .. } = self.sizes;
        let wanted = |sizes: &Sizes, rows| sizes.of_evaluation(rows, 0);
        self.part_by_part(visible, hidden_stride, wanted, |learner, Part { place, buffers }| {
            let task = learner.sizes.task(place.len());
            learner.dispatch(Some(buffers), Kernel::FreeEnergy, &task)?;
            let found: Vec<f32> = learner.read(Of::Rows(buffers), MachineSlot::FreeEnergies)?;
            let of_row = |(row, parts): (usize, &[f32])| {
                let of_hidden: f64 = parts.iter().map(|&part| f64::from(part)).sum();
                let set = (0..biases.len()).filter(|&number| visible.get(row, number));
                of_hidden + set.map(|number| biases[number]).sum::<f64>()
            };
            Ok(place.zip(found.chunks_exact(hidden_words)).map(of_row).collect())
        })
    }

    /// Gains of hidden units come from the device; biases and logarithms are taken here.
    pub(super) fn pseudo_likelihood_of(&mut self, visible: &Bits, every: usize) -> Result<Vec<f64>> {
        self.prepare(&[Kernel::FreeEnergy, Kernel::Conditionals])?;
        let biases = self.visible_biases()?;
        let Sizes { colours, hidden_stride, .. } = self.sizes;
        let (machine, every) = (self.machine, every.max(1));
        let sites: Vec<usize> = (0..machine.lattice.sites()).step_by(every).collect();
        let gains = sites.len() * colours;
        let wanted = |sizes: &Sizes, rows| sizes.of_evaluation(rows, gains);
        self.part_by_part(visible, hidden_stride.max(gains), wanted, |learner, Part { place, buffers }| {
            let task = Task { every: every as u32, ..learner.sizes.task(place.len()) };
            learner.dispatch(Some(&mut *buffers), Kernel::FreeEnergy, &task)?;
            learner.dispatch(Some(&mut *buffers), Kernel::Conditionals, &task)?;
            let found: Vec<f32> = learner.read(Of::Rows(buffers), MachineSlot::Gains)?;
            let of_row = |(row, gains): (usize, &[f32])| {
                let of_site = |(&site, gains): (&usize, &[f32])| {
                    let gain =
                        |_, other: Option<usize>| gains[other.map_or(0, |number| number - site * colours)];
                    let gain = |less, more| f64::from(gain(less, more));
                    ln_conditional(&machine, visible, [row, site], |number| biases[number], gain)
                };
                let sum: f64 = sites.iter().zip(gains.chunks_exact(colours)).map(of_site).sum();
                sum / sites.len() as f64
            };
            Ok(place.zip(found.chunks_exact(gains)).map(of_row).collect())
        })
    }

    pub(super) fn reconstruction_of(&mut self, visible: &Bits, draw: Draw) -> Result<Bits> {
        self.prepare(&[&[Kernel::Hidden], self.drawing()].concat())?;
        let Sizes { hidden_stride, visible_stride, visible_words, .. } = self.sizes;
        let wanted = |sizes: &Sizes, rows| sizes.of_chains(rows, 1);
        let words = self.part_by_part(
            visible,
            hidden_stride.max(visible_stride),
            wanted,
            |learner, Part { place, buffers }| {
                let draw = Draw { first: draw.first.wrapping_add(place.start as u32), ..draw };
                let task = learner.sizes.task(place.len());
                learner.dispatch(Some(&mut *buffers), Kernel::Hidden, &Task { drawn: 0, ..task.at(draw) })?;
                learner.draw_visible(Some(&mut *buffers), &task.at(draw.next_stage()))?;
                let mut found: Vec<u32> = learner.read(Of::Rows(buffers), MachineSlot::Chains)?;
                found.truncate(place.len() * visible_words);
                Ok(found)
            },
        )?;
        Ok(Bits::of_rows(visible.rows(), self.sizes.visible, &words))
    }

    fn visible_biases(&mut self) -> Result<Vec<f64>> {
        let mut biases: Vec<f32> = self.read(Of::Machine, MachineSlot::VisibleBias)?;
        biases.truncate(self.sizes.visible);
        Ok(biases.into_iter().map(f64::from).collect())
    }
}
