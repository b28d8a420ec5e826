//! Probabilities, free energies and pseudo-likelihoods of given configurations, some rows at a time.

use super::kernels::{Kernel, MachineSlot};
use super::memory::{self, OfRows, Wanted};
use super::task::{Sizes, Task};
use super::{GpuLearner, Of};
use crate::error::Result;
use crate::rbm::{Bits, Draw, ln_conditional};
use bytemuck::Pod;
use std::ops::Range;

/// Most rows at a time.
const ROWS: usize = 1024;
/// Words of an array of theirs, where a row has fewer.
const WORDS: usize = 1 << 24;

/// Rows that are given, with their numbers or words, row by row.
struct Given<T> {
    slot: MachineSlot,
    rows: usize,
    numbers: Vec<T>,
}

/// Some of them.
struct Part<'a> {
    place: Range<usize>,
    buffers: &'a mut OfRows,
}

impl Given<u32> {
    fn bits(visible: &Bits) -> Self {
        Self { slot: MachineSlot::Chains, rows: visible.rows(), numbers: visible.by_rows() }
    }
}

impl GpuLearner {
    /// Takes rows to the device, as many at a time as fit where each has `words` in its largest array, and gathers what is made of them.
    fn part_by_part<G: Pod, T>(
        &mut self,
        given: &Given<G>,
        words: usize,
        wanted: impl Fn(&Sizes, usize) -> Wanted,
        mut make: impl FnMut(&mut Self, Part<'_>) -> Result<Vec<T>>,
    ) -> Result<Vec<T>> {
        let Given { slot, rows, numbers } = given;
        let at_once = (WORDS / words.max(1)).clamp(1, ROWS).min((*rows).max(1));
        let arrays = wanted(&self.sizes, at_once);
        let mut buffers = OfRows::new(memory::make(&self.device, &self.sizes, arrays)?);
        let mut made = Vec::new();
        for first in (0..*rows).step_by(at_once) {
            let place = first..(*rows).min(first + at_once);
            let of_row = numbers.len() / rows;
            let own = &numbers[of_row * place.start..of_row * place.end];
            self.write(&buffers.buffers, *slot, own)?;
            made.extend(make(self, Part { place, buffers: &mut buffers })?);
        }
        Ok(made)
    }

    pub(super) fn probabilities_of(&mut self, visible: &Bits) -> Result<Vec<f64>> {
        self.prepare(&[Kernel::Hidden])?;
        let Sizes { hidden, hidden_stride, .. } = self.sizes;
        let wanted = |sizes: &Sizes, rows| sizes.of_chains(rows, rows);
        self.part_by_part(&Given::bits(visible), hidden_stride, wanted, |learner, Part { place, buffers }| {
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
        self.part_by_part(&Given::bits(visible), hidden_stride, wanted, |learner, Part { place, buffers }| {
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
        let given = Given::bits(visible);
        self.part_by_part(&given, hidden_stride.max(gains), wanted, |learner, Part { place, buffers }| {
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
            &Given::bits(visible),
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

    pub(super) fn reconstruction_of_means(&mut self, means: &[f32]) -> Result<Vec<f32>> {
        let colours: &[Kernel] = if self.sizes.colours > 1 { &[Kernel::MeanColours] } else { &[] };
        let kernels = [&[Kernel::MeanHidden, Kernel::MeanVisible], colours].concat();
        self.prepare(&kernels)?;
        let Sizes { visible, visible_stride, hidden_stride, .. } = self.sizes;
        let rows = means.chunks_exact(visible);
        let padded = |row: &[f32]| [row, &vec![0.0; visible_stride - visible]].concat();
        let given = Given {
            slot: MachineSlot::VisibleMeans,
            rows: rows.len(),
            numbers: rows.flat_map(padded).collect(),
        };
        let wanted = |sizes: &Sizes, rows| sizes.of_means(rows);
        self.part_by_part(&given, hidden_stride.max(visible_stride), wanted, |learner, part| {
            let Part { place, buffers } = part;
            let task = learner.sizes.task(place.len());
            let mut record = |&kernel| learner.dispatch(Some(&mut *buffers), kernel, &task);
            kernels.iter().try_for_each(&mut record)?;
            let found: Vec<f32> = learner.read(Of::Rows(buffers), MachineSlot::VisibleMeans)?;
            let rows = found.chunks_exact(visible_stride).take(place.len());
            Ok(rows.flat_map(|row| &row[..visible]).copied().collect())
        })
    }

    fn visible_biases(&mut self) -> Result<Vec<f64>> {
        let mut biases: Vec<f32> = self.read(Of::Machine, MachineSlot::VisibleBias)?;
        biases.truncate(self.sizes.visible);
        Ok(biases.into_iter().map(f64::from).collect())
    }
}
