//! The table of settings: every key of `config.toml` with its default, its values, its flag and one sentence of help.
//!
//! One line of it is a field of [`Config`], its default, and a row of [`SETTINGS`], which ranges, files, flags and
//! docs/FORMATS.md are made from.

use super::setting::{Section, Setting, below, integer, integers, names, number, switch, text};
use super::{MAX_BATCH, MAX_POOL_SPINS, MAX_SAMPLES, Objective, RateSchedule};
use crate::conditional::{BottomKind, Colours, Head, MOST_BOND_STATES, Network, Storage, Widths};
use crate::hierarchy::{Cut, SiteOrder};
use crate::lattice::{LatticeKind, MAX_STATES, SpinModel};
use crate::schedule::Baseline;
use serde::{Deserialize, Serialize};

/// Makes the settings' structure, its defaults and its table from one list. The comment of a field is its help.
macro_rules! settings {
    ($($section:ident { $($(#[doc = $help:literal])+ $key:ident: $type:ty = $default:expr, $setting:expr;)+ })+) => {
        /// All settings of a training run. The field names are the keys of `config.toml`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Config {
            $($($(#[doc = $help])+ pub $key: $type,)+)+
        }

        /// The preset "default".
        impl Default for Config {
            fn default() -> Self {
                Self { $($($key: $default,)+)+ }
            }
        }

        /// Every setting, in the order of a file.
        pub const SETTINGS: &[Setting] =
            &[$($($setting.at(Section::$section, stringify!($key), concat!($($help),+)),)+)+];
    };
}

settings! {
    Lattice {
        /// Neighbours of a site: four on the square lattice, six on the triangular one, where J < 0 is frustrated, six on the
        /// cubic one, in three dimensions, all other sites on the complete one, and two in a chain.
        lattice: LatticeKind = LatticeKind::Square, names(&["square", "triangular", "cubic", "complete", "chain"]).range("\"square\", \"triangular\", \"cubic\", \"complete\"; \"chain\" has no network").flag("lattice", "NAME").later();
        /// The spins of the sites: ising has +1 and -1, and potts one of `states` colours, where a bond has the energy -J between equal colours and 0 between
        /// others, and the field is on colour 0.
        model: SpinModel = SpinModel::Ising, names(&["ising", "potts"]).range("\"ising\" where the lattice is neither square nor cubic").flag("model", "NAME").later();
        /// Colours of a site.
        states: u32 = 2, integer(2, MAX_STATES as i64).range("2 to 32; 2 for \"ising\"").flag("states", "Q").later();
        /// Side L of the lattice; on the complete one and of a chain the number of sites.
        size: u32 = 16, integer(4, 1024).range("a power of two, 4 to 1024, cubic to 32; for \"van\" to 64, cubic to 16; complete any from 4 to 1024").flag("size", "L");
        /// Inverse temperature.
        beta: f64 = 0.44, number(0.0, 100.0).range("0 to 100, also times |J| and |H|").flag("beta", "BETA");
        /// Coupling J; negative for the antiferromagnet.
        coupling: f64 = 1.0, number(-1000.0, 1000.0).flag("coupling", "J");
        /// Field H.
        field: f64 = 0.0, number(-1000.0, 1000.0).flag("field", "H");
        /// A coupling for every bond, in place of `coupling` and `field`: a file, or pm1 (+1 or -1) or gaussian (of mean 0 and variance 1), and on the
        /// complete lattice sk (of variance 1 / N) or hopfield:P (of P patterns), which `disorder_seed` draws; cw for `coupling` / N on the complete lattice; empty for one
        /// coupling.
        couplings: String = String::new(), text().flag("couplings", "FILE").short("A file of bonds, pm1, gaussian, sk, hopfield:P or cw").later();
        /// Seed of the couplings.
        disorder_seed: u32 = 0, integer(0, u32::MAX as i64).range("0 to 2^32 - 1; 0 where no seed draws `couplings`").flag("disorder-seed", "N").later();
        /// The first site in a file of couplings that is text.
        index_base: u32 = 1, integer(0, 1).flag("index-base", "N").short("First site in a text file of couplings").later();
    }
    Network {
        /// Which sites a net draws together: han has a net for every level of a hierarchy, van one dense net over all
        /// sites, row by row, and arnn draws all sites of the complete lattice from the fields of those before.
        network: Network = Network::Han, names(&["han", "van", "arnn"]).derived("\"arnn\" on the complete lattice").flag("network", "NAME").short("How sites are drawn").later();
        /// The head that turns fields into probabilities for "arnn": cw is exact for one coupling, cw_infinite its form for many sites, one_parameter a multiple of the field, linear has a
        /// weight for every pair, sk0, sk1 and sk2 send the fields on later sites through one to three layers, and tap is sk0 with the fields that later sites make on one another, at N^3 operations.
        head: Head = Head::None, names(&["none", "cw", "cw_infinite", "one_parameter", "linear", "sk0", "sk1", "sk2", "tap"])
            .range("\"arnn\": any but \"none\", \"tap\" to 512 sites; others: \"none\"").derived("for \"arnn\" cw with one coupling; with others tap to 256 sites unless `objective` is reverse, and sk0 else").flag("head", "NAME").short("How \"arnn\" turns fields into probabilities").later();
        /// Hidden units per input site; several for levels of their own from the boundary down, of which the last holds for all further ones.
        width: Widths = Widths::all(4), integers(1, 64).derived("1 on the cubic lattice from `size` 16 on, and for \"arnn\"").flag("width", "N,..");
        /// Hidden layers.
        depth: usize = 1, integer(1, 3)
            .derived("3 on the triangular lattice with J < 0 from beta |J| = 0.5 on at H = 0")
            .flag("depth", "N");
        /// Steps along every axis within which hidden units see sites and one another, in patches of 32 weights by 32 (0: everything): patches
        /// without such a pair cost no time, and what is in no patch the linear term alone sees.
        reach: u32 = 0, integer(0, 512).derived("3 on the cubic lattice from `size` 16 on").flag("reach", "N").short("Steps that hidden units see; 0: all").later();
        /// The order in which a net draws the sites of the complete lattice: that of their index, or always next the one with the strongest couplings to those left.
        site_order: SiteOrder = SiteOrder::Index, names(&["index", "strongest"]).range("\"index\" where not all sites are neighbours").derived("\"strongest\" for \"arnn\" with couplings of single bonds").later();
        /// Whether logits have a learned linear term, which starts from the couplings.
        skip: bool = true, switch();
        /// Whether the spin-flip symmetry is built in, or that of moving all colours on.
        gauge: bool = true, switch().range("false when `field` is not 0, or `colours` is shared").derived("false when `field` is not 0, or `colours` is shared");
        /// Whether the net of the first level is mixed with its mirror image, or with its images under all moves of the colours, instead of a gauge, which keeps what is rare in order and costs a pass of that net
        /// for each.
        mixture: bool = false, switch().range("false without `gauge`").derived("true with `gauge`; false for \"van\" and \"arnn\" unless it is asked for").later();
        /// Whether colours of Potts spins have inputs and logits of their own (one-hot), or share one net, which sees a colour against all others and is symmetric under all their
        /// exchanges (shared).
        colours: Colours = Colours::OneHot, names(&["one-hot", "shared"]).range("\"one-hot\" for \"ising\" and where `field` is not 0; \"shared\" without `gauge`").derived("\"shared\" from five `states` and `size` 16 on at H = 0").later();
        /// How boxes are split into those of the next level: in halves, or squares in four by crosses, as published.
        cut: Cut = Cut::Halves, names(&["halves", "crosses"]).range("\"halves\" but on the square lattice with `exact_length` 0").flag("cut", "NAME").short("Split of boxes").later();
        /// Side of the squares or cubes whose insides are summed exactly, without nets; it is counted from one line of the border to the opposite one, so that a square of side 8 has 7 x 7 spins inside and one of side 2 a single spin.
        exact_bottom: u32 = 8, integer(0, 512).range("8, 4 or 2, at most the default; on the square lattice 16 on the CPU, and 4 to `size` with `bottom` mps; 0 for \"van\" and \"arnn\"")
            .derived("at most `size`; `size` with `bottom` mps; 2 when beta |J| or beta |H| is above 4, and on the triangular lattice; 4 on the cubic lattice, 2 there above 1.8; 0 for \"van\" and \"arnn\"; for \"potts\" 4 from four `states` on, 2 from thirteen on, on the cubic lattice and with `couplings`")
            .flag("exact-bottom", "L").short("Side of boxes that are summed exactly");
        /// Length of the boxes whose insides are summed exactly: twice `exact_bottom` makes strips (8 x 16) and bars (4 x 4 x 8) of them, which leave fewer spins to nets, and 0 keeps squares and cubes.
        exact_length: u32 = 0, integer(0, 512).range("0, or twice `exact_bottom` and at most `size`; 0 with `exact_bottom` 2, on the triangular lattice and for \"van\"")
            .derived("16 on the square lattice from `size` 16 on and 8 on the cubic one from 8 on, where `exact_bottom` is half of it and `cut` is not crosses; 0 for \"potts\"")
            .flag("exact-length", "L").short("Length of these boxes").later();
        /// The way in which the insides of these boxes are drawn: by exact sums, or by a tensor network, a boundary matrix product state (mps), which takes boxes up to
        /// the whole lattice and leaves its boundary alone to nets.
        bottom: BottomKind = BottomKind::Exact, names(&["exact", "mps"]).range("\"exact\" but for \"han\" with Ising spins on the square lattice").flag("bottom", "NAME").short("How these are drawn").later();
        /// States of a bond of the tensor network, at most 16 on a GPU: time grows with their third power.
        bond_dimension: usize = 8, integer(1, MOST_BOND_STATES as i64).flag("bond-dimension", "D").short("States of a bond of the tensor network").later();
        /// Numbers that a GPU keeps hidden state in and that nets compute with: f32, or f16 where the GPU offers it;
        /// checkpoints stay f32.
        storage: Storage = Storage::F32, names(&["f32", "f16"]).flag("storage", "NAME").short("Numbers on a GPU").later();
    }
    Training {
        /// Configurations per step; baselines need at least two.
        batch: usize = 512, integer(2, MAX_BATCH as i64).flag("batch", "N");
        /// Configurations on the device at a time; 0: as many as fit, and a run's own file holds how many that were.
        chunk: usize = 0, integer(0, MAX_BATCH as i64).range("0, or an equal part of `batch` of at least 2").later().free();
        /// Training steps.
        steps: u32 = 4000, integer(1, u32::MAX as i64).derived("8000 where `depth` is 3 by default, on the cubic lattice from `size` 16 on, and with `couplings` from `size` 16 and beta times the mean |J| of 1.5 on; 12000 for \"arnn\" with 129 to 256 sites, unless `head` is cw or tap or `objective` is reverse").flag("steps", "N");
        /// What is minimised: KL(q | p) on the network's own samples (reverse), KL(p | q) on configurations by Monte Carlo
        /// (forward), or first the one with p and then more and more the other (mixed).
        objective: Objective = Objective::Reverse, names(&["reverse", "forward", "mixed"])
            .derived("\"mixed\" from L = 64 on (cubic: 16), from beta |J| = 0.5 (cubic: 0.24) on at H = 0 (\"forward\" there without `mixture`), and where `depth` is 3 by default; \"reverse\" with `couplings` and on the complete lattice, but \"mixed\" for \"arnn\" to 256 sites, unless `head` is cw; for \"potts\" \"mixed\" at H = 0 from beta J = 0.95 (cubic: 0.5) times ln(1 + the root of `states`) on")
            .flag("objective", "NAME").short("Loss");
        /// Share of forward steps in the mixed objective, where they thin out over twice that share of the run.
        forward_share: f64 = 0.3, number(0.0, 0.5).derived("0.5 where `depth` is 3 by default, and for \"arnn\" with 129 to 256 sites");
        /// Configurations by Monte Carlo that forward steps learn from.
        pool: usize = 16_384, integer(1, MAX_POOL_SPINS as i64).range("1 to 2^31 over the sites").derived("fewer above L = 128; 65536 for \"arnn\" with 129 to 256 sites");
        /// Value that is subtracted from rewards: a regression on the border and the rest of the reward, or the global mean.
        baseline: Baseline = Baseline::Regression, names(&["regression", "global"]);
        /// Largest learning rate, after the warm-up.
        learning_rate: f64 = 0.01, number(0.0, 1000.0)
            .derived("lower on the cubic lattice from `size` 16 on where beta |J| is below 0.2, times (beta |J| / 0.2)^3; for \"potts\" with half of its beta |J|, and half of all that with `colours` one-hot; 0.003 for \"arnn\" where it has 129 sites or more, or learns with the reverse objective; 0.01 with the head cw")
            .flag("lr", "X").short("Largest learning rate");
        /// Whether nets with more than 60 inputs learn at a lower rate, times 60 over their inputs.
        scale_rate: bool = true, switch();
        /// Learning rate of the linear terms over that of their net.
        skip_rate: f64 = 1.0, number(0.0, 1000.0).derived("0.5 with `scale_rate`").later();
        /// Course of the learning rate after the warm-up.
        rate_schedule: RateSchedule = RateSchedule::Cosine, names(&["cosine", "constant"]);
        /// Share of the steps over which the learning rate rises from 0.
        warmup: f64 = 0.05, number(0.0, 1.0);
        /// Last learning rate over the largest, for the cosine.
        final_rate: f64 = 0.001, number(0.0, 1.0);
        /// Beta of step t is `beta (1 - annealing^t)`.
        annealing: f64 = 0.0, below(0.0, 1.0).derived("exp(-5 / `steps`) with couplings of single bonds, and on the complete lattice; 0 there for \"arnn\" with the head cw, and with the mixed objective by default");
        /// Adam's decay of the first moment.
        adam_beta1: f64 = 0.9, below(0.0, 1.0);
        /// Adam's decay of the second moment.
        adam_beta2: f64 = 0.999, below(0.0, 1.0);
        /// Adam's epsilon, added to the root of the second moment.
        adam_epsilon: f64 = 1e-8, number(0.0, 1.0);
        /// Largest gradient norm; 0: no limit.
        clip: f64 = 0.0, number(0.0, f64::MAX);
        /// Run folder to take nets from: a run of the same lattice, couplings and shape of nets, of the same size, or (not for van) of half the size and the same beta; empty: none.
        init_from: String = String::new(), text().flag("init-from", "DIR").free();
    }
    Run {
        /// Seed of initial parameters and of every sample.
        seed: u32 = 0, integer(0, u32::MAX as i64).flag("seed", "N").short("Seed of parameters and samples");
        /// auto, cpu, or index or name of a GPU as `han-gpu devices` lists them.
        device: String = "auto".to_owned(), text().range("see below").flag("device", "NAME").short("auto, cpu, or a GPU by index or name");
        /// Steps between rows of `metrics.csv`.
        metrics_every: u32 = 10, integer(1, u32::MAX as i64);
        /// Steps between checkpoints.
        checkpoint_every: u32 = 500, integer(1, u32::MAX as i64);
        /// Samples of the closing evaluation.
        evaluation_samples: usize = 50_000, integer(2, MAX_SAMPLES as i64);
        /// Configurations by Monte Carlo that the network is checked with at the end; 0: none.
        verification_samples: usize = 2_000, integer(0, MAX_POOL_SPINS as i64)
            .range("0, or 100 to 2^31 over the sites").derived("fewer above L = 256");
    }
}
