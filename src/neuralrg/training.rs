//! A flow that learns step by step, and what its configurations say.

use super::adam::{Moments, Rule};
use super::backend::{Backend, Lesson};
use super::dual::Dual;
use super::fields::Fields;
use super::flow::Flow;
use super::noise::Noise;
use super::on_cpu::Learner;
use super::settings::Settings;
use crate::counted::counted;
use crate::cpu::Real;
use crate::device;
use crate::error::{Error, Result};
use crate::estimate::Weighted;
use crate::io::MetricsRow;
use crate::lattice::Ensemble;
use crate::mc::Pool;
use crate::random::Stream;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Set the latent numbers of steps and of samples apart.
const STEPS: u32 = 0;
const SAMPLES: u32 = 1;
/// Sets fields given data in steps and in metrics, and the choice of configurations, apart from these.
const DATA_STEPS: u32 = 5;
const DATA_METRICS: u32 = 6;
const ORDER: u32 = 0x6e72_6726;
/// Keeps the Monte Carlo to learn from apart from other chains of the seed.
const POOL: u32 = 0x6e70;
/// Configurations that are drawn at a time.
const CHUNK: usize = 4096;

/// Configurations that a row of metrics is a mean over, and those whose images are compared.
const LOOKED_AT: usize = 2048;
const IMAGES: usize = 64;

/// A row of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Steps done.
    pub step: u32,
    /// Mean of `ln q(x) + E(x)`, at least `-ln Z_x`.
    pub loss: f64,
    /// Its standard error.
    pub loss_error: f64,
    /// `loss + ln Z_x`: the divergence KL(q | p) in nats, where the spins' ln Z is known exactly.
    pub kl: Option<f64>,
    /// Effective sample size, in (0, 1].
    pub ess: f64,
    /// Largest difference of ln q between x and -x.
    pub asymmetry: f64,
    /// Mean of `-ln q(x)` of fields given spins of the data, where there are any.
    pub data_loss: Option<f64>,
    /// Learning rate of the next step.
    pub learning_rate: f64,
    /// Seconds of training so far, earlier sessions of the run included.
    pub elapsed_s: f64,
}

impl MetricsRow for Metrics {
    const COLUMNS: &'static [&'static str] =
        &["step", "loss", "loss_error", "kl", "ess", "asymmetry", "data_loss", "learning_rate", "elapsed_s"];

    fn step(&self) -> u32 {
        self.step
    }

    fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }
}

/// The state of a run after some steps.
#[derive(Debug, Clone, PartialEq)]
pub struct State<R> {
    /// Steps done.
    pub step: u32,
    /// Parameters.
    pub parameters: Vec<R>,
    /// Means of gradients.
    pub moments: Moments<R>,
}

/// A run.
#[derive(Debug)]
pub struct Training<R> {
    settings: Settings,
    dual: Dual<R>,
    backend: Box<dyn Backend<R>>,
    step: u32,
    data: Source,
}

/// Spins to learn from.
#[derive(Debug)]
enum Source {
    /// None yet, or none at all.
    None,
    /// `[count][sites]`, of the user.
    Given(Vec<i8>),
    /// Configurations by Monte Carlo, and their images by symmetry.
    Drawn(Pool),
}

impl Source {
    /// `[count][sites]`.
    fn spins(&self) -> &[i8] {
        match self {
            Self::None => &[],
            Self::Given(spins) => spins,
            Self::Drawn(pool) => pool.spins(),
        }
    }
}

impl<R: Real> State<R> {
    /// Before the first step.
    ///
    /// # Errors
    /// When a size is out of range.
    pub fn initial(settings: &Settings) -> Result<Self> {
        let parameters = Flow::new(settings.architecture, settings.seed)?.parameters().to_vec();
        Ok(Self { step: 0, moments: Moments::zeros(parameters.len()), parameters })
    }
}

impl<R: Real> Training<R> {
    /// A run from its start, on the CPU.
    ///
    /// # Errors
    /// When a setting is out of range, by its name.
    pub fn new(settings: Settings) -> Result<Self> {
        let state = State::initial(&settings)?;
        Self::resume(settings, state)
    }

    /// A run from a state of it, on the CPU; it goes on as if it had never stopped.
    ///
    /// # Errors
    /// As [`Training::new`], or when the state is one of another form.
    pub fn resume(settings: Settings, state: State<R>) -> Result<Self> {
        Self::with(settings, state, |learner| Ok(Box::new(learner)))
    }

    /// A run on the backend that is made of its learner.
    fn with(
        settings: Settings,
        state: State<R>,
        open: impl FnOnce(Learner<R>) -> Result<Box<dyn Backend<R>>>,
    ) -> Result<Self> {
        settings.check()?;
        let dual = Dual::new(settings.architecture.size, settings.coupling, settings.temperature)?;
        let flow = Flow::new(settings.architecture, settings.seed)?.with_parameters(state.parameters)?;
        let backend = open(Learner::new(flow, dual.clone()).with_moments(state.moments)?)?;
        Ok(Self { settings, dual, backend, step: state.step, data: Source::None })
    }

    /// The same with spins to learn from, `[count][sites]`, which have a share of every batch in the place of Monte Carlo.
    ///
    /// # Errors
    /// When there are none, or not whole configurations.
    pub fn with_data(self, spins: Vec<i8>) -> Result<Self> {
        if spins.is_empty() || !spins.len().is_multiple_of(self.dual.sites()) {
            let expected =
                format!("they must be configurations of {} spins, one at least", self.dual.sites());
            return Err(Error::setting("data", format!("{} spins", spins.len()), expected));
        }
        Ok(Self { data: Source::Given(spins), ..self })
    }

    /// Whether configurations by Monte Carlo have to be drawn before the next step, which does it where it has not been done.
    pub fn lacks_pool(&self) -> bool {
        self.of_data() > 0 && matches!(self.data, Source::None)
    }

    /// Draws the configurations by Monte Carlo that a share of every batch consists of, a pure function of the settings.
    ///
    /// # Errors
    /// When the chains do not come into equilibrium.
    pub fn draw_pool(&mut self) -> Result<()> {
        let ensemble = Ensemble { system: self.dual.system().clone(), beta: self.dual.beta() };
        self.data = Source::Drawn(Pool::new(&ensemble, self.settings.pool, self.settings.seed ^ POOL)?);
        Ok(())
    }

    /// Configurations of a batch that are of the data.
    fn of_data(&self) -> usize {
        let Settings { data_share, batch, .. } = self.settings;
        // A share that is asked for is one configuration at least.
        if data_share > 0.0 { ((data_share * batch as f64).round() as usize).max(1) } else { 0 }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The flow on its device.
    pub fn backend(&self) -> &dyn Backend<R> {
        &*self.backend
    }

    /// The field that it learns.
    pub fn dual(&self) -> &Dual<R> {
        &self.dual
    }

    /// Steps done.
    pub fn steps_done(&self) -> u32 {
        self.step
    }

    /// Whether all steps are done.
    pub fn is_finished(&self) -> bool {
        self.step >= self.settings.steps
    }

    /// Learns from a batch that it draws: a pure function of the state, the settings and the data.
    ///
    /// # Errors
    /// When the device fails, or as [`Training::draw_pool`].
    pub fn step(&mut self) -> Result<()> {
        if self.lacks_pool() {
            self.draw_pool()?;
        }
        let Settings { seed, batch, estimator, weight_decay: decay, .. } = self.settings;
        let of_data = self.of_data();
        let noise = Noise::new(seed, STEPS, self.step);
        let lesson = Lesson { own: batch - of_data, noise, estimator, given: self.given(of_data) };
        self.step += 1;
        self.backend.learn(&lesson, Rule { step: self.step, rate: self.settings.rate(self.step), decay })
    }

    /// Fields given random spins of the data.
    fn given(&self, rows: usize) -> Fields<R> {
        let sites = self.dual.sites();
        let spins: Vec<i8> = match &self.data {
            Source::Drawn(pool) => pool.batch(rows, self.step),
            Source::Given(data) => {
                let mut stream = Stream::new(self.settings.seed ^ ORDER, self.step);
                let mut one = || stream.random_range(0..data.len() / sites) * sites;
                (0..rows).flat_map(|_| data[one()..][..sites].to_vec()).collect()
            }
            Source::None => Vec::new(),
        };
        self.dual.draw_field(&spins, Noise::new(self.settings.seed, DATA_STEPS, self.step))
    }

    /// Mean of `-ln q(x)` of fields given the first configurations of the data.
    fn data_loss(&mut self) -> Result<Option<f64>> {
        let sites = self.dual.sites();
        let spins = self.data.spins();
        let spins = &spins[..spins.len().min(LOOKED_AT * sites)];
        if spins.is_empty() {
            return Ok(None);
        }
        let noise = Noise::new(self.settings.seed, DATA_METRICS, 0);
        let ln_q = self.backend.ln_q(&self.dual.draw_field(spins, noise))?;
        Ok(Some(-ln_q.iter().sum::<f64>() / ln_q.len() as f64))
    }

    /// The state to go on from.
    ///
    /// # Errors
    /// When a parameter is not finite, or the device fails.
    pub fn state(&mut self) -> Result<State<R>> {
        let parameters = self.backend.parameters()?;
        if !parameters.iter().all(|parameter| parameter.is_finite()) {
            return Err(Error::setting(
                "lr",
                self.settings.learning_rate,
                format!(
                    "parameters are not finite after {}; start a new run with a lower one",
                    counted(self.step, "step")
                ),
            ));
        }
        Ok(State { step: self.step, parameters, moments: self.backend.moments()? })
    }

    /// Log weights `-E(x) - ln q(x)` of so many configurations of the flow as it is now: ln Z_x, the effective sample size and the divergence from the field's distribution. A pure
    /// function of the state and the seed.
    ///
    /// # Errors
    /// When the device fails.
    pub fn sample(&mut self, count: usize) -> Result<Weighted> {
        let noise = Noise::new(self.settings.seed, SAMPLES, self.step);
        let mut weighted = Weighted::new(0);
        for first in (0..count).step_by(CHUNK) {
            let rows = CHUNK.min(count - first);
            let (x, ln_q) = self.backend.draw(noise, first, [rows, self.dual.sites()])?;
            let energies = self.backend.energies(&x)?;
            energies.iter().zip(ln_q).for_each(|(energy, ln_q)| weighted.push(-energy - ln_q, &[]));
        }
        Ok(weighted)
    }

    /// What is told of the flow now: a pure function of the state, but for the time.
    ///
    /// # Errors
    /// When the device fails.
    pub fn metrics(&mut self, elapsed_s: f64) -> Result<Metrics> {
        let importance = self.sample(LOOKED_AT)?.importance();
        Ok(Metrics {
            step: self.step,
            loss: importance.beta_f.value,
            loss_error: importance.beta_f.error,
            kl: self.dual.ln_z().map(|ln_z| importance.beta_f.value + ln_z),
            ess: importance.ess.value,
            asymmetry: self.asymmetry()?,
            data_loss: self.data_loss()?,
            learning_rate: self.settings.rate((self.step + 1).min(self.settings.steps)),
            elapsed_s,
        })
    }

    /// The largest difference of ln q between configurations and their images under `x -> -x`.
    ///
    /// # Errors
    /// When the device fails.
    pub fn asymmetry(&mut self) -> Result<f64> {
        let sites = self.dual.sites();
        let noise = Noise::new(self.settings.seed, SAMPLES, self.step);
        let (x, _) = self.backend.draw(noise, 0, [IMAGES, sites])?;
        let ln_q = self.backend.ln_q(&x)?;
        let of_image = self.backend.ln_q(&x.mirrored(|_| true))?;
        Ok(ln_q.iter().zip(of_image).map(|(ln_q, of_image)| (ln_q - of_image).abs()).fold(0.0, f64::max))
    }
}

impl Training<f32> {
    /// A run from a state of it on a device, as [`device::open`] names them; the one that the settings record plays no part.
    ///
    /// # Errors
    /// As [`Training::resume`], or when there is no such device, or the flow does not fit it.
    pub fn on(wanted: &str, settings: Settings, state: State<f32>) -> Result<Self> {
        let batch = settings.batch;
        Self::with(settings, state, |learner| device::open_flow(wanted, learner, batch))
    }
}
