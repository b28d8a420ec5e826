//! Files from other people: whatever their bytes, a reader accepts them or says why not. `fuzz/` looks for more of them.

use crate::readers::{READERS, Reader};
use han_gpu::io::{RunFolder, Table};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use safetensors::tensor::TensorView;
use std::cell::Cell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

fn seeds(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let seeds: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    seeds
}

fn read(reader: Reader, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), String> {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    reader(&path)
}

#[test]
fn files_that_were_found_by_fuzzing_are_accepted_or_refused_with_a_reason() {
    for (target, name, reader) in READERS {
        for seed in seeds(target) {
            let folder = tempfile::tempdir().unwrap();
            let result = read(reader, folder.path(), name, &fs::read(&seed).unwrap());
            if seed.file_name().is_some_and(|own| own == name) {
                assert_eq!(result, Ok(()), "{} is a good file", seed.display());
            }
        }
    }
}

/// A change of one place: another byte, a byte more, a byte less, the end, or a run of the file once more.
fn changed(mut bytes: Vec<u8>, changes: &[(u8, usize, u8)]) -> Vec<u8> {
    for &(kind, place, value) in changes {
        let place = place % (bytes.len() + 1);
        match kind {
            0 if place < bytes.len() => bytes[place] = value,
            1 => bytes.insert(place, value),
            2 if place < bytes.len() => drop(bytes.remove(place)),
            3 => bytes.truncate(place),
            _ => {
                let end = (place + usize::from(value)).min(bytes.len());
                let run = bytes[place..end].to_vec();
                bytes.splice(place..place, run);
            }
        }
    }
    bytes
}

#[test]
fn damaged_files_never_panic() {
    for (target, name, reader) in READERS {
        let originals: Vec<Vec<u8>> = seeds(target).iter().map(|seed| fs::read(seed).unwrap()).collect();
        let folder = tempfile::tempdir().unwrap();
        let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
        let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let changes = prop::collection::vec((0_u8..5, any::<usize>(), any::<u8>()), 1..8);
        let cases = (prop::sample::select(originals), changes);
        let refused = Cell::new(0);
        TestRunner::new_with_rng(config, random)
            .run(&cases, |(original, changes)| {
                let result = read(reader, folder.path(), name, &changed(original, &changes));
                let reason = result.err().filter(|message| !message.is_empty());
                refused.set(refused.get() + usize::from(reason.is_some()));
                Ok(())
            })
            .unwrap();
        assert!(refused.get() > 50, "{target}: only {} of 300 damaged files were refused", refused.get());
    }
}

#[test]
fn files_built_to_take_forever_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let start = std::time::Instant::now();
    let header = |text: &str| {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes
    };
    // Brackets hidden from a count of nesting by quotes; nesting makes the parser's time exponential.
    let quoted = format!("{}{}", "[')',".repeat(60), "]".repeat(60));
    for text in [quoted, format!("{}{}", "{".repeat(8), "1".repeat(9000))] {
        let (_, name, reader) = READERS[2];
        let message = read(reader, folder.path(), name, &header(&text)).unwrap_err();
        assert!(message.contains("opening brackets"), "{message}");
    }
    // Ends of an archive without a beginning, each of which is searched for from the start.
    let (_, name, reader) = READERS[3];
    let end = [b"PK\x05\x06".as_slice(), &[0, 0, 0, 0, 1, 0, 1, 0, 46, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
    assert!(read(reader, folder.path(), name, &end.repeat(100_000)).is_err());
    let (_, name, reader) = READERS[5];
    assert!(read(reader, folder.path(), name, &end.repeat(100_000)).is_err());
    // One long column name and many rows; more lattices than a figure can hold.
    let path = folder.path().join("table.csv");
    let rows = "8,0.4,1,0,1\n".repeat(50_000);
    fs::write(&path, format!("size,beta,coupling,field,{}\n{rows}", "x".repeat(1 << 20))).unwrap();
    assert_eq!(Table::read_csv(&path).unwrap().rows[0].values.len(), 4, "unknown columns are not kept");
    let sizes: String = (1..100).map(|size| format!("{size},0.4,1,0\n")).collect();
    fs::write(&path, format!("size,beta,coupling,field\n{sizes}")).unwrap();
    assert!(Table::read_csv(&path).unwrap_err().to_string().contains("sizes"));
    // Minutes or more before they were bounded; a generous limit, for any machine.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn a_small_checkpoint_beside_a_configuration_of_a_giant_is_refused_before_memory_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let seed = include_str!("../../fuzz/seeds/config/config.toml");
    let changes = [
        ("size = 4", "size = 1024"),
        ("width = 1", "width = 64"),
        ("depth = 1", "depth = 3"),
        ("pool = 16384", "pool = 100"),
    ];
    let giant = changes.iter().fold(seed.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    fs::write(folder.path().join("config.toml"), giant).unwrap();
    let (run, config) = RunFolder::open(folder.path()).unwrap();
    let model = config.model().unwrap();
    let metadata = [
        ("format", "han-gpu checkpoint".to_owned()),
        ("version", "1".to_owned()),
        ("size", config.size.to_string()),
        ("coupling", config.coupling.to_string()),
        ("field", config.field.to_string()),
        ("width", config.width.to_string()),
        ("depth", config.depth.to_string()),
        ("skip", config.skip.to_string()),
        ("gauge", config.gauge.to_string()),
        ("exact_bottom", config.exact_bottom.to_string()),
    ];
    let metadata: HashMap<String, String> =
        metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let none: [(String, TensorView<'_>); 0] = [];
    let bytes = safetensors::serialize(none, Some(metadata)).unwrap();
    fs::write(folder.path().join("checkpoint.safetensors"), bytes).unwrap();
    let message = run.load_checkpoint(&config, &model).unwrap_err().to_string();
    assert!(message.contains("the run's network needs 5400973218360 bytes"), "{message}");
}

#[test]
fn readers_only_open_regular_files_of_a_length_that_can_be_meant() {
    let folder = tempfile::tempdir().unwrap();
    // Archives of runs are bytes that a page has already: their reader opens nothing.
    for (target, name, reader) in READERS.into_iter().filter(|(target, ..)| *target != "archive") {
        let message = reader(folder.path()).unwrap_err();
        assert!(message.contains("regular file"), "{target} on a folder instead of {name}: {message}");
        #[cfg(unix)]
        {
            let endless = folder.path().join(name);
            std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
            let message = reader(&endless).unwrap_err();
            assert!(message.contains("regular file"), "{target} on /dev/zero: {message}");
        }
    }
    for name in ["config.toml", "checkpoint.safetensors"] {
        let (target, _, reader) = READERS.into_iter().find(|(_, own, _)| *own == name).unwrap();
        let long = folder.path().join(format!("long-{name}"));
        // Sparse: it takes no room on the disk.
        fs::File::create(&long).unwrap().set_len(1 << 40).unwrap();
        let message = reader(&long).unwrap_err();
        assert!(message.contains("1099511627776 bytes"), "{target}: {message}");
    }
}
