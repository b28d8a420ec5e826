#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| han_gpu_fuzz::read("archive", bytes));
