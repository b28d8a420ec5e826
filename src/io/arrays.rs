//! numpy arrays in and out.

use super::{atomic, input, npy};
use crate::error::{Error, Result};
use crate::memory;
use crate::sample::Samples;
use ndarray::{Array1, Array3, ArrayView1, ArrayView3, Ix3};
use ndarray_npy::{NpzWriter, WriteNpyError, WriteNpyExt, WriteNpzError};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// Collects samples and writes them as one `.npz`.
#[derive(Debug)]
pub struct SampleWriter {
    side: usize,
    samples: Samples,
}

impl SampleWriter {
    /// For `count` configurations of a lattice's side.
    ///
    /// # Errors
    /// When they do not fit into main memory, which holds them until they are written.
    pub fn new(side: usize, count: usize) -> Result<Self> {
        check_memory("count", count, side * side + 2 * size_of::<f64>())?;
        Ok(Self { side, samples: Samples::default() })
    }

    /// Configurations so far.
    pub fn len(&self) -> usize {
        self.samples.ln_q.len()
    }

    /// Whether there are none yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a batch.
    pub fn push(&mut self, samples: Samples) {
        self.samples.spins.extend(samples.spins);
        self.samples.ln_q.extend(samples.ln_q);
        self.samples.energy.extend(samples.energy);
    }

    /// Writes `spins` int8 `[N, L, L]`, `ln_q` float64 `[N]`, `energy` float64 `[N]`; the file appears whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let count = self.samples.ln_q.len();
        let spins = ArrayView3::from_shape((count, self.side, self.side), &self.samples.spins)
            .map_err(|error| Error::content(path, error.to_string()))?;
        write_npz(path, |npz| {
            npz.add_array("spins", &spins)?;
            npz.add_array("ln_q", &ArrayView1::from(&self.samples.ln_q))?;
            npz.add_array("energy", &ArrayView1::from(&self.samples.energy))
        })
    }
}

impl SampleWriter {
    /// Writes a table with the columns `ln_q`, `energy`, `spin_sum` and `spins`, the last as `+` and `-` row by row; the
    /// file appears whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        let Samples { spins, ln_q, energy } = &self.samples;
        atomic::write(path, |file| {
            let mut table = csv::Writer::from_writer(file);
            table.write_record(["ln_q", "energy", "spin_sum", "spins"])?;
            for ((ln_q, energy), spins) in ln_q.iter().zip(energy).zip(spins.chunks(self.side * self.side)) {
                let spin_sum: i64 = spins.iter().map(|&spin| i64::from(spin)).sum();
                let drawn: String = spins.iter().map(|&spin| if spin > 0 { '+' } else { '-' }).collect();
                table.write_record([ln_q.to_string(), energy.to_string(), spin_sum.to_string(), drawn])?;
            }
            table.flush()
        })
    }
}

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

/// Reads spins, int8 `[N, L, L]` of +-1, as `[N][L * L]`.
///
/// # Errors
/// When the file cannot be read, or type, shape or values are not those.
pub fn read_spins(path: &Path, side: usize) -> Result<Vec<i8>> {
    let (file, length) = input::open(path)?;
    let array = npy::read::<i8, Ix3>(BufReader::new(file), length).map_err(|error| {
        Error::content(path, format!("expected an .npy file of int8 [N, {side}, {side}]: {error}"))
    })?;
    let (count, rows, columns) = array.dim();
    if (rows, columns) != (side, side) || count == 0 {
        let found = format!("the array has shape [{count}, {rows}, {columns}]");
        return Err(Error::content(path, format!("{found}; this run needs [N, {side}, {side}] with N >= 1")));
    }
    checked_spins(path, array, side)
}

/// `[N][side * side]`, every value +-1.
pub(super) fn checked_spins(path: &Path, array: Array3<i8>, side: usize) -> Result<Vec<i8>> {
    let spins: Vec<i8> = array.iter().copied().collect();
    if let Some(at) = spins.iter().position(|spin| !matches!(spin, 1 | -1)) {
        let index = [at / (side * side), at / side % side, at % side];
        return Err(Error::content(
            path,
            format!("spins{index:?} = {}; every spin must be 1 or -1", spins[at]),
        ));
    }
    Ok(spins)
}

/// Writes ln q, float64 `[N]`; the file appears whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_ln_q(path: &Path, ln_q: Vec<f64>) -> Result<()> {
    let array = Array1::from(ln_q);
    atomic::write(path, |file| array.write_npy(file).map_err(std::io::Error::other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(fill: impl FnOnce(&Path)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spins.npy");
        fill(&path);
        read_spins(&path, 4).unwrap_err().to_string()
    }

    fn write<T: ndarray_npy::WritableElement + Clone>(path: &Path, shape: (usize, usize, usize), value: T) {
        Array3::from_elem(shape, value).write_npy(File::create(path).unwrap()).unwrap();
    }

    #[test]
    fn spins_of_the_wrong_kind_are_refused_by_name() {
        let shape = refusal(|path| write(path, (2, 8, 8), 1_i8));
        assert!(shape.contains("[2, 8, 8]") && shape.contains("[N, 4, 4]"), "{shape}");
        let kind = refusal(|path| write(path, (2, 4, 4), 1.0_f64));
        assert!(kind.contains("int8"), "{kind}");
        let value = refusal(|path| write(path, (2, 4, 4), 0_i8));
        assert!(value.contains("spins[0, 0, 0] = 0"), "{value}");
        let smallest = refusal(|path| write(path, (1, 4, 4), i8::MIN));
        assert!(smallest.contains("-128"), "{smallest}");
        let text = refusal(|path| std::fs::write(path, "hello").unwrap());
        assert!(text.contains(".npy"), "{text}");
        let missing = refusal(|_| ());
        assert!(missing.contains("cannot read"), "{missing}");
        // A header that promises a petabyte, without the data.
        let huge = refusal(|path| {
            write(path, (1, 4, 4), 1_i8);
            let mut bytes = std::fs::read(path).unwrap();
            let at = bytes.windows(9).position(|window| window == b"(1, 4, 4)").unwrap();
            bytes[at..at + 24].copy_from_slice(b"(1000000000000000, 4, 4)");
            bytes[at + 24] = b'}';
            std::fs::write(path, bytes).unwrap();
        });
        assert!(huge.contains("1000000000000000") && huge.contains("bytes"), "{huge}");
        let empty = refusal(|path| write(path, (0, 4, 4), 1_i8));
        assert!(empty.contains("N >= 1"), "{empty}");
    }
}
