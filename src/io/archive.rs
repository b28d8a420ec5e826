//! A run as one zip archive, for hosts without files: its folder, with the settings, the checkpoint and the metrics.

use super::checkpoint::Checkpoint;
use super::input::Bounded;
use super::records::Metrics;
use super::run_folder::{CHECKPOINT, CONFIG, METRICS};
use crate::conditional::Model;
use crate::config::Config;
use crate::error::{Error, Result};
use std::io::{BufReader, Cursor, Read, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// How messages call an archive, which has no file.
const ARCHIVE: &str = "the archive";
/// Longest settings, in bytes.
const LONGEST_TEXT: u64 = 1 << 20;

/// Writes the archive of a run: a folder `name` with `config.toml`, `checkpoint.safetensors` and, where there are rows, `metrics.csv`.
/// Unpacked, it is a run that every command takes.
///
/// # Errors
/// When the checkpoint is not the model's, or a header cannot be written.
pub fn pack_run(
    name: &str,
    config: &Config,
    model: &Model,
    checkpoint: &Checkpoint,
    rows: &[Metrics],
) -> Result<Vec<u8>> {
    checkpoint.fits(model)?;
    let mut table = csv::Writer::from_writer(Vec::new());
    let failed = |error: std::io::Error| Error::file("write", ARCHIVE, error);
    rows.iter().try_for_each(|row| table.serialize(row)).map_err(|error| failed(error.into()))?;
    let table = table.into_inner().map_err(|error| failed(error.into_error()))?;
    let mut files = vec![(CONFIG, config.to_toml()?.into_bytes()), (CHECKPOINT, checkpoint.to_bytes(model)?)];
    files.extend((!rows.is_empty()).then_some((METRICS, table)));
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // Weights have nothing to compress.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (file, bytes) in files {
        let started = archive.start_file(format!("{name}/{file}"), options);
        started.map_err(|error| failed(error.into()))?;
        archive.write_all(&bytes).map_err(failed)?;
    }
    Ok(archive.finish().map_err(|error| failed(error.into()))?.into_inner())
}

/// Reads settings and checkpoint of an archive, in whatever folder they are. No more is unpacked than the network of the settings can have.
///
/// # Errors
/// When it is no archive, lacks one of the two, they cannot be read or do not belong together, or the couplings are those of a file.
pub fn unpack_run(bytes: &[u8]) -> Result<(Config, Checkpoint)> {
    let refused = |message: String| Error::content(ARCHIVE, message);
    let archive = Bounded::new(Cursor::new(bytes), bytes.len() as u64);
    let mut archive = ZipArchive::new(BufReader::new(archive))
        .map_err(|error| refused(format!("this is not a zip archive of a run: {error}")))?;
    let mut file = |name: &str, most: u64| {
        let is_it = |path: &&str| Path::new(path).file_name().is_some_and(|file| file == name);
        let path = archive.file_names().find(is_it).map(str::to_owned);
        let path = path.ok_or_else(|| refused(format!("it has no {name}, which every run has")))?;
        let entry = archive.by_name(&path).map_err(|error| refused(format!("{path}: {error}")))?;
        let mut content = Vec::new();
        let read = entry.take(most + 1).read_to_end(&mut content);
        read.map_err(|error| refused(format!("{path} is damaged: {error}")))?;
        match content.len() as u64 > most {
            true => {
                Err(refused(format!("{path} is longer than {most} bytes, which is more than can be meant")))
            }
            false => Ok(content),
        }
    };
    let text = String::from_utf8(file(CONFIG, LONGEST_TEXT)?);
    let text = text.map_err(|_| refused(format!("{CONFIG} is not text (UTF-8)")))?;
    let config = Config::of_run_text(&text, Path::new(CONFIG))?;
    let model = config.model()?;
    let checkpoint = Checkpoint::from_bytes(&file(CHECKPOINT, Checkpoint::most_bytes(&model))?, &model)?;
    checkpoint.check(Path::new(CHECKPOINT), &config)?;
    Ok((config, checkpoint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::RunFolder;

    fn run() -> (Config, Model, Checkpoint) {
        let config = Config { size: 8, batch: 16, steps: 10, beta: 0.3, ..Config::default() };
        let model = config.model().unwrap();
        let checkpoint = Checkpoint { step: 3, ..Checkpoint::initial(&config, &model) };
        (config, model, checkpoint)
    }

    fn row() -> Metrics {
        Metrics {
            step: 3,
            beta: 0.3,
            beta_f_per_site: -0.8,
            beta_f_per_site_error: 0.01,
            energy_per_site: -0.7,
            energy_per_site_error: 0.02,
            ess: 0.5,
            kl: None,
            gradient_norm: 1.0,
            learning_rate: 0.01,
            elapsed_s: 1.5,
            configurations_per_s: 100.0,
        }
    }

    /// Unpacks an archive, as `unzip` does.
    fn unzip(bytes: &[u8], folder: &Path) {
        ZipArchive::new(Cursor::new(bytes)).unwrap().extract(folder).unwrap();
    }

    #[test]
    fn an_archive_comes_back_and_unpacked_is_a_run() {
        let (config, model, checkpoint) = run();
        let bytes = pack_run("L8", &config, &model, &checkpoint, &[row()]).unwrap();
        assert_eq!(unpack_run(&bytes).unwrap(), (config.clone(), checkpoint.clone()));
        let folder = tempfile::tempdir().unwrap();
        unzip(&bytes, folder.path());
        let (opened, found) = RunFolder::open(&folder.path().join("L8")).unwrap();
        assert_eq!(found, config);
        assert_eq!(opened.load_checkpoint(&found, &model).unwrap(), checkpoint);
        assert_eq!(opened.metrics().unwrap(), [row()]);
    }

    /// A checkpoint of 64 MiB of zeros, packed into a few kilobytes.
    fn bomb(config: &Config) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        archive.start_file("a/config.toml", packed).unwrap();
        archive.write_all(config.to_toml().unwrap().as_bytes()).unwrap();
        archive.start_file("a/checkpoint.safetensors", packed).unwrap();
        archive.write_all(&vec![0; 64 << 20]).unwrap();
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn what_is_no_run_is_refused_by_name() {
        let (config, model, checkpoint) = run();
        let message = |bytes: &[u8]| unpack_run(bytes).unwrap_err().to_string();
        assert!(message(b"no archive").contains("not a zip archive of a run"), "{}", message(b"no archive"));
        let whole = pack_run("L8", &config, &model, &checkpoint, &[]).unwrap();
        assert!(unpack_run(&whole[..whole.len() / 2]).is_err());
        let mut empty = ZipWriter::new(Cursor::new(Vec::new()));
        empty.start_file("a/config.toml", SimpleFileOptions::default()).unwrap();
        empty.write_all(config.to_toml().unwrap().as_bytes()).unwrap();
        let lacking = empty.finish().unwrap().into_inner();
        assert!(message(&lacking).contains("it has no checkpoint.safetensors"), "{}", message(&lacking));
        assert!(message(&bomb(&config)).contains("is longer than"), "{}", message(&bomb(&config)));
        let of_file = Config { couplings: "/etc/couplings.npz".to_owned(), gauge: false, ..config.clone() };
        let bytes = pack_run("L8", &of_file, &model, &checkpoint, &[]).unwrap();
        assert!(message(&bytes).contains("only runs in folders have"), "{}", message(&bytes));
        let other = Config { beta: 0.4, ..config };
        let bytes = pack_run("L8", &other, &model, &checkpoint, &[]).unwrap();
        assert!(message(&bytes).contains("beta = 0.3"), "{}", message(&bytes));
    }
}
