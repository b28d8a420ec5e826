//! The backend of machines on the CPU.

use super::backend::Backend;
use super::bits::{BLOCK, Bits};
use super::cpu::Draw;
use super::machine::{Machine, Parameters};
use super::mean_field::MeanField;
use super::step::{Learner, Rule};
use crate::cpu::Real;
use crate::error::Result;

impl<R: Real> Backend for Learner<R> {
    fn device(&self) -> &str {
        &self.name
    }

    fn setting(&self) -> String {
        "cpu".to_owned()
    }

    fn machine(&self) -> &Machine {
        self.cpu.machine()
    }

    fn give(&mut self, data: Bits) -> Result<()> {
        self.data = data;
        Ok(())
    }

    fn learn(&mut self, rows: &[usize], rule: Rule, seed: u32, step: u32) -> Result<()> {
        let mut batch = Bits::zeros(rows.len(), self.data.units);
        batch.gather(&self.data, rows);
        self.step(&batch, rule, seed, step);
        Ok(())
    }

    fn start_chains(&mut self, rows: usize, draw: Draw) -> Result<()> {
        self.set_chains(Bits::zeros(rows, self.cpu.machine().visible()));
        // Scaled by 0, fields prefer no state.
        self.cpu.draw_visible(&self.hidden, R::zero(), None, draw, &mut self.chains);
        Ok(())
    }

    fn sweep(&mut self, draw: Draw) -> Result<()> {
        self.cpu.draw_hidden(&self.chains, R::one(), draw, &mut self.hidden);
        self.cpu.draw_visible(&self.hidden, R::one(), None, draw.next_stage(), &mut self.chains);
        Ok(())
    }

    fn chains(&mut self) -> Result<Bits> {
        Ok(self.chains.clone())
    }

    fn parameters(&mut self) -> Result<Parameters> {
        Ok(self.cpu.parameters())
    }

    fn hidden_probabilities(&mut self, visible: &Bits) -> Result<Vec<f64>> {
        let blocks = self.cpu.hidden_probabilities(visible);
        let (rows, hidden) = (visible.rows, self.cpu.machine().hidden);
        let of_unit = |row: usize, unit: usize| blocks[unit / BLOCK][row][unit % BLOCK].widen();
        Ok((0..rows * hidden).map(|at| of_unit(at / hidden, at % hidden)).collect())
    }

    fn ln_weights(&mut self, visible: &Bits) -> Result<Vec<f64>> {
        Ok(self.cpu.ln_weights(visible, 1.0, &vec![0.0; visible.units]))
    }

    fn pseudo_likelihood(&mut self, visible: &Bits, every: usize) -> Result<Vec<f64>> {
        Ok(self.cpu.pseudo_likelihood(visible, every))
    }

    fn reconstruct(&mut self, visible: &Bits, draw: Draw) -> Result<Bits> {
        let mut hidden = Bits::zeros(visible.rows, self.cpu.machine().hidden);
        let mut reconstructed = visible.clone();
        self.cpu.draw_hidden(visible, R::one(), draw, &mut hidden);
        self.cpu.draw_visible(&hidden, R::one(), None, draw.next_stage(), &mut reconstructed);
        Ok(reconstructed)
    }

    fn reconstruct_means(&mut self, means: &[f32]) -> Result<Vec<f32>> {
        let mut moved: Vec<R> = means.iter().map(|&mean| R::of(mean.into())).collect();
        MeanField::new(*self.cpu.machine(), &self.cpu.parameters()).reconstruct(&mut moved);
        Ok(moved.into_iter().map(|mean| mean.widen() as f32).collect())
    }
}
