//! The network of a run on a device, which threads take turns with.

use han_gpu::config::OtherBottom;
use han_gpu::{Error, Result, Trained};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread::{ThreadId, current};

/// A network that is opened when it is used first, and kept for as long as it is asked for the same batch.
pub(crate) struct Network {
    path: PathBuf,
    device: String,
    bottom: Option<OtherBottom>,
    /// The network, with the batch that it was asked for.
    open: Mutex<Option<(usize, Trained)>>,
    /// The thread that works with it.
    holder: Mutex<Option<ThreadId>>,
}

impl Network {
    /// The network of a run folder, not yet opened.
    pub(crate) fn new(path: PathBuf, device: String, bottom: Option<OtherBottom>) -> Self {
        Self { path, device, bottom, open: Mutex::new(None), holder: Mutex::new(None) }
    }

    /// Its run folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Works with the network, opened for a batch. Python's lock must be free: another thread may hold the network and wait
    /// for it.
    pub(crate) fn with<T>(&self, batch: usize, work: impl FnOnce(&mut Trained) -> Result<T>) -> Result<T> {
        if *self.holder() == Some(current().id()) {
            let message = "its network is at work: a function that watches a job cannot use it".to_owned();
            return Err(Error::Device { device: self.device.clone(), message });
        }
        let mut open = self.open.lock().unwrap_or_else(|poisoned| {
            // A panic may have left the device in any state.
            let mut open = PoisonError::into_inner(poisoned);
            *open = None;
            open
        });
        let trained = match open.take().filter(|(asked, _)| *asked == batch) {
            Some((_, trained)) => trained,
            None => Trained::open(&self.path, &self.device, batch, self.bottom)?,
        };
        let _held = Held::by_this_thread(self);
        work(&mut open.insert((batch, trained)).1)
    }

    fn holder(&self) -> impl std::ops::DerefMut<Target = Option<ThreadId>> + '_ {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time that a thread works with a network, which ends on a panic too.
struct Held<'a>(&'a Network);

impl<'a> Held<'a> {
    fn by_this_thread(network: &'a Network) -> Self {
        *network.holder() = Some(current().id());
        Self(network)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.0.holder() = None;
    }
}
