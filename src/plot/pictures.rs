//! Pictures of lattices in rows and columns, which may have names, all drawn at one size.

use super::chart::{colour, colour_of_spin};
use super::file::{Drawing, Drawn, FONT};
use super::lattice::{draw_names, names_of_spins, pale};
use crate::lattice::Spins;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const GAP: i32 = 12;
const TITLE: i32 = 40;
/// Height of the names of columns, width of a letter of the names of rows, and of the legend.
const NAMES: i32 = 26;
const LETTER: i32 = 9;
const LEGEND: i32 = 130;
const TEXT: i32 = 15;

/// What a site shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tone {
    /// A spin, +-1 or a colour.
    Spin(i8),
    /// A number as a share of the largest, from -1 to 1.
    Number(f32),
}

/// One picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Sites of a line. Of longer ones than a picture has pixels as many are drawn as there are pixels.
    pub line: usize,
    /// Line by line; planes of a cubic lattice are one below the other.
    pub tones: Vec<Tone>,
}

/// What tones mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Scale {
    /// Spins of a kind.
    Spins(Spins),
    /// Numbers, with the names of -1 and 1.
    Numbers([String; 2]),
}

/// Pictures side by side, of as many sites high for every site wide.
#[derive(Debug, Clone, PartialEq)]
pub struct Pictures {
    /// What they show.
    pub title: String,
    /// Names of the rows; none where they have none.
    pub rows: Vec<String>,
    /// Names of the columns; none where they have none.
    pub columns: Vec<String>,
    /// Pictures in a row; the last row may have fewer.
    pub width: usize,
    /// Row by row.
    pub pictures: Vec<Picture>,
    /// Pixels of a picture's width, about: whole pixels for a site where there are fewer sites.
    pub pixels: usize,
    /// What tones mean.
    pub scale: Scale,
}

impl Pictures {
    /// Pixels of a picture, to the right and down.
    fn size_of_picture(&self) -> [i32; 2] {
        let Some(first) = self.pictures.first() else { return [0; 2] };
        let width = match first.line < self.pixels {
            true => self.pixels.div_ceil(first.line) * first.line,
            false => self.pixels,
        };
        [width, width * first.tones.len().div_ceil(first.line) / first.line].map(|pixels| pixels as i32)
    }

    /// Pixels left of the pictures, and above them.
    fn margins(&self) -> [i32; 2] {
        let letters = self.rows.iter().map(|name| name.chars().count()).max().unwrap_or(0) as i32;
        [2 * GAP + LETTER * letters, TITLE + if self.columns.is_empty() { 0 } else { NAMES }]
    }

    fn colour(&self, tone: Tone) -> RGBColor {
        match (tone, &self.scale) {
            (Tone::Number(number), _) => colour_of_number(number),
            (Tone::Spin(spin), Scale::Spins(Spins::Potts { states })) => {
                colour_of_spin(spin as usize, (*states).into())
            }
            (Tone::Spin(spin), _) if spin > 0 => colour(0),
            (Tone::Spin(_), _) => pale(colour(0)),
        }
    }

    /// Names and colours of the legend.
    fn legend(&self) -> Vec<(String, RGBColor)> {
        match &self.scale {
            Scale::Spins(kind) => names_of_spins(*kind),
            Scale::Numbers([least, most]) => [(most, 1.0), (&"0".to_owned(), 0.0), (least, -1.0)]
                .map(|(name, number)| (name.clone(), colour_of_number(number)))
                .to_vec(),
        }
    }

    /// Sites of one colour in a line are one rectangle: large lattices stay small files.
    fn draw_picture<B: DrawingBackend>(
        &self,
        Picture { line, tones }: &Picture,
        area: &DrawingArea<B, Shift>,
        (left, top): (i32, i32),
    ) -> Drawn<B> {
        let [width, height] = self.size_of_picture();
        let (columns, lines) =
            ((*line).min(width as usize), tones.len().div_ceil(*line).min(height as usize));
        let x = |column: usize| left + (column * width as usize / columns) as i32;
        let y = |line: usize| top + (line * height as usize / lines) as i32;
        let rows = tones.len().div_ceil(*line);
        for drawn in 0..lines {
            let colour = |column: usize| {
                let site = drawn * rows / lines * line + column * line / columns;
                self.colour(tones[site.min(tones.len() - 1)])
            };
            let mut column = 0;
            while column < columns {
                let start = column;
                while column < columns && colour(column) == colour(start) {
                    column += 1;
                }
                let corners = [(x(start), y(drawn)), (x(column), y(drawn + 1))];
                area.draw(&Rectangle::new(corners, colour(start).filled()))?;
            }
        }
        Ok(())
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
        let ([left, top], [width, height]) = (self.margins(), self.size_of_picture());
        let rows = self.pictures.len().div_ceil(self.width.max(1)) as i32;
        let below = (rows * (height + GAP)).max(self.legend().len() as i32 * NAMES);
        ((left + self.width as i32 * (width + GAP) + LEGEND) as u32, (top + below + GAP) as u32)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B> {
        area.draw(&Text::new(self.title.clone(), (16, 12), (FONT, 18)))?;
        let ([left, top], [width, height]) = (self.margins(), self.size_of_picture());
        let style = |across| TextStyle::from((FONT, TEXT)).pos(Pos::new(across, VPos::Center));
        for (column, name) in (0..).zip(&self.columns) {
            let middle = left + column * (width + GAP) + width / 2;
            area.draw(&Text::new(name.clone(), (middle, top - NAMES / 2), style(HPos::Center)))?;
        }
        for (row, name) in (0..).zip(&self.rows) {
            let middle = top + row * (height + GAP) + height / 2;
            area.draw(&Text::new(name.clone(), (GAP, middle), style(HPos::Left)))?;
        }
        for (number, picture) in self.pictures.iter().enumerate() {
            let (row, column) = ((number / self.width) as i32, (number % self.width) as i32);
            let corner = (left + column * (width + GAP), top + row * (height + GAP));
            self.draw_picture(picture, area, corner)?;
        }
        draw_names(area, self.legend(), (left + self.width as i32 * (width + GAP) + GAP, top))
    }
}
