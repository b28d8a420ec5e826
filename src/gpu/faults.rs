//! What a device reports outside any call of ours, and polls that survive its loss.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use wgpu::{Device, PollType};

/// A fault of a device.
#[derive(Debug, Clone)]
struct Fault {
    message: String,
    is_loss: bool,
}

/// The first fault of a device, or its loss, of which other faults may be mere consequences.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Option<Fault>>>);

impl Faults {
    /// Notes from now on what a device reports.
    pub(super) fn of(device: &Device) -> Self {
        let faults = Self::default();
        let noted = faults.0.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            note(&noted, Fault { message: error.to_string(), is_loss: false });
        }));
        let noted = faults.0.clone();
        device.set_device_lost_callback(move |_, message| {
            note(&noted, Fault { message: format!("device lost: {message}"), is_loss: true });
        });
        faults
    }

    /// # Errors
    /// When a fault was noted.
    pub(super) fn check(&self, device: &Device) -> Result<(), String> {
        let Some(first) = self.noted()? else { return Ok(()) };
        if !first.is_loss {
            // A loss is only told at a poll, which may be later than what follows from it.
            let _ = poll(device, PollType::Poll);
        }
        Err(self.noted()?.unwrap_or(first).message)
    }

    fn noted(&self) -> Result<Option<Fault>, String> {
        self.0.lock().map(|noted| noted.clone()).map_err(|_| "an error handler failed".to_owned())
    }
}

fn note(noted: &Mutex<Option<Fault>>, fault: Fault) {
    tracing::error!("{}", fault.message);
    if let Ok(mut noted) = noted.lock()
        && (fault.is_loss || noted.is_none())
    {
        *noted = Some(fault);
    }
}

/// Polls a device, which wgpu panics in when the driver reports its loss.
///
/// # Errors
/// When the device is lost.
pub(super) fn poll(device: &Device, how: PollType) -> Result<(), String> {
    match catch_unwind(AssertUnwindSafe(|| device.poll(how))) {
        Ok(polled) => polled.map(|_| ()).map_err(|error| error.to_string()),
        Err(_) => Err("the device was lost while it was waited for".to_owned()),
    }
}
