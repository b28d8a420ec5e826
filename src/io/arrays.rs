//! Arrays and tables of samples, written.

use super::atomic;
use crate::error::{Error, Result};
use crate::lattice::{MAX_STATES, Spins};
use crate::memory;
use crate::rbm::Data;
use crate::sample::Samples;
use ndarray::{Array1, ArrayView1, ArrayViewD};
use ndarray_npy::{NpzWriter, WriteNpyError, WriteNpyExt, WriteNpzError};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// Collects samples and writes them as one `.npz`.
#[derive(Debug)]
pub struct SampleWriter {
    /// Lengths of the axes of one configuration.
    shape: Vec<usize>,
    kind: Spins,
    samples: Samples,
}

impl SampleWriter {
    /// For `count` configurations of spins of a kind and a shape, `[L, L]` or `[L, L, L]`.
    ///
    /// # Errors
    /// When they do not fit into main memory, which holds them until they are written.
    pub fn new(shape: Vec<usize>, kind: Spins, count: usize) -> Result<Self> {
        let sites: usize = shape.iter().product();
        check_memory("count", count, sites + 2 * size_of::<f64>())?;
        Ok(Self { shape, kind, samples: Samples::default() })
    }

    /// Configurations so far.
    pub fn len(&self) -> usize {
        self.samples.ln_q.len()
    }

    /// Whether there are none yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Energies so far.
    pub fn energies(&self) -> &[f64] {
        &self.samples.energy
    }

    /// Adds a batch.
    pub fn push(&mut self, samples: Samples) {
        self.samples.spins.extend(samples.spins);
        self.samples.ln_q.extend(samples.ln_q);
        self.samples.energy.extend(samples.energy);
    }

    /// Writes `spins` int8 `[N, L, L]` or `[N, L, L, L]`, `ln_q` float64 `[N]`, `energy` float64 `[N]`; the file appears whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let shape = [vec![self.samples.ln_q.len()], self.shape.clone()].concat();
        let spins = ArrayViewD::from_shape(shape, &self.samples.spins)
            .map_err(|error| Error::content(path, error.to_string()))?;
        write_npz(path, |npz| {
            npz.add_array("spins", &spins)?;
            npz.add_array("ln_q", &ArrayView1::from(&self.samples.ln_q))?;
            npz.add_array("energy", &ArrayView1::from(&self.samples.energy))
        })
    }
}

impl SampleWriter {
    /// Writes a table with the columns `ln_q`, `energy`, `spin_sum` and `spins`, the last as `u` (up) and `d` (down) row by row,
    /// which no spreadsheet takes for a formula; of colours the number of sites of colour 0, and letters from `a` for colour 0 on (behind `z` capitals). The file
    /// appears whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        let Samples { spins, ln_q, energy } = &self.samples;
        atomic::write(path, |file| {
            let mut table = csv::Writer::from_writer(file);
            table.write_record(["ln_q", "energy", "spin_sum", "spins"])?;
            for ((ln_q, energy), spins) in
                ln_q.iter().zip(energy).zip(spins.chunks(self.shape.iter().product()))
            {
                let spin_sum: i64 = spins.iter().map(|&spin| self.term(spin)).sum();
                let drawn: String = spins.iter().map(|&spin| self.letter(spin)).collect();
                table.write_record([ln_q.to_string(), energy.to_string(), spin_sum.to_string(), drawn])?;
            }
            table.flush()
        })
    }
}

impl SampleWriter {
    /// What a spin adds to the sum of spins.
    fn term(&self, spin: i8) -> i64 {
        match self.kind {
            Spins::Ising => spin.into(),
            Spins::Potts { .. } => i64::from(spin == 0),
        }
    }

    fn letter(&self, spin: i8) -> char {
        match self.kind {
            Spins::Ising if spin > 0 => 'u',
            Spins::Ising => 'd',
            Spins::Potts { .. } => char::from(LETTERS[spin as usize]),
        }
    }
}

/// Letters of colours.
const LETTERS: &[u8; MAX_STATES as usize] = b"abcdefghijklmnopqrstuvwxyzABCDEF";

/// Refuses to keep `count` records of `bytes` each where main memory cannot hold them.
///
/// # Errors
/// When it cannot; `name` is the setting that says how many.
pub fn check_memory(name: &'static str, count: usize, bytes: usize) -> Result<()> {
    let needed = (bytes as u64).saturating_mul(count as u64);
    match memory::available().filter(|&free| needed > free) {
        None => Ok(()),
        Some(free) => {
            let fit = free / bytes as u64;
            let expected = format!("{fit} fit into the memory that is free; draw more with other seeds");
            Err(Error::setting(name, count, expected))
        }
    }
}

/// Writes an `.npz`, stored; the file appears whole or not at all.
pub(super) fn write_npz(
    path: &Path,
    fill: impl FnOnce(&mut NpzWriter<&mut BufWriter<&File>>) -> Result<(), WriteNpzError>,
) -> Result<()> {
    atomic::write(path, |file| {
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
        let mut npz = NpzWriter::new_with_options(file, options);
        if let Err(error) = fill(&mut npz) {
            // Dropped, it would try to finish the file and print its failure.
            std::mem::forget(npz);
            return Err(io_error(error));
        }
        npz.finish().map(drop).map_err(io_error)
    })
}

/// The reason without the layers around it.
fn io_error(error: WriteNpzError) -> std::io::Error {
    match error {
        WriteNpzError::Npy(WriteNpyError::Io(source)) => source,
        other => std::io::Error::other(other),
    }
}

/// Writes configurations of spins, `[N][sites]`, as `spins` int8 `[N, L, L]` or `[N, L, L, L]` and, of Potts spins, `states`; the file appears whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_spins(path: &Path, shape: &[usize], kind: Spins, spins: &[i8]) -> Result<()> {
    write_labelled(path, shape, kind, spins, None)
}

/// The same of data that a machine learns, with `temperature` and `field`, float64 `[N]`.
///
/// # Errors
/// When the file cannot be written.
pub fn write_data(path: &Path, data: &Data, origins: &[[f64; 2]]) -> Result<()> {
    write_labelled(path, &data.lattice.shape(), data.spins, &data.configurations, Some(origins))
}

fn write_labelled(
    path: &Path,
    shape: &[usize],
    kind: Spins,
    spins: &[i8],
    origins: Option<&[[f64; 2]]>,
) -> Result<()> {
    let count = spins.len() / shape.iter().product::<usize>();
    let spins = ArrayViewD::from_shape([vec![count], shape.to_vec()].concat(), spins)
        .map_err(|error| Error::content(path, error.to_string()))?;
    write_npz(path, |npz| {
        npz.add_array("spins", &spins)?;
        if let Spins::Potts { states } = kind {
            npz.add_array("states", &ndarray::arr0(f64::from(states)))?;
        }
        for (name, axis) in [("temperature", 0), ("field", 1)] {
            if let Some(origins) = origins {
                npz.add_array(name, &Array1::from_iter(origins.iter().map(|origin| origin[axis])))?;
            }
        }
        Ok(())
    })
}

/// Writes ln q, float64 `[N]`; the file appears whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_ln_q(path: &Path, ln_q: Vec<f64>) -> Result<()> {
    let array = Array1::from(ln_q);
    atomic::write(path, |file| array.write_npy(file).map_err(std::io::Error::other))
}
