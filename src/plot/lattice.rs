//! Sampled configurations side by side.

use super::chart::{colour, colour_of_spin};
use super::file::{Drawing, Drawn, FONT};
use crate::hierarchy::{Hierarchy, Level};
use crate::lattice::{Lattice, Spins};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Pixels of one configuration's side, about.
const SIDE: u32 = 200;
const GAP: u32 = 14;
const PLANE_GAP: u32 = 4;
const TITLE: u32 = 40;
const LEGEND: u32 = 190;

/// What colours mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colouring {
    /// Dark for up, light for down; of Potts spins a colour for each of theirs.
    Spin,
    /// A hue per level of the hierarchy, dark for up, light for down; of Potts spins dark for the most frequent colour.
    Level,
}

/// Configurations in a square grid.
#[derive(Debug, Clone)]
pub struct Configurations<'a> {
    /// What it shows.
    pub title: String,
    /// The lattice, of which planes are drawn one below the other.
    pub lattice: Lattice,
    /// `[count][sites]`, +-1 or colours.
    pub spins: &'a [i8],
    /// Their kind.
    pub kind: Spins,
    /// The order in which sites are fixed.
    pub hierarchy: &'a Hierarchy,
    /// What colours mean.
    pub colouring: Colouring,
}

impl Configurations<'_> {
    fn count(&self) -> usize {
        self.spins.len() / self.lattice.sites()
    }

    fn columns(&self) -> u32 {
        (self.count() as f64).sqrt().ceil() as u32
    }

    /// Sites of a line. Sites without places in space stand in lines as long as there are lines, about.
    fn side(&self) -> u32 {
        if self.lattice.is_spatial() {
            return self.lattice.side();
        }
        (self.lattice.sites() as f64).sqrt().ceil() as u32
    }

    /// Pixels of one site.
    fn cell(&self) -> u32 {
        SIDE.div_ceil(self.side()).max(1)
    }

    /// Pixels from one configuration to the next, to the right and down.
    fn pitch(&self) -> [u32; 2] {
        let plane = self.cell() * self.side();
        [plane + GAP, self.lattice.planes() * (plane + PLANE_GAP) - PLANE_GAP + GAP]
    }

    fn names(&self) -> Vec<(String, RGBColor)> {
        match self.colouring {
            Colouring::Spin => names_of_spins(self.kind),
            Colouring::Level => names_of_levels(self.hierarchy),
        }
    }
}

/// Names and colours of spins.
pub(super) fn names_of_spins(kind: Spins) -> Vec<(String, RGBColor)> {
    match kind {
        Spins::Ising => vec![("up".to_owned(), colour(0)), ("down".to_owned(), pale(colour(0)))],
        Spins::Potts { states } => {
            let states = usize::from(states);
            (0..states).map(|spin| (format!("colour {spin}"), colour_of_spin(spin, states))).collect()
        }
    }
}

/// The spin that is drawn dark where hues are of levels: up, or the most frequent colour of a configuration.
pub(super) fn dark_spin(kind: Spins, spins: &[i8]) -> i8 {
    let count = |colour: i8| spins.iter().filter(|&&spin| spin == colour).count();
    match kind {
        Spins::Ising => 1,
        Spins::Potts { states } => (0..states as i8).rev().max_by_key(|&colour| count(colour)).unwrap_or(0),
    }
}

/// Names and colours of levels.
pub(super) fn names_of_levels(hierarchy: &Hierarchy) -> Vec<(String, RGBColor)> {
    let name = |(k, level): (usize, &Level)| match k {
        0 => (level.name.to_owned(), colour(0)),
        _ => (level.to_string(), colour(k)),
    };
    hierarchy.levels.iter().enumerate().map(name).collect()
}

/// Level of every site.
pub(super) fn levels(hierarchy: &Hierarchy) -> Vec<usize> {
    let mut levels = vec![0; hierarchy.sites];
    for (k, level) in hierarchy.levels.iter().enumerate() {
        for block in 0..level.blocks {
            let own = &level.block_sites(block)[level.border..];
            own.iter().for_each(|&site| levels[site as usize] = k);
        }
    }
    levels
}

/// Names with their colours, one below the other from a place on.
pub(super) fn draw_names<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    names: Vec<(String, RGBColor)>,
    (left, top): (i32, i32),
) -> Drawn<B> {
    for (line, (name, colour)) in names.into_iter().enumerate() {
        let y = top + 24 * line as i32;
        area.draw(&Rectangle::new([(left, y), (left + 14, y + 14)], colour.filled()))?;
        area.draw(&Text::new(name, (left + 22, y), (FONT, 15)))?;
    }
    Ok(())
}

/// The light tone of a colour.
pub(super) fn pale(colour: RGBColor) -> RGBColor {
    let light = |part: u8| (255.0 - 0.22 * (255.0 - f64::from(part))) as u8;
    RGBColor(light(colour.0), light(colour.1), light(colour.2))
}

impl Drawing for Configurations<'_> {
    fn size(&self) -> (u32, u32) {
        let [width, height] = self.pitch();
        let rows = (self.count() as u32).div_ceil(self.columns().max(1));
        (self.columns() * width + GAP + LEGEND, TITLE + rows * height + GAP)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B> {
        area.draw(&Text::new(self.title.clone(), (16, 12), (FONT, 18)))?;
        let (cell, side) = (self.cell() as i32, self.side() as i32);
        let levels = match self.colouring {
            Colouring::Spin => vec![0; self.lattice.sites()],
            Colouring::Level => levels(self.hierarchy),
        };
        let [width, height] = self.pitch().map(|pixels| pixels as i32);
        for (number, spins) in self.spins.chunks(self.lattice.sites()).enumerate() {
            let (row, column) =
                (number as i32 / self.columns() as i32, number as i32 % self.columns() as i32);
            let (x, top) = (GAP as i32 + column * width, TITLE as i32 + row * height);
            let dark = dark_spin(self.kind, spins);
            let tone = |site: usize| match (self.colouring, self.kind) {
                (Colouring::Spin, Spins::Potts { states }) => {
                    colour_of_spin(spins[site] as usize, states.into())
                }
                (Colouring::Spin | Colouring::Level, _) if spins[site] == dark => colour(levels[site]),
                (Colouring::Spin | Colouring::Level, _) => pale(colour(levels[site])),
            };
            for i in 0..side * self.lattice.planes() as i32 {
                let y = top + i / side * PLANE_GAP as i32;
                let mut j = 0;
                let end = side.min(spins.len() as i32 - i * side);
                // Sites of one tone in a row are one rectangle: large lattices stay small files.
                while j < end {
                    let start = j;
                    let site = |j: i32| (i * side + j) as usize;
                    while j < end && tone(site(j)) == tone(site(start)) {
                        j += 1;
                    }
                    let corners = [(x + start * cell, y + i * cell), (x + j * cell, y + (i + 1) * cell)];
                    area.draw(&Rectangle::new(corners, tone(site(start)).filled()))?;
                }
            }
        }
        let left = self.columns() as i32 * width + GAP as i32 + 10;
        draw_names(area, self.names(), (left, TITLE as i32))
    }
}
