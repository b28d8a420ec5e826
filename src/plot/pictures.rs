//! Pictures of numbers on lattices, in rows and columns with a name each.

use super::chart::{colour, colour_of_spin};
use super::file::{Drawing, Drawn, FONT};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Pixels of one picture's side, about.
const SIDE: u32 = 110;
const GAP: u32 = 10;
const TITLE: u32 = 40;
/// Height of the columns' names, width of a letter of the rows' names, and width of the legend.
const HEAD: u32 = 24;
const LETTER: u32 = 8;
const LEGEND: u32 = 130;
const TEXT: i32 = 14;

/// What a site shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tone {
    /// A number from -1 to 1, as those of spins and their means; beyond these it is cut.
    Number(f32),
    /// A colour of a Potts spin.
    Colour(i8),
}

/// Pictures side by side.
#[derive(Debug, Clone)]
pub struct Pictures {
    /// What they show.
    pub title: String,
    /// Names of the rows.
    pub rows: Vec<String>,
    /// Names of the columns; none where they have none, and then so many as in `width`.
    pub columns: Vec<String>,
    /// Pictures in a row.
    pub width: usize,
    /// `[rows][width]`, each with its sites line by line. The last row may be shorter.
    pub pictures: Vec<Vec<Tone>>,
    /// Sites of a line.
    pub line: usize,
    /// Colours of Potts spins; 0 for numbers.
    pub states: usize,
    /// What -1 and 1 are.
    pub ends: [String; 2],
}

impl Pictures {
    /// Pixels of one site.
    fn cell(&self) -> u32 {
        SIDE.div_ceil(self.line as u32).max(1)
    }

    /// Pixels from one picture to the next, to the right and down.
    fn pitch(&self) -> [u32; 2] {
        let sites = self.pictures.first().map_or(0, Vec::len);
        [self.line, sites.div_ceil(self.line)].map(|sites| sites as u32 * self.cell() + GAP)
    }

    /// Pixels left of the pictures, and above them.
    fn margins(&self) -> [u32; 2] {
        let letters = self.rows.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        [GAP + LETTER * letters as u32, TITLE + if self.columns.is_empty() { 0 } else { HEAD }]
    }

    fn tone(&self, tone: Tone) -> RGBColor {
        match tone {
            Tone::Number(number) => colour_of_number(number),
            Tone::Colour(spin) => colour_of_spin(spin as usize, self.states),
        }
    }

    /// Names and colours of the legend.
    fn legend(&self) -> Vec<(String, RGBColor)> {
        match self.states {
            0 => vec![
                (self.ends[1].clone(), colour_of_number(1.0)),
                ("0".to_owned(), colour_of_number(0.0)),
                (self.ends[0].clone(), colour_of_number(-1.0)),
            ],
            states => {
                (0..states).map(|spin| (format!("colour {spin}"), colour_of_spin(spin, states))).collect()
            }
        }
    }
}

/// Blue for 1, white for 0, vermilion for -1.
fn colour_of_number(number: f32) -> RGBColor {
    let RGBColor(red, green, blue) = colour(if number < 0.0 { 1 } else { 0 });
    let share = number.abs().min(1.0);
    let mixed = |part: u8| (255.0 - share * (255.0 - f32::from(part))).round() as u8;
    RGBColor(mixed(red), mixed(green), mixed(blue))
}

impl Drawing for Pictures {
    fn size(&self) -> (u32, u32) {
        let ([left, top], [width, height]) = (self.margins(), self.pitch());
        let rows = self.pictures.len().div_ceil(self.width.max(1)) as u32;
        let legend = self.legend().len() as u32 * HEAD;
        (left + self.width as u32 * width + LEGEND, top + (rows * height).max(legend) + GAP)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B> {
        area.draw(&Text::new(self.title.clone(), (GAP as i32, 12), (FONT, 18)))?;
        let [left, top] = self.margins().map(|pixels| pixels as i32);
        let [width, height] = self.pitch().map(|pixels| pixels as i32);
        let style = |across| TextStyle::from((FONT, TEXT)).pos(Pos::new(across, VPos::Center));
        for (column, name) in self.columns.iter().enumerate() {
            let middle = left + column as i32 * width + (width - GAP as i32) / 2;
            area.draw(&Text::new(name.clone(), (middle, top - 12), style(HPos::Center)))?;
        }
        for (row, name) in self.rows.iter().enumerate() {
            let middle = top + row as i32 * height + (height - GAP as i32) / 2;
            area.draw(&Text::new(name.clone(), (GAP as i32, middle), style(HPos::Left)))?;
        }
        let cell = self.cell() as i32;
        for (number, sites) in self.pictures.iter().enumerate() {
            let (row, column) = (number / self.width, number % self.width);
            let corner = (left + column as i32 * width, top + row as i32 * height);
            for (site, &tone) in sites.iter().enumerate() {
                let (x, y) = ((site % self.line) as i32 * cell, (site / self.line) as i32 * cell);
                let from = (corner.0 + x, corner.1 + y);
                area.draw(&Rectangle::new([from, (from.0 + cell, from.1 + cell)], self.tone(tone).filled()))?;
            }
        }
        let x = left + self.width as i32 * width + GAP as i32;
        super::lattice::draw_names(area, self.legend(), (x, top))
    }
}
