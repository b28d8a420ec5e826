//! How many sites have each colour.

/// Shares of colours in a configuration of Potts spins.
#[derive(Debug, Clone, PartialEq)]
pub struct Occupation {
    /// `[colours]`: sites of each.
    counts: Vec<u32>,
}

impl Occupation {
    /// Of a configuration of so many colours.
    pub fn of(spins: &[i8], states: u8) -> Self {
        let mut counts = vec![0; states.into()];
        for &spin in spins {
            counts[spin as usize] += 1;
        }
        Self { counts }
    }

    /// Sites of colour 0.
    pub fn first_count(&self) -> u32 {
        self.counts[0]
    }

    /// The share of colour 0.
    pub fn of_first(&self) -> f64 {
        f64::from(self.first_count()) / self.sites()
    }

    /// The order parameter `(q max_c n_c / N - 1) / (q - 1)`: 1 where all sites have one colour, near 0 in disorder.
    pub fn order(&self) -> f64 {
        let states = self.counts.len() as f64;
        let largest = f64::from(self.counts.iter().copied().max().unwrap_or(0));
        (states * largest / self.sites() - 1.0) / (states - 1.0)
    }

    fn sites(&self) -> f64 {
        f64::from(self.counts.iter().sum::<u32>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_1_of_one_colour_and_0_of_equal_shares() {
        let order = |spins: &[i8]| Occupation::of(spins, 3).order();
        assert_eq!([order(&[2; 6]), order(&[0, 1, 2, 2, 1, 0]), order(&[0, 0, 1])], [1.0, 0.0, 0.5]);
        assert_eq!(Occupation::of(&[0, 2, 2, 0], 3).of_first(), 0.5);
    }
}
