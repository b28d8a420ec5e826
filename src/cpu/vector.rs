//! Code compiled for the widest vectors of the processor it runs on.

use pulp::{Arch, NullaryFnOnce};

struct Call<F>(F);

impl<T, F: FnMut() -> T> NullaryFnOnce for Call<F> {
    type Output = T;

    #[inline(always)]
    fn call(mut self) -> T {
        (self.0)()
    }
}

/// Runs `code`, an `#[inline(always)]` closure, compiled once for every vector extension that matters.
///
/// It is called through `FnMut`: a call through `FnOnce` goes through a shim that is not inlined, and what is not inlined
/// is compiled for the oldest processor.
#[inline(always)]
pub(crate) fn vectorised<T>(code: impl FnMut() -> T) -> T {
    Arch::new().dispatch(Call(code))
}
