//! Parameters in parts that a device can bind. Kernels that take them number by number run once per part; nets whose parameters
//! are more than one binding holds see them at two.

use super::sizes::WORD;
use crate::kernels::LANES;
use std::ops::Range;
use wgpu::Limits;

/// Every array over parameters, down to one number for every [`LANES`] of them, may be bound from a multiple of this on.
const ALIGNMENT: usize = 64 * LANES;

/// Bindings at which nets can see their parameters.
pub(super) const NET_BINDINGS: usize = 2;
/// Storage buffers that a kernel binds at most where both are in use.
pub(super) const SPLIT_BUFFERS: u32 = 9;

/// How many parameters a binding holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window(usize);

impl Window {
    /// Where nothing is bound: in plans.
    pub(super) const UNLIMITED: Self = Self(usize::MAX);

    pub(super) fn of(limits: &Limits) -> Self {
        let numbers = limits.max_storage_buffer_binding_size / WORD;
        Self((numbers as usize / ALIGNMENT).max(1) * ALIGNMENT)
    }

    pub(super) fn parameters(self) -> usize {
        self.0
    }

    /// Whether a level's parameters need a second binding.
    pub(super) fn splits(self, parameters: usize) -> bool {
        parameters > self.0
    }

    /// Number of parts of so many parameters.
    pub(super) fn parts(self, parameters: usize) -> usize {
        parameters.div_ceil(self.0).max(1)
    }

    /// One part of them.
    pub(super) fn part(self, parameters: usize, part: usize) -> Range<usize> {
        let start = part.saturating_mul(self.0).min(parameters);
        start..start.saturating_add(self.0).min(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(bytes: u64) -> Window {
        Window::of(&Limits { max_storage_buffer_binding_size: bytes, ..Limits::default() })
    }

    #[test]
    fn parts_are_contiguous_bindable_and_within_the_limit() {
        for (limit, parameters) in [(1 << 16, 100_000), (70_001, 16_384), (1 << 27, 80_265_728), (1 << 31, 5)]
        {
            let window = window(limit);
            assert!(window.parameters() as u64 * WORD <= limit);
            let mut next = 0;
            for part in (0..window.parts(parameters)).map(|part| window.part(parameters, part)) {
                assert_eq!(part.start, next);
                assert!(part.start.is_multiple_of(ALIGNMENT) && !part.is_empty());
                assert!(part.len() as u64 * WORD <= limit);
                next = part.end;
            }
            assert_eq!(next, parameters);
            assert_eq!(window.splits(parameters), window.parts(parameters) > 1);
        }
        assert_eq!(Window::UNLIMITED.part(7, 0), 0..7);
        assert_eq!((Window::UNLIMITED.parts(0), Window::UNLIMITED.part(0, 0)), (1, 0..0));
    }
}
