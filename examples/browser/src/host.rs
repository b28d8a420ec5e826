//! The device and the canvas.

use crate::spin_picture::PIXELS;
use han_gpu::engine::Engine;
use han_gpu::wgpu;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use web_sys::HtmlCanvasElement;
use wgpu::{
    Adapter, Backends, CompositeAlphaMode, Device, DeviceDescriptor, ErrorFilter, ErrorScopeGuard, Instance,
    InstanceDescriptor, Queue, RequestAdapterOptions, Surface, SurfaceTarget, TextureFormat,
};

/// A browser without WebGPU.
const NO_WEBGPU: &str = "This browser offers no WebGPU here. Chrome and Edge from version 113, Safari from 26 and Firefox from 141 have it, on most systems; \
     a page must come from https or from this computer.";
/// A browser with WebGPU and without an adapter.
const NO_ADAPTER: &str = "This browser knows WebGPU, but finds no graphics card for it. Drivers may be too old, or hardware acceleration switched off.";

/// A device with what the engine uses where it is there.
async fn device(adapter: &Adapter) -> Result<(Device, Queue), String> {
    let descriptor = DeviceDescriptor {
        label: Some("han-gpu"),
        required_features: adapter.features() & Engine::optional_features(),
        ..Default::default()
    };
    adapter.request_device(&descriptor).await.map_err(|error| format!("The browser gives no device: {error}"))
}

/// What was reported outside any scope; the first word is the cause.
type Fault = Arc<Mutex<Option<String>>>;

/// A device that draws to a canvas.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) device: Device,
    pub(crate) queue: Queue,
    pub(crate) surface: Surface<'static>,
    /// What views of the canvas are made of.
    pub(crate) format: TextureFormat,
    fault: Fault,
}

impl Host {
    pub(crate) async fn open(canvas: HtmlCanvasElement) -> Result<Self, String> {
        canvas.set_width(PIXELS);
        canvas.set_height(PIXELS);
        if !wgpu::util::is_browser_webgpu_supported().await {
            return Err(NO_WEBGPU.to_owned());
        }
        let descriptor = InstanceDescriptor::new_without_display_handle();
        let instance = Instance::new(InstanceDescriptor { backends: Backends::BROWSER_WEBGPU, ..descriptor });
        let surface = instance
            .create_surface(SurfaceTarget::Canvas(canvas))
            .map_err(|error| format!("This browser cannot draw by WebGPU: {error}"))?;
        let options = RequestAdapterOptions { compatible_surface: Some(&surface), ..Default::default() };
        let adapter = instance.request_adapter(&options).await;
        let adapter = adapter.map_err(|error| format!("{NO_ADAPTER} ({error})"))?;
        let (device, queue) = device(&adapter).await?;
        let format = configure(&surface, &adapter, &device)?;
        let fault = Fault::default();
        note_faults(&device, &fault);
        Ok(Self { device, queue, surface, format, fault })
    }

    /// Why the device can no longer be used, if so.
    pub(crate) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Scopes for all errors of what is made until they are closed.
    pub(crate) fn open_scopes(&self) -> Scopes {
        let kinds = [ErrorFilter::OutOfMemory, ErrorFilter::Internal, ErrorFilter::Validation];
        Scopes(kinds.map(|kind| self.device.push_error_scope(kind)))
    }
}

/// Error scopes, one in the other.
pub(crate) struct Scopes([ErrorScopeGuard; 3]);

impl Scopes {
    /// Closes them; the answer comes later.
    pub(crate) fn closed(self) -> impl Future<Output = Option<String>> {
        let [memory, internal, validation] = self.0;
        // The last one opened is the first one closed.
        let answers = [validation, internal, memory].map(ErrorScopeGuard::pop);
        async move {
            for answer in answers {
                if let Some(error) = answer.await {
                    return Some(error.to_string());
                }
            }
            None
        }
    }
}

/// Lets a canvas be drawn to, in colours as they are meant, and tells the format of its views.
fn configure(surface: &Surface<'_>, adapter: &Adapter, device: &Device) -> Result<TextureFormat, String> {
    let config = surface
        .get_default_config(adapter, PIXELS, PIXELS)
        .ok_or("This browser cannot draw to a canvas by this graphics card.")?;
    let format = config.format.add_srgb_suffix();
    // The page shows through between the tiles.
    let alpha_mode = CompositeAlphaMode::PreMultiplied;
    surface
        .configure(device, &wgpu::SurfaceConfiguration { view_formats: vec![format], alpha_mode, ..config });
    Ok(format)
}

/// Notes the first error that no scope takes, and the loss of the device.
fn note_faults(device: &Device, fault: &Fault) {
    let note = |fault: &Fault, message: String| {
        fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
    };
    let noted = fault.clone();
    device.on_uncaptured_error(Arc::new(move |error| note(&noted, error.to_string())));
    let noted = fault.clone();
    device.set_device_lost_callback(move |_, message| {
        note(&noted, format!("The browser has taken the device away: {message}"));
    });
}
