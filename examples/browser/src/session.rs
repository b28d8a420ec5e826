//! A run on the page: the engine, its picture, and the weights of its last samples.

use crate::host::Host;
use crate::report::{Report, Samples, Solution};
use crate::settings;
use crate::spin_picture::SpinPicture;
use han_gpu::Result;
use han_gpu::config::Config;
use han_gpu::engine::{Engine, Options};
use han_gpu::io::{Checkpoint, Metrics, pack_run};
use han_gpu::wgpu::{CommandEncoder, CurrentSurfaceTexture, SurfaceTexture, TextureViewDescriptor};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Submissions under way at most: one that the device works on and one that waits.
const UNDER_WAY: u32 = 2;
/// Sites along the edge of the picture, more or less.
const SITES_ACROSS: u32 = 64;
/// Tiles of the picture along each side at the most.
const MOST_TILES: u32 = 4;

/// A run.
#[derive(Debug)]
pub(crate) struct Session {
    engine: Engine,
    picture: SpinPicture,
    samples: Samples,
    /// All rows so far, for the archive.
    rows: Vec<Metrics>,
    /// Rows that the page was told.
    told: usize,
    /// Settings when a checkpoint was asked for, which are those of the archive.
    saving: Option<Config>,
    under_way: Arc<AtomicU32>,
}

impl Session {
    pub(crate) fn new(host: &Host, config: Config, start: Option<Checkpoint>) -> Result<Self> {
        let mut options = Options::new(config);
        options.start = start;
        let engine = Engine::new(&host.device, &host.queue, options)?;
        let tiles = (SITES_ACROSS / engine.model().system.lattice.side()).clamp(1, MOST_TILES);
        let picture = SpinPicture::new(&host.device, &engine, tiles, host.format, 0.0);
        Ok(Self {
            samples: Samples::new(&engine),
            engine,
            picture,
            rows: Vec::new(),
            told: 0,
            saving: None,
            under_way: Arc::default(),
        })
    }

    pub(crate) fn config(&self) -> &Config {
        self.engine.config()
    }

    pub(crate) fn set_beta(&mut self, beta: f64) -> Result<()> {
        self.engine.set_beta(beta)?;
        self.samples = Samples::new(&self.engine);
        Ok(())
    }

    pub(crate) fn set_solution(&mut self, solution: Solution) {
        self.samples.set_solution(solution);
    }

    /// Submits some steps, and new configurations with their weights and their picture. Whether it did: not while earlier ones are under way.
    pub(crate) fn frame(&mut self, host: &Host, steps: u32) -> Result<bool> {
        if self.under_way.load(Ordering::Relaxed) >= UNDER_WAY {
            return Ok(false);
        }
        let mut encoder = host.device.create_command_encoder(&Default::default());
        for _ in 0..steps {
            self.engine.record_step(&mut encoder)?;
        }
        self.engine.record_weighing(&mut encoder)?;
        let canvas = self.draw(host, &mut encoder);
        host.queue.submit([encoder.finish()]);
        if let Some(canvas) = canvas {
            host.queue.present(canvas);
        }
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let under_way = self.under_way.clone();
        host.queue.on_submitted_work_done(move || _ = under_way.fetch_sub(1, Ordering::Relaxed));
        Ok(true)
    }

    /// Records the picture on the canvas, if there is one to draw on: not while the page is hidden.
    fn draw(&self, host: &Host, encoder: &mut CommandEncoder) -> Option<SurfaceTexture> {
        let (CurrentSurfaceTexture::Success(canvas) | CurrentSurfaceTexture::Suboptimal(canvas)) =
            host.surface.get_current_texture()
        else {
            return None;
        };
        let format = Some(host.format);
        let view = canvas.texture.create_view(&TextureViewDescriptor { format, ..Default::default() });
        self.picture.record(encoder, &view);
        Some(canvas)
    }

    /// Takes what has come back, and tells what is new and what is known.
    pub(crate) fn report(&mut self) -> Result<Report> {
        self.rows.extend(self.engine.progress()?);
        for weights in self.engine.weights()? {
            self.samples.push(weights);
        }
        let new = &self.rows[self.told..];
        self.told = self.rows.len();
        Ok(Report::new(&self.engine, new, &self.samples))
    }

    /// Asks for a checkpoint.
    pub(crate) fn save(&mut self, host: &Host) -> Result<()> {
        let mut encoder = host.device.create_command_encoder(&Default::default());
        self.engine.record_checkpoint(&mut encoder)?;
        self.saving = Some(self.engine.config().clone());
        host.queue.submit([encoder.finish()]);
        Ok(())
    }

    /// The archive of the checkpoint that was asked for, if it has come.
    pub(crate) fn archive(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(checkpoint) = self.engine.checkpoints()?.pop() else { return Ok(None) };
        let Some(config) = self.saving.take() else { return Ok(None) };
        let (config, checkpoint) = settings::ended(config, checkpoint);
        let name = format!("L{}-beta{}", config.size, config.beta);
        let is_own = |row: &&Metrics| row.step <= checkpoint.step && row.beta == config.beta;
        let rows: Vec<Metrics> = self.rows.iter().filter(is_own).cloned().collect();
        pack_run(&name, &config, self.engine.model(), &checkpoint, &rows).map(Some)
    }
}
