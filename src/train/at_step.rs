//! Learning rate, beta and objective as functions of the step.

use crate::config::{Config, Objective, RateSchedule};
use std::f64::consts::PI;

impl Config {
    /// Learning rate of step 1..=steps; of later ones, that of the last.
    pub fn learning_rate_at(&self, step: u32) -> f64 {
        let height = match self.rate_schedule {
            RateSchedule::Constant => 1.0,
            RateSchedule::Cosine => {
                let progress = (f64::from(step - 1) / f64::from(self.steps.max(2) - 1)).min(1.0);
                self.final_rate + (1.0 - self.final_rate) * (1.0 + (PI * progress).cos()) / 2.0
            }
        };
        let warm = (f64::from(self.steps) * self.warmup).max(1.0);
        self.learning_rate * height * (f64::from(step) / warm).min(1.0)
    }

    /// Whether a step learns from configurations by Monte Carlo.
    pub fn is_forward(&self, step: u32) -> bool {
        match self.objective {
            Objective::Reverse => false,
            Objective::Forward => true,
            Objective::Mixed => {
                // Of every step up to `end` a share that falls from 1 to 0 is forward; this is its integral.
                let end = 2.0 * self.forward_share * f64::from(self.steps);
                let done = |step: u32| {
                    let step = f64::from(step).min(end);
                    if end > 0.0 { step - step * step / (2.0 * end) } else { 0.0 }
                };
                done(step).ceil() > done(step - 1).ceil()
            }
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
    fn mixed_training_starts_forward_and_ends_reverse() {
        let objective = Objective::Mixed;
        let config = Config { steps: 1000, objective, forward_share: 0.3, ..Config::default() };
        let forward =
            |steps: std::ops::RangeInclusive<u32>| steps.filter(|&step| config.is_forward(step)).count();
        assert!((298..=300).contains(&forward(1..=1000)));
        assert!(forward(1..=50) > 45 && forward(551..=600) < 5 && forward(601..=1000) == 0);
        assert_eq!((1..=1000).filter(|&step| Config::default().is_forward(step)).count(), 0);
    }

    #[test]
    fn annealing_approaches_beta_and_none_is_beta() {
        let config = Config { annealing: 0.5, beta: 0.8, ..Config::default() };
        assert!((config.beta_at(1) - 0.4).abs() < 1e-12 && (config.beta_at(2) - 0.6).abs() < 1e-12);
        assert_eq!(Config::default().beta_at(1), Config::default().beta);
    }
}
