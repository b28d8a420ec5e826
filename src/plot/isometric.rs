//! One configuration of a cube, its planes seen from above at an angle, coloured by the levels of the hierarchy.

use super::chart::colour;
use super::file::{Drawing, Drawn, FONT};
use super::lattice::{dark_spin, draw_names, levels, names_of_levels, pale};
use crate::hierarchy::Hierarchy;
use crate::lattice::{Lattice, Spins};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Pixels of a plane's diagonal from left to right, about.
const WIDTH: u32 = 380;
const MARGIN: i32 = 16;
const TITLE: i32 = 40;
const LEGEND: i32 = 190;
/// How far planes lie apart, over the height of one: what is behind the next plane's back corner is hidden.
const APART: f64 = 0.62;

/// The planes of one configuration, the first on top, each as a rhombus of its sites.
#[derive(Debug, Clone)]
pub struct Isometric<'a> {
    /// The title above the planes.
    pub title: String,
    /// A lattice in three dimensions.
    pub lattice: Lattice,
    /// `[sites]`, +-1 or colours.
    pub spins: &'a [i8],
    /// Their kind.
    pub kind: Spins,
    /// The order in which sites are fixed.
    pub hierarchy: &'a Hierarchy,
}

impl Isometric<'_> {
    fn side(&self) -> i32 {
        self.lattice.side() as i32
    }

    /// Half the width and half the height of a site's rhombus.
    fn half(&self) -> (i32, i32) {
        let half = (WIDTH.div_ceil(2 * self.lattice.side()) as i32).max(2);
        (half, (half + 1) / 2)
    }

    /// Pixels from one plane down to the next.
    fn pitch(&self) -> i32 {
        (APART * f64::from(2 * self.side() * self.half().1)).ceil() as i32
    }

    /// Where the corner of a site lies that is behind all others.
    fn corner(&self, plane: i32, row: i32, column: i32) -> (i32, i32) {
        let (across, down) = self.half();
        let left = MARGIN + self.side() * across;
        (left + (column - row) * across, TITLE + plane * self.pitch() + (column + row) * down)
    }
}

impl Drawing for Isometric<'_> {
    fn size(&self) -> (u32, u32) {
        let (across, _) = self.half();
        let (_, bottom) = self.corner(self.side() - 1, self.side(), self.side());
        ((2 * (MARGIN + self.side() * across) + LEGEND) as u32, (bottom + MARGIN) as u32)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B> {
        area.draw(&Text::new(self.title.clone(), (16, 12), (FONT, 18)))?;
        let (levels, side) = (levels(self.hierarchy), self.side());
        let dark = dark_spin(self.kind, self.spins);
        // From the last plane up: upper planes hide what lies below them.
        for plane in (0..side).rev() {
            for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
                let site = ((plane * side + row) * side + column) as usize;
                let corners = [(0, 0), (0, 1), (1, 1), (1, 0)];
                let outline: Vec<_> = corners.map(|(i, j)| self.corner(plane, row + i, column + j)).to_vec();
                let colour = colour(levels[site]);
                let tone = if self.spins[site] == dark { colour } else { pale(colour) };
                area.draw(&Polygon::new(outline.clone(), tone.filled()))?;
                let closed: Vec<_> = outline.iter().chain(&outline[..1]).copied().collect();
                area.draw(&PathElement::new(closed, WHITE.stroke_width(1)))?;
            }
        }
        let (across, _) = self.half();
        let left = 2 * (MARGIN + side * across) + 6;
        draw_names(area, names_of_levels(self.hierarchy), (left, TITLE))
    }
}
