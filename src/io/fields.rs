//! Fields of real numbers, which may come from other people.

use super::arrays::write_npz;
use super::input;
use super::npy::{Array, Class};
use super::npz::{Npz, is_archive};
use crate::error::{Error, Result};
use ndarray::{Array3, ArrayView1};
use std::io::{BufReader, Read};
use std::path::Path;

/// The array of an archive.
const FIELDS: &str = "x";

/// Writes fields and their spins: `x` float32 `[N, L, L]`, `ln_q` float64 `[N]`, `spins` int8 `[N, L, L]` and `energy` float64 `[N]` of spins; the file appears whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_fields(
    path: &Path,
    [rows, columns]: [usize; 2],
    x: Vec<f32>,
    ln_q: Vec<f64>,
    spins: Vec<i8>,
    energies: Vec<f64>,
) -> Result<()> {
    let shape = (ln_q.len(), rows, columns);
    let told = |error: ndarray::ShapeError| Error::content(path, error.to_string());
    let x = Array3::from_shape_vec(shape, x).map_err(told)?;
    let spins = Array3::from_shape_vec(shape, spins).map_err(told)?;
    write_npz(path, |npz| {
        npz.add_array(FIELDS, &x)?;
        npz.add_array("ln_q", &ArrayView1::from(&ln_q))?;
        npz.add_array("spins", &spins)?;
        npz.add_array("energy", &ArrayView1::from(&energies))
    })
}

/// Reads fields `[N, L, L]` of finite float32 or float64 as `[N][sites]`: an `.npy` file, or the array `x` of an `.npz` file, told apart by their content.
///
/// # Errors
/// When the file cannot be read, or type, shape or values are not those.
pub fn read_fields(path: &Path, shape: [usize; 2]) -> Result<Vec<f32>> {
    let found = if is_archive(path)? {
        fields(Npz::open(path)?.array(FIELDS)?, shape)
    } else {
        let (file, length) = input::open(path)?;
        fields(Array::open(BufReader::new(file), length), shape)
    };
    found.map_err(|message| Error::content(path, message))
}

fn fields(array: Result<Array<impl Read>, String>, [rows, columns]: [usize; 2]) -> Result<Vec<f32>, String> {
    let array = array.map_err(|reason| {
        format!("expected fields [N, {rows}, {columns}] as .npy, or as {FIELDS} of an .npz: {reason}")
    })?;
    let Some(kind) = array.kind.filter(|kind| kind.class == Class::Float) else {
        return Err(format!("fields are of type {:?}; write x.astype(numpy.float32)", array.type_name));
    };
    if array.shape.first().is_none_or(|&count| count == 0) || array.shape[1..] != [rows, columns] {
        return Err(format!(
            "fields have shape {:?}; they must be [N, {rows}, {columns}] with N >= 1",
            array.shape
        ));
    }
    let mut x: Vec<f32> = Vec::new();
    let count = array.len();
    x.try_reserve_exact(count).map_err(|_| format!("{count} numbers do not fit into memory; use fewer"))?;
    x.resize(count, 0.0);
    let mut wrong = None;
    array.read(kind, |at, value| {
        x[at] = value as f32;
        if !x[at].is_finite() {
            wrong = wrong.or(Some((at, value)));
        }
    })?;
    match wrong {
        None => Ok(x),
        Some((at, value)) => {
            let sites = rows * columns;
            let [row, column] = [at % sites / columns, at % columns];
            Err(format!("x[{}, {row}, {column}] is {value}; fields are finite numbers", at / sites))
        }
    }
}
