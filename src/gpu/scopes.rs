//! Error scopes: what a device refuses while something is made on it.

use wgpu::{Device, Error, ErrorFilter, ErrorScopeGuard};

/// Scopes that are open, one in the other.
///
/// In a browser none are opened: it answers later, and nothing here can wait. Errors go to the scopes of the device's owner there, which
/// may stand around any of our calls, or else to its handler of errors.
pub(super) struct Scopes(Vec<ErrorScopeGuard>);

impl Scopes {
    /// Opens a scope for each filter.
    pub(super) fn open(device: &Device, filters: &[ErrorFilter]) -> Self {
        let is_waited_for = cfg!(not(target_family = "wasm"));
        let opened = filters.iter().filter(|_| is_waited_for);
        Self(opened.map(|filter| device.push_error_scope(*filter)).collect())
    }

    /// Closes them and tells the first error of the last one opened that has any.
    pub(super) fn close(mut self) -> Option<Error> {
        let mut first = None;
        while let Some(scope) = self.0.pop() {
            first = first.or(pollster::block_on(scope.pop()));
        }
        first
    }
}
