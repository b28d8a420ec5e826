//! Hidden units per input site, level by level.

use crate::error::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most levels that can have a width of their own.
const MOST: usize = 16;
/// Largest width.
const LARGEST: usize = 64;

/// Widths of the nets of the first levels; the last one holds for all further levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Widths {
    /// Widths by level, the last given one repeated.
    of: [u8; MOST],
    /// Number of widths that say all.
    given: usize,
}

impl Widths {
    /// One width for all levels.
    ///
    /// # Panics
    /// When it is not in 1 to 64; [`Widths::new`] tells an error.
    pub const fn all(width: usize) -> Self {
        assert!(1 <= width && width <= LARGEST, "a width lies in 1 to 64");
        Self { of: [width as u8; MOST], given: 1 }
    }

    /// Widths of the first levels.
    ///
    /// # Errors
    /// When there are none or more than 16, or one is not in 1 to 64.
    pub fn new(widths: &[usize]) -> Result<Self> {
        let shown = || widths.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
        let Some(&last) = widths.last().filter(|_| widths.len() <= MOST) else {
            let expected =
                format!("there must be 1 to {MOST} widths, and the last one holds for all further levels");
            return Err(Error::setting("width", shown(), expected));
        };
        if !widths.iter().all(|width| (1..=LARGEST).contains(width)) {
            return Err(Error::setting("width", shown(), format!("it must lie in 1 to {LARGEST}")));
        }
        let of = std::array::from_fn(|level| widths.get(level).copied().unwrap_or(last) as u8);
        // 8,4,4 is the same as 8,4.
        let given = (0..widths.len()).rfind(|&level| widths[level] != last).map_or(1, |level| level + 2);
        Ok(Self { of, given })
    }

    /// The width of a level.
    pub fn of(self, level: usize) -> usize {
        self.of[level.min(MOST - 1)].into()
    }

    /// The shortest list of widths that says all.
    pub fn given(&self) -> impl Iterator<Item = usize> {
        self.of[..self.given].iter().map(|&width| width.into())
    }
}

/// `4`, `8,4`.
impl std::fmt::Display for Widths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let widths: Vec<String> = self.given().map(|width| width.to_string()).collect();
        f.write_str(&widths.join(","))
    }
}

impl Serialize for Widths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.given {
            1 => self.of(0).serialize(serializer),
            _ => serializer.collect_seq(self.given()),
        }
    }
}

impl<'de> Deserialize<'de> for Widths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Ways to write them.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(usize),
            Several(Vec<usize>),
            Text(String),
        }
        let widths = match Written::deserialize(deserializer)? {
            Written::One(width) => vec![width],
            Written::Several(widths) => widths,
            Written::Text(text) => {
                let widths = text.split(',').map(|width| width.trim().parse());
                widths.collect::<Result<_, _>>().map_err(serde::de::Error::custom)?
            }
        };
        Self::new(&widths).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_width_holds_for_all_further_levels() {
        let widths = Widths::new(&[8, 4, 2, 2]).unwrap();
        assert_eq!([0, 1, 2, 3, 40].map(|level| widths.of(level)), [8, 4, 2, 2, 2]);
        assert_eq!(widths, Widths::new(&[8, 4, 2]).unwrap());
        assert_eq!((widths.to_string(), Widths::all(4).to_string()), ("8,4,2".to_owned(), "4".to_owned()));
        assert_eq!(Widths::new(&[4, 4]).unwrap(), Widths::all(4));
    }

    #[test]
    fn impossible_widths_are_named() {
        for (widths, named) in
            [(vec![], "1 to 16"), (vec![4, 0], "4,0"), (vec![65], "65"), (vec![1; 17], "1 to 16")]
        {
            let refused = Widths::new(&widths).unwrap_err().to_string();
            assert!(refused.contains(named), "{refused}");
        }
    }
}
