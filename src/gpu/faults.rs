//! What a device reports outside any call of ours.

use std::sync::{Arc, Mutex};
use wgpu::{Device, PollType};

/// The first fault of a device, or its loss, of which other faults may be mere consequences.
#[derive(Debug, Default)]
pub(super) struct Faults(Arc<Mutex<Option<String>>>);

impl Faults {
    /// Notes from now on what a device reports.
    pub(super) fn of(device: &Device) -> Self {
        let faults = Self::default();
        let noted = faults.0.clone();
        device.on_uncaptured_error(Arc::new(move |error| note(&noted, error.to_string(), false)));
        let noted = faults.0.clone();
        device.set_device_lost_callback(move |_, message| {
            note(&noted, format!("device lost: {message}"), true);
        });
        faults
    }

    /// # Errors
    /// When a fault was noted.
    pub(super) fn check(&self, device: &Device) -> Result<(), String> {
        if self.noted()?.is_none() {
            return Ok(());
        }
        // A loss is only told at a poll, which may be later than what follows from it.
        let _ = device.poll(PollType::Poll);
        self.noted()?.map_or(Ok(()), Err)
    }

    fn noted(&self) -> Result<Option<String>, String> {
        self.0.lock().map(|noted| noted.clone()).map_err(|_| "an error handler failed".to_owned())
    }
}

fn note(noted: &Mutex<Option<String>>, message: String, decisive: bool) {
    tracing::error!("{message}");
    if let Ok(mut noted) = noted.lock()
        && (decisive || noted.is_none())
    {
        *noted = Some(message);
    }
}
