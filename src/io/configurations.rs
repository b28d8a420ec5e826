//! Configurations from the Boltzmann distribution, with where they belong; and scalars of a network's samples.

use super::arrays::write_npz;
use super::npy::Array;
use super::npz::Npz;
use super::spins::{STATES, spins_of};
use crate::error::{Error, Result};
use crate::lattice::{Ensemble, Interaction, LatticeKind, Spins, System};
use crate::measure::Scalars;
use ndarray::{ArrayView1, ArrayViewD};
use std::io::Read;
use std::path::Path;

/// Writes `spins` int8 `[N, L, L]` (in three dimensions `[N, L, L, L]`), `energy` float64 `[N]`, and `beta`, `coupling`, `field`, `coordination` (neighbours
/// of a site) and, of Potts spins, `states`, float64 without dimensions;
/// the file appears whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_configurations(path: &Path, ensemble: &Ensemble, spins: &[i8]) -> Result<()> {
    let Ensemble { system, beta } = ensemble;
    let Interaction { coupling, field } = system.interaction;
    let energy: Vec<f64> = spins.chunks(system.lattice.sites()).map(|spins| system.energy(spins)).collect();
    let shape = [vec![energy.len()], system.lattice.shape()].concat();
    let spins =
        ArrayViewD::from_shape(shape, spins).map_err(|error| Error::content(path, error.to_string()))?;
    write_npz(path, |npz| {
        npz.add_array("spins", &spins)?;
        npz.add_array("energy", &ArrayView1::from(&energy))?;
        npz.add_array("beta", &ndarray::arr0(*beta))?;
        npz.add_array("coupling", &ndarray::arr0(coupling))?;
        npz.add_array("field", &ndarray::arr0(field))?;
        if let Spins::Potts { states } = system.spins {
            npz.add_array(STATES, &ndarray::arr0(f64::from(states)))?;
        }
        npz.add_array("coordination", &ndarray::arr0(system.lattice.coordination() as f64))
    })
}

/// Reads the spins of [`write_configurations`], `[N][L * L]`, for a system. The array `spins` is of signed integers or
/// floats, the scalars are numbers of any type, without dimensions or with one of length 1.
///
/// # Errors
/// When the file cannot be read, or is not of this lattice, temperature and interaction.
pub fn read_configurations(path: &Path, ensemble: &Ensemble) -> Result<Vec<i8>> {
    let mut archive = Npz::open(path)?;
    let Ensemble { system, beta } = ensemble;
    let Interaction { coupling, field } = system.interaction;
    if let Some(missing) = ["spins", "beta", "coupling", "field"].iter().find(|name| !archive.contains(name))
    {
        let there = archive.names().join(", ");
        let message = format!(
            "it has no array {missing:?}, but {there}; for configurations of this network's system write numpy.savez(file, spins=x, beta={beta}, coupling={coupling}, field={field})"
        );
        return Err(Error::content(path, message));
    }
    let coordination = ("coordination", system.lattice.coordination() as f64);
    let tells_lattice = archive.contains(coordination.0);
    if !tells_lattice && system.lattice.kind() != LatticeKind::default() {
        let message = format!(
            "it tells no lattice, and counts as of the {} one; if its spins are of the {} lattice, say so by an array coordination \
             = {} beside the others",
            LatticeKind::default().name(),
            system.lattice.kind().name(),
            coordination.1
        );
        return Err(Error::content(path, message));
    }
    let coordination = tells_lattice.then_some(coordination);
    for (name, wanted) in
        [("beta", *beta), ("coupling", coupling), ("field", field)].into_iter().chain(coordination)
    {
        let found =
            scalar(archive.array(name)?).map_err(|error| Error::content(path, format!("{name}: {error}")))?;
        if !found.is(wanted) {
            let found = found.value;
            let message = format!("its configurations are of {name} = {found}, the network is of {wanted}");
            return Err(Error::content(path, message));
        }
    }
    if !archive.contains(STATES) && system.spins != Spins::Ising {
        let message = "it has no array states, and counts as of Ising spins; the network is of Potts spins";
        return Err(Error::content(path, message.to_owned()));
    }
    spins_of(path, &mut archive, &system.lattice.shape(), system.spins)
}

/// One number of a file.
struct Scalar {
    value: f64,
    /// Relative error of its type.
    tolerance: f64,
}

impl Scalar {
    /// Whether it is another number, in as many digits as its type has.
    fn is(&self, wanted: f64) -> bool {
        (self.value - wanted).abs() <= self.tolerance * wanted.abs()
    }
}

/// One number of a file, by name.
pub(super) fn number(path: &Path, archive: &mut Npz, name: &str) -> Result<f64> {
    let found = scalar(archive.array(name)?);
    found.map(|found| found.value).map_err(|error| Error::content(path, format!("{name}: {error}")))
}

fn scalar(array: Result<Array<impl Read>, String>) -> Result<Scalar, String> {
    let array = array?;
    let (Some(kind), [] | [1]) = (array.kind, &array.shape[..]) else {
        let (name, shape) = (&array.type_name, &array.shape);
        return Err(format!(
            "expected one number, as float(x) is one; it has type {name:?} and shape {shape:?}"
        ));
    };
    let tolerance = if kind.size < size_of::<f64>() { f64::from(f32::EPSILON) } else { 1e-12 };
    let mut value = f64::NAN;
    array.read(kind, |_, found| value = found)?;
    Ok(Scalar { value, tolerance })
}

/// Writes `ln_w`, `energy` and `magnetisation` (per site), of Potts spins `first_colour` (the share of colour 0), float64 `[N]`; the file appears whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_scalars(path: &Path, system: &System, scalars: &[Scalars]) -> Result<()> {
    let column = |of: &dyn Fn(&Scalars) -> f64| scalars.iter().map(of).collect::<Vec<f64>>();
    let sites = system.lattice.sites() as f64;
    let spin_sums = match system.spins {
        Spins::Ising => "magnetisation",
        Spins::Potts { .. } => "first_colour",
    };
    let columns = [
        ("ln_w", column(&|scalars| scalars.ln_w)),
        ("energy", column(&|scalars| scalars.energy)),
        (spin_sums, column(&|scalars| scalars.spin_sum as f64 / sites)),
    ];
    write_npz(path, |npz| {
        columns.iter().try_for_each(|(name, values)| npz.add_array(*name, &ArrayView1::from(values)))
    })
}

#[cfg(test)]
mod tests {
    use super::super::npy::bytes;
    use super::*;
    use crate::lattice::Lattice;
    use ndarray::Array3;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn ensemble(side: u32, beta: f64) -> Ensemble {
        let interaction = Interaction { coupling: 1.0, field: 0.0 };
        System::uniform(Lattice::square(side).unwrap(), interaction).at(beta).unwrap()
    }

    #[test]
    fn configurations_come_back_and_strangers_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("configs.npz");
        let spins: Vec<i8> = (0..48).map(|at| if at % 3 == 0 { 1 } else { -1 }).collect();
        write_configurations(&path, &ensemble(4, 0.44), &spins).unwrap();
        assert_eq!(read_configurations(&path, &ensemble(4, 0.44)).unwrap(), spins);
        let refusal = |ensemble: &Ensemble| read_configurations(&path, ensemble).unwrap_err().to_string();
        let beta = refusal(&ensemble(4, 0.4));
        assert!(beta.contains("beta = 0.44") && beta.contains("0.4"), "{beta}");
        let side = refusal(&ensemble(8, 0.44));
        assert!(side.contains("[3, 4, 4]") && side.contains("[N, 8, 8]"), "{side}");
        let mut in_field = ensemble(4, 0.44);
        in_field.system.interaction.field = 0.1;
        assert!(refusal(&in_field).contains("field = 0"), "{}", refusal(&in_field));
    }

    #[test]
    fn files_of_another_kind_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("configs.npz");
        let refusal = || read_configurations(&path, &ensemble(4, 0.44)).unwrap_err().to_string();
        assert!(refusal().contains("cannot read"), "{}", refusal());
        std::fs::write(&path, "text").unwrap();
        assert!(refusal().contains(".npz"), "{}", refusal());
        write_npz(&path, |npz| npz.add_array("spins", &Array3::<i8>::ones((1, 4, 4)))).unwrap();
        assert!(refusal().contains("no array \"beta\""), "{}", refusal());
        write_npz(&path, |npz| {
            npz.add_array("spins", &Array3::<i8>::zeros((1, 4, 4)))?;
            npz.add_array("beta", &ndarray::arr0(0.44))?;
            npz.add_array("coupling", &ndarray::arr0(1.0))?;
            npz.add_array("field", &ndarray::arr0(0.0))
        })
        .unwrap();
        assert!(refusal().contains("spins[0, 0, 0] = 0"), "{}", refusal());
    }

    #[test]
    fn scalars_may_be_numbers_of_any_type_and_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("configs.npz");
        let mut ensemble = ensemble(4, 0.44);
        ensemble.system.interaction.coupling = -2.0;
        let read = |beta: &[u8], coupling: &[u8], field: &[u8]| {
            let spins = bytes(3, "<i1", false, "(1, 4, 4)", &[255; 16]);
            let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
            for (name, array) in [("beta", beta), ("coupling", coupling), ("field", field), ("spins", &spins)]
            {
                zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
                zip.write_all(array).unwrap();
            }
            zip.finish().unwrap();
            read_configurations(&path, &ensemble).map_err(|error| error.to_string())
        };
        let single = |value: f32| bytes(1, ">f4", false, "(1,)", &value.to_be_bytes());
        let integer = |value: i64| bytes(1, "<i8", false, "()", &value.to_le_bytes());
        let byte = |value: u8| bytes(2, "|u1", false, "()", &[value]);
        assert_eq!(read(&single(0.44), &integer(-2), &byte(0)).unwrap(), [-1; 16]);
        let other = read(&single(0.440_001), &integer(-2), &byte(0)).unwrap_err();
        assert!(other.contains("beta = 0.44000"), "{other}");
        let field = read(&single(0.44), &integer(-2), &byte(1)).unwrap_err();
        assert!(field.contains("field = 1,"), "{field}");
        let nan = read(&single(f32::NAN), &integer(-2), &byte(0)).unwrap_err();
        assert!(nan.contains("beta = NaN"), "{nan}");
        let two = read(&bytes(1, "<f4", false, "(2,)", &[0; 8]), &integer(-2), &byte(0)).unwrap_err();
        assert!(two.contains("beta: expected one number") && two.contains("[2]"), "{two}");
    }
}
