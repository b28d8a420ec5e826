//! Drawings to files.

use super::page::Page;
use super::pdf::Pdf;
use crate::error::{Error, Result};
use crate::io::write_bytes;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Once;

/// The family that text is drawn in; built in for PNG, the viewer's own for SVG.
pub(super) const FONT: &str = "sans-serif";

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Vector graphics.
    Svg,
    /// Pixels, so many to an inch.
    Png {
        /// [`SCREEN`] is a pixel of the figure.
        dpi: u32,
    },
    /// Vector graphics for print.
    Pdf,
}

/// Pixels of a figure to an inch.
pub const SCREEN: u32 = 96;

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png { .. } => "png",
            Self::Pdf => "pdf",
        }
    }
}

/// Errors of a backend while drawing.
pub(super) type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Something that can be drawn on any backend.
pub trait Drawing {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);

    /// Draws it.
    ///
    /// # Errors
    /// When the backend fails.
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B>;
}

/// Writes a drawing as `stem` with the format's extension, and returns the file's path.
///
/// # Errors
/// When it cannot be drawn or written.
pub fn write(drawing: &impl Drawing, stem: &Path, format: Format) -> Result<PathBuf> {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        // A font that is built in is a font; drawing without it would say so.
        let _ = plotters::style::register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
    });
    let mut path = stem.as_os_str().to_owned();
    path.push(".");
    path.push(format.extension());
    let path = PathBuf::from(path);
    let bytes = match format {
        Format::Svg => svg(drawing),
        Format::Png { dpi } => png(drawing, dpi),
        Format::Pdf => pdf(drawing),
    };
    write_bytes(&path, &bytes.map_err(|message| Error::content(&path, message))?)?;
    Ok(path)
}

fn svg(drawing: &impl Drawing) -> Result<Vec<u8>, String> {
    let mut text = String::new();
    finish(drawing, SVGBackend::with_string(&mut text, drawing.size()), 1.0)?;
    Ok(text.into_bytes())
}

fn png(drawing: &impl Drawing, dpi: u32) -> Result<Vec<u8>, String> {
    let scale = f64::from(dpi) / f64::from(SCREEN);
    let (width, height) = drawing.size();
    let [width, height] = [width, height].map(|pixels| (f64::from(pixels) * scale).round() as u32);
    let mut pixels = vec![0; 3 * width as usize * height as usize];
    finish(drawing, BitMapBackend::with_buffer(&mut pixels, (width, height)), scale)?;
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(::png::ColorType::Rgb);
    let per_metre = (f64::from(dpi) / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(::png::PixelDimensions {
        xppu: per_metre,
        yppu: per_metre,
        unit: ::png::Unit::Meter,
    }));
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    written.map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn pdf(drawing: &impl Drawing) -> Result<Vec<u8>, String> {
    let mut file = Vec::new();
    finish(drawing, Pdf::new(drawing.size(), &mut file)?, 1.0)?;
    Ok(file)
}

fn finish(drawing: &impl Drawing, backend: impl DrawingBackend, scale: f64) -> Result<(), String> {
    let area = Page::new(backend, drawing.size(), scale).into_drawing_area();
    let drawn = area.fill(&WHITE).and_then(|()| drawing.draw(&area)).and_then(|()| area.present());
    drawn.map_err(|error| error.to_string())
}
