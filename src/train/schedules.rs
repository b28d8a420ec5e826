//! Learning rate and beta as functions of the step.

use crate::config::{Config, Objective, RateSchedule};
use std::f64::consts::PI;

impl Config {
    /// Learning rate of step 1..=steps.
    pub fn learning_rate_at(&self, step: u32) -> f64 {
        let height = match self.rate_schedule {
            RateSchedule::Constant => 1.0,
            RateSchedule::Cosine => {
                let progress = f64::from(step - 1) / f64::from(self.steps.max(2) - 1);
                self.final_rate + (1.0 - self.final_rate) * (1.0 + (PI * progress).cos()) / 2.0
            }
        };
        let warm = (f64::from(self.steps) * self.warmup).max(1.0);
        self.learning_rate * height * (f64::from(step) / warm).min(1.0)
    }

    /// Steps at the start that learn from configurations by cluster Monte Carlo.
    pub fn forward_steps(&self) -> u32 {
        match self.objective {
            Objective::Reverse => 0,
            Objective::Forward => self.steps,
            Objective::Mixed => (f64::from(self.steps) * self.forward_share) as u32,
        }
    }

    /// Beta of step 1..=steps.
    pub fn beta_at(&self, step: u32) -> f64 {
        self.beta * (1.0 - self.annealing.powf(f64::from(step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_over_the_warm_up() {
        let config =
            Config { rate_schedule: RateSchedule::Constant, warmup: 0.1, steps: 100, ..Config::default() };
        let rates = [1, 5, 10, 11].map(|step| config.learning_rate_at(step) / config.learning_rate);
        assert_eq!(rates, [0.1, 0.5, 1.0, 1.0]);
    }

    #[test]
    fn the_cosine_runs_from_the_full_rate_to_the_final_one() {
        let config =
            Config { steps: 101, learning_rate: 0.5, final_rate: 0.1, warmup: 0.0, ..Config::default() };
        assert_eq!(config.learning_rate_at(1), 0.5);
        assert!((config.learning_rate_at(51) - 0.275).abs() < 1e-12);
        assert!((config.learning_rate_at(101) - 0.05).abs() < 1e-12);
        let single = Config { steps: 1, warmup: 0.0, ..Config::default() };
        assert_eq!(single.learning_rate_at(1), single.learning_rate);
    }

    #[test]
    fn annealing_approaches_beta_and_none_is_beta() {
        let config = Config { annealing: 0.5, beta: 0.8, ..Config::default() };
        assert!((config.beta_at(1) - 0.4).abs() < 1e-12 && (config.beta_at(2) - 0.6).abs() < 1e-12);
        assert_eq!(Config::default().beta_at(1), Config::default().beta);
    }
}
