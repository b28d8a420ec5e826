//! Configurations and their blocks side by side, all drawn at one size.

use super::chart::colour;
use super::file::{Drawing, Drawn, FONT};
use super::lattice::{draw_names, names_of_spins, pale};
use crate::lattice::Spins;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Pixels of a configuration's side. Of larger lattices as many lines and columns are drawn as there are pixels.
const SIDE: usize = 256;
const GAP: i32 = 14;
const TITLE: i32 = 40;
/// Height of the names of columns, width of the names of rows, width of the legend.
const NAMES: i32 = 26;
const ROW_NAMES: i32 = 110;
const LEGEND: i32 = 110;

/// One configuration: the side of its square lattice and `[side * side]` Ising spins.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// L.
    pub side: usize,
    /// +-1.
    pub spins: &'a [i8],
}

/// Rows of configurations of the same sides, from large to small.
#[derive(Debug, Clone)]
pub struct BlockSpins<'a> {
    /// What it shows.
    pub title: String,
    /// Names and pictures of rows; there is at least one.
    pub rows: Vec<(String, Vec<Picture<'a>>)>,
}

impl BlockSpins<'_> {
    fn columns(&self) -> usize {
        self.rows.first().map_or(0, |(_, pictures)| pictures.len())
    }
}

impl Drawing for BlockSpins<'_> {
    fn size(&self) -> (u32, u32) {
        let pitch = SIDE as i32 + GAP;
        let [columns, rows] = [self.columns(), self.rows.len()].map(|count| count as i32);
        let (width, height) = (ROW_NAMES + columns * pitch + LEGEND, TITLE + NAMES + rows * pitch);
        (width as u32, height as u32)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B> {
        area.draw(&Text::new(self.title.clone(), (16, 12), (FONT, 18)))?;
        let pitch = SIDE as i32 + GAP;
        let text = TextStyle::from((FONT, 15));
        for (row, (name, pictures)) in (0..).zip(&self.rows) {
            let top = TITLE + NAMES + row * pitch;
            let beside = text.clone().pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(name.clone(), (16, top + SIDE as i32 / 2), beside))?;
            for (column, picture) in (0..).zip(pictures) {
                let left = ROW_NAMES + column * pitch;
                if row == 0 {
                    let above = text.clone().pos(Pos::new(HPos::Center, VPos::Center));
                    let name = format!("L = {}", picture.side);
                    area.draw(&Text::new(name, (left + SIDE as i32 / 2, top - NAMES / 2), above))?;
                }
                draw_picture(picture, area, (left, top))?;
            }
        }
        let left = ROW_NAMES + self.columns() as i32 * pitch + 10;
        draw_names(area, names_of_spins(Spins::Ising), (left, TITLE + NAMES))
    }
}

/// Spins that are up, run by run, on a ground of spins that are down.
fn draw_picture<B: DrawingBackend>(
    &Picture { side, spins }: &Picture<'_>,
    area: &DrawingArea<B, Shift>,
    (left, top): (i32, i32),
) -> Drawn<B> {
    let lines = side.min(SIDE);
    let edge = |line: usize| (line * SIDE / lines) as i32;
    let corners = |[x, y]: [usize; 2], [end_x, end_y]: [usize; 2]| {
        [(left + edge(x), top + edge(y)), (left + edge(end_x), top + edge(end_y))]
    };
    area.draw(&Rectangle::new(corners([0, 0], [lines, lines]), pale(colour(0)).filled()))?;
    for y in 0..lines {
        let is_up = |x: usize| spins[y * side / lines * side + x * side / lines] > 0;
        let mut x = 0;
        while x < lines {
            let start = x;
            while x < lines && is_up(x) == is_up(start) {
                x += 1;
            }
            if is_up(start) {
                area.draw(&Rectangle::new(corners([start, y], [x, y + 1]), colour(0).filled()))?;
            }
        }
    }
    Ok(())
}
