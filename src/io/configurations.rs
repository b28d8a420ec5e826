//! Configurations from the Boltzmann distribution, with where they belong; and scalars of a network's samples.

use super::arrays::{checked_spins, write_npz};
use super::input::{self, Bounded};
use super::npy;
use crate::error::{Error, Result};
use crate::lattice::Interaction;
use crate::measure::{Scalars, System};
use ndarray::{ArrayView1, ArrayView3, Ix0, Ix3};
use std::io::{BufReader, Read};
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

type Archive = ZipArchive<BufReader<Bounded>>;

/// Writes `spins` int8 `[N, L, L]`, `energy` float64 `[N]`, and `beta`, `coupling`, `field`, float64 without dimensions;
/// the file appears whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_configurations(path: &Path, system: &System, spins: &[i8]) -> Result<()> {
    let System { torus, interaction, beta } = *system;
    let side = torus.side() as usize;
    let energy: Vec<f64> = spins
        .chunks(torus.sites())
        .map(|spins| {
            interaction.energy(torus.bond_sum(spins), spins.iter().map(|&spin| i64::from(spin)).sum())
        })
        .collect();
    let spins = ArrayView3::from_shape((energy.len(), side, side), spins)
        .map_err(|error| Error::content(path, error.to_string()))?;
    write_npz(path, |npz| {
        npz.add_array("spins", &spins)?;
        npz.add_array("energy", &ArrayView1::from(&energy))?;
        npz.add_array("beta", &ndarray::arr0(beta))?;
        npz.add_array("coupling", &ndarray::arr0(interaction.coupling))?;
        npz.add_array("field", &ndarray::arr0(interaction.field))
    })
}

/// Reads the spins of [`write_configurations`], `[N][L * L]`, for a system.
///
/// # Errors
/// When the file cannot be read, or is not of this lattice, temperature and interaction.
pub fn read_configurations(path: &Path, system: &System) -> Result<Vec<i8>> {
    let (file, length) = input::open(path)?;
    let mut archive = ZipArchive::new(BufReader::new(Bounded::new(file, length))).map_err(|error| {
        Error::content(path, format!("expected an .npz file, as `han-gpu mc --out` writes it: {error}"))
    })?;
    let System { torus, interaction: Interaction { coupling, field }, beta } = *system;
    for (name, wanted) in [("beta", beta), ("coupling", coupling), ("field", field)] {
        let found = npy::read::<f64, Ix0>(entry(path, &mut archive, name)?, length)
            .map_err(|error| Error::content(path, format!("{name}: expected one float64: {error}")))?
            .into_scalar();
        if (found - wanted).abs() > 1e-12 * wanted.abs() || found.is_nan() {
            let message = format!("its configurations are of {name} = {found}, the network is of {wanted}");
            return Err(Error::content(path, message));
        }
    }
    let side = torus.side() as usize;
    let array = npy::read::<i8, Ix3>(entry(path, &mut archive, "spins")?, length).map_err(|error| {
        Error::content(path, format!("spins: expected int8 [N, {side}, {side}]: {error}"))
    })?;
    let (count, rows, columns) = array.dim();
    if (rows, columns) != (side, side) || count == 0 {
        let found = format!("its spins have shape [{count}, {rows}, {columns}]");
        return Err(Error::content(
            path,
            format!("{found}; this network needs [N, {side}, {side}] with N >= 1"),
        ));
    }
    checked_spins(path, array, side)
}

/// One array's bytes.
fn entry<'a>(path: &Path, archive: &'a mut Archive, name: &str) -> Result<impl Read + 'a> {
    let missing = |error: ZipError| {
        let message = match error {
            ZipError::UnsupportedArchive(_) => {
                format!("{name} is compressed; store it uncompressed, as numpy.savez does")
            }
            error => format!("it has no array {name:?} ({error}); files of `han-gpu mc --out` have it"),
        };
        Error::content(path, message)
    };
    archive.by_name(&format!("{name}.npy")).map_err(missing)
}

/// Writes `ln_w`, `energy` and `magnetisation` (per site), float64 `[N]`; the file appears whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_scalars(path: &Path, system: &System, scalars: &[Scalars]) -> Result<()> {
    let column = |of: &dyn Fn(&Scalars) -> f64| scalars.iter().map(of).collect::<Vec<f64>>();
    let sites = system.torus.sites() as f64;
    let columns = [
        ("ln_w", column(&|scalars| scalars.ln_w)),
        ("energy", column(&|scalars| scalars.energy)),
        ("magnetisation", column(&|scalars| scalars.spin_sum as f64 / sites)),
    ];
    write_npz(path, |npz| {
        columns.iter().try_for_each(|(name, values)| npz.add_array(*name, &ArrayView1::from(values)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Torus;
    use ndarray::Array3;

    fn system(side: u32, beta: f64) -> System {
        let interaction = Interaction { coupling: 1.0, field: 0.0 };
        System { torus: Torus::new(side).unwrap(), interaction, beta }
    }

    #[test]
    fn configurations_come_back_and_strangers_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("configs.npz");
        let spins: Vec<i8> = (0..48).map(|at| if at % 3 == 0 { 1 } else { -1 }).collect();
        write_configurations(&path, &system(4, 0.44), &spins).unwrap();
        assert_eq!(read_configurations(&path, &system(4, 0.44)).unwrap(), spins);
        let refusal = |system: &System| read_configurations(&path, system).unwrap_err().to_string();
        let beta = refusal(&system(4, 0.4));
        assert!(beta.contains("beta = 0.44") && beta.contains("0.4"), "{beta}");
        let side = refusal(&system(8, 0.44));
        assert!(side.contains("[3, 4, 4]") && side.contains("[N, 8, 8]"), "{side}");
        let mut in_field = system(4, 0.44);
        in_field.interaction.field = 0.1;
        assert!(refusal(&in_field).contains("field = 0"), "{}", refusal(&in_field));
    }

    #[test]
    fn files_of_another_kind_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("configs.npz");
        let refusal = || read_configurations(&path, &system(4, 0.44)).unwrap_err().to_string();
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
}
