//! Files from other people: whatever their bytes, a reader accepts them or says why not. `fuzz/` looks for more of them.

use crate::readers::{READERS, Reader};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::Cell;
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
fn a_small_checkpoint_beside_a_configuration_of_a_giant_is_refused_before_memory_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let seed =
        |name: &str| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name)).unwrap();
    let config = String::from_utf8(seed("config/config.toml")).unwrap();
    let giant = config.replace("size = 4\n", "size = 1024\n").replace("width = 1\n", "width = 64\n");
    let giant = giant.replace("depth = 1\n", "depth = 3\n").replace("pool = 16384\n", "pool = 100\n");
    assert!(giant.contains("size = 1024") && giant.contains("width = 64") && giant.contains("depth = 3"));
    fs::write(folder.path().join("config.toml"), giant).unwrap();
    fs::write(folder.path().join("checkpoint.safetensors"), seed("checkpoint/checkpoint.safetensors"))
        .unwrap();
    let (run, config) = han_gpu::io::RunFolder::open(folder.path()).unwrap();
    let model = config.model().unwrap();
    let message = run.load_checkpoint(&config, &model).unwrap_err().to_string();
    assert!(message.contains("needs") && message.contains("11456"), "{message}");
}

#[test]
fn readers_only_open_regular_files_of_a_length_that_can_be_meant() {
    let folder = tempfile::tempdir().unwrap();
    for (target, name, reader) in READERS {
        let message = reader(folder.path()).unwrap_err();
        assert!(message.contains("regular file"), "{target} on a folder: {message}");
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
