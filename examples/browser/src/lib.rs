//! The page's half in Rust: it owns the device and the canvas, and is the host of an [`Engine`](han_gpu::engine::Engine).
//!
//! The other half is `page/page.js`, which has the controls, the charts and the words. Between them go numbers, JSON and bytes.

#[path = "../../shared/spin_picture.rs"]
mod spin_picture;

mod host;
mod report;
mod session;
mod settings;

use han_gpu::config::Config;
use han_gpu::io::{Checkpoint, unpack_run};
use host::Host;
use js_sys::{Promise, Uint8Array};
use report::Solution;
use session::Session;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::HtmlCanvasElement;

/// A device with a canvas, and the run on it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Page {
    host: Host,
    session: Option<Session>,
}

/// The words of an error, as an `Error` of JavaScript.
fn thrown(error: impl ToString) -> JsError {
    JsError::new(&error.to_string())
}

#[wasm_bindgen]
impl Page {
    /// Asks the browser for a device that draws to a canvas.
    ///
    /// # Errors
    /// When there is no WebGPU, or no adapter for it.
    pub async fn open(canvas: HtmlCanvasElement) -> Result<Page, JsError> {
        console_error_panic_hook::set_once();
        Ok(Self { host: Host::open(canvas).await.map_err(thrown)?, session: None })
    }

    /// Why the device can no longer be used, if so.
    pub fn fault(&self) -> Option<String> {
        self.host.fault()
    }

    /// Begins a run with settings as a JSON object, whose names are those of config.toml. The promise is kept when the device has taken all
    /// shaders and buffers.
    ///
    /// # Errors
    /// When a setting is not known or out of range.
    pub fn start(&mut self, settings: &str) -> Result<Promise, JsError> {
        let config = settings::of_json(settings).map_err(thrown)?;
        self.begin(config, None)
    }

    /// Goes on with a run from an archive, as [`Page::archive`] makes it. The promise is as that of [`Page::start`].
    ///
    /// # Errors
    /// When it is no archive of a run; the run before then goes on.
    pub fn load(&mut self, archive: &[u8]) -> Result<Promise, JsError> {
        let (config, checkpoint) = unpack_run(archive).map_err(thrown)?;
        self.begin(settings::lasting(config), Some(checkpoint))
    }

    fn begin(&mut self, config: Config, start: Option<Checkpoint>) -> Result<Promise, JsError> {
        // The old run's memory is free before the new one asks for its own.
        self.session = None;
        let scopes = self.host.open_scopes();
        let session = Session::new(&self.host, config, start);
        let refused = scopes.closed();
        let begun = session.map(|session| self.session = Some(session));
        Ok(future_to_promise(async move {
            begun.map_err(thrown)?;
            match refused.await {
                None => Ok(JsValue::UNDEFINED),
                Some(message) => Err(thrown(message).into()),
            }
        }))
    }

    /// The settings of the run as JSON, those left out that follow from others.
    ///
    /// # Errors
    /// When a number is larger than a setting's.
    pub fn settings(&self) -> Result<Option<String>, JsError> {
        let session = self.session.as_ref();
        session.map(|session| settings::to_json(session.config()).map_err(thrown)).transpose()
    }

    /// Records and submits `steps` of training and new configurations, and draws them. Does nothing while earlier work is still under way, and
    /// tells whether it did.
    ///
    /// # Errors
    /// When the run cannot go on.
    pub fn frame(&mut self, steps: u32) -> Result<bool, JsError> {
        let Some(session) = &mut self.session else { return Ok(false) };
        session.frame(&self.host, steps).map_err(thrown)
    }

    /// What has come back since the last call, and what is known now, as JSON.
    ///
    /// # Errors
    /// When the run cannot go on.
    pub fn report(&mut self) -> Result<Option<String>, JsError> {
        let Some(session) = &mut self.session else { return Ok(None) };
        let report = session.report().map_err(thrown)?;
        serde_json::to_string(&report).map(Some).map_err(thrown)
    }

    /// Changes the inverse temperature from the next step on.
    ///
    /// # Errors
    /// When it is out of range.
    #[wasm_bindgen(js_name = setBeta)]
    pub fn set_beta(&mut self, beta: f64) -> Result<(), JsError> {
        self.session.as_mut().map_or(Ok(()), |session| session.set_beta(beta)).map_err(thrown)
    }

    /// Takes the exact solution of the run's system, as [`solve`] gives it; estimates of KL are better with it.
    ///
    /// # Errors
    /// When it is none.
    #[wasm_bindgen(js_name = setSolution)]
    pub fn set_solution(&mut self, solution: &str) -> Result<(), JsError> {
        let solution = serde_json::from_str(solution).map_err(thrown)?;
        if let Some(session) = &mut self.session {
            session.set_solution(solution);
        }
        Ok(())
    }

    /// Asks for the run as it is now, which comes as [`Page::archive`].
    ///
    /// # Errors
    /// When the device has no memory for it.
    pub fn save(&mut self) -> Result<(), JsError> {
        let Some(session) = &mut self.session else { return Ok(()) };
        session.save(&self.host).map_err(thrown)
    }

    /// The archive that was asked for, if it has come: a zip file of a folder that `han-gpu measure` takes.
    ///
    /// # Errors
    /// When the run cannot go on.
    pub fn archive(&mut self) -> Result<Option<Uint8Array>, JsError> {
        let Some(session) = &mut self.session else { return Ok(None) };
        let archive = session.archive().map_err(thrown)?;
        Ok(archive.map(|bytes| Uint8Array::from(&bytes[..])))
    }
}

/// The exact solution of the system of settings, as JSON; nothing where none is known. It may take seconds: ask for it in a worker.
///
/// # Errors
/// When a setting is not known or out of range.
#[wasm_bindgen]
pub fn solve(settings: &str) -> Result<Option<String>, JsError> {
    let config = settings::of_json(settings).map_err(thrown)?;
    let solution = Solution::of(&config).map_err(thrown)?;
    solution.map(|solution| serde_json::to_string(&solution).map_err(thrown)).transpose()
}
