//! A step of the CPU backend allocates nothing of its own: all that it needs exists before.

use crate::harness::Case;
use crate::kernels::inputs;
use han_gpu::backend::{Backend, Tensor};
use han_gpu::schedule::{Baseline, likelihood_step, training_step};
use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};

thread_local! {
    /// Whether allocations of this thread are looked at; others run their own tests meanwhile.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static FOUND: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The crate that computes dense products packs its operands into memory that it takes anew every time.
const ALLOWED: &str = "gemm_basic";

struct Watching;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

// SAFETY: everything is handed to the system's allocator as it is. What is noted meanwhile allocates only while nothing is watched.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if WATCHED.replace(false) {
            let from = Backtrace::force_capture().to_string();
            if !from.contains(ALLOWED) {
                FOUND.with_borrow_mut(|found| found.push(from));
            }
            WATCHED.set(true);
        }
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `alloc` above, that is from the system, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Where this thread allocates meanwhile.
fn allocations(work: impl FnOnce()) -> Vec<String> {
    WATCHED.set(true);
    work();
    WATCHED.set(false);
    FOUND.take()
}

#[test]
fn a_step_on_the_cpu_allocates_nothing() {
    let published = Case { size: 16, exact_bottom: 2, ..Case::DEFAULT };
    let deep = Case { size: 16, batch: 130, width: 2, depth: 2, exact_bottom: 8, ..Case::DEFAULT };
    for (case, baseline) in [(published, Baseline::Global), (deep, Baseline::Regression)] {
        let model = case.model();
        let mut cpu = case.cpu::<f32>();
        cpu.write(Tensor::Parameters, &case.parameters(3)).unwrap();
        let lists = [training_step(&model, baseline), likelihood_step(&model)];
        let mut step = move || lists.iter().for_each(|kernels| cpu.run(kernels, &inputs(1)).unwrap());
        // One thread, so that all work is done where it is watched. The first step fills buffers that threads keep.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let found = pool.install(|| {
            step();
            allocations(step)
        });
        assert!(found.is_empty(), "{case:?}: {} allocations, the first from\n{}", found.len(), found[0]);
    }
}

/// Never inlined, so that its name stands in the backtrace of its allocation.
#[inline(never)]
fn takes_memory() {
    drop(std::hint::black_box(Box::new(1)));
}

#[test]
fn an_allocation_would_be_found() {
    let found = allocations(takes_memory);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("takes_memory"), "{}", found[0]);
}
