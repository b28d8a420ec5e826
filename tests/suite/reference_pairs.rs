//! The plain reference of networks of pairs: logits of one configuration in f64 loops, written from docs/FORMATS.md alone.

use han_gpu::conditional::Head;

/// A network of pairs and its system.
pub(crate) struct Pairs<'a> {
    pub(crate) head: Head,
    /// Whether spins are turned by the first of them, where the head is not odd by itself.
    pub(crate) has_gauge: bool,
    /// Values of a tensor by its name without its level.
    pub(crate) tensor: &'a dyn Fn(&str) -> &'a [f64],
    pub(crate) beta: f64,
    /// beta J of a bond.
    pub(crate) coupling: &'a dyn Fn(usize, usize) -> f64,
    /// beta H by site.
    pub(crate) fields: &'a [f64],
}

impl Pairs<'_> {
    /// ln q of a configuration, +-1.
    pub(crate) fn ln_q(&self, spins: &[f64]) -> f64 {
        let is_odd = matches!(self.head, Head::Cw | Head::CwInfinite | Head::OneParameter);
        let is_turned = self.has_gauge && !is_odd;
        let gauge = if is_turned { spins[0] } else { 1.0 };
        let spins: Vec<f64> = spins.iter().map(|spin| gauge * spin).collect();
        let logit = |site: usize| if site == 0 && is_turned { 0.0 } else { self.logit(&spins, site) };
        spins.iter().enumerate().map(|(site, spin)| -(-spin * logit(site)).exp().ln_1p()).sum()
    }

    /// beta x_l: what the spins before a site make of the field on a site.
    fn field(&self, spins: &[f64], before: usize, on: usize) -> f64 {
        (0..before).map(|other| (self.coupling)(other, on) * spins[other]).sum()
    }

    fn logit(&self, spins: &[f64], site: usize) -> f64 {
        let x = self.field(spins, site, site);
        let own = 2.0 * self.fields[site];
        match self.head {
            Head::None => panic!("no network of pairs"),
            Head::Cw => self.exact_logit(spins, site),
            Head::CwInfinite => {
                let sign = if x == 0.0 { 0.0 } else { x.signum() };
                self.beta * (self.tensor)("sign")[site] * sign + (self.tensor)("field")[0] * x + own
            }
            Head::OneParameter => (self.tensor)("field")[site] * x + own,
            Head::Linear => {
                let weights = (self.tensor)("weight");
                let of = |earlier: usize| weights[self.pair(earlier, site)] * spins[earlier];
                self.beta * ((self.tensor)("bias")[site] + (0..site).map(of).sum::<f64>())
            }
            Head::Sk0 | Head::Sk1 | Head::Sk2 | Head::Tap => {
                let corrections =
                    if self.head == Head::Tap { self.corrections(spins, site) } else { Vec::new() };
                let own = self.beta * (self.tensor)("bias")[site] + (self.tensor)("field")[site] * x;
                let behind = (site + 1..spins.len()).map(|later| {
                    let (x, pair) = (self.field(spins, site, later), self.pair(site, later));
                    let felt = |sign: &str| match corrections.get(later - site - 1) {
                        Some(correction) => {
                            x + (self.tensor)(&format!("{sign}.correction"))[pair] * correction
                        }
                        None => x,
                    };
                    ["plus", "minus"]
                        .map(|sign| self.through_layers(sign, pair, felt(sign)))
                        .iter()
                        .sum::<f64>()
                });
                own + behind.sum::<f64>()
            }
        }
    }

    /// beta y of every site behind a site: three turns of the mean-field equations.
    fn corrections(&self, spins: &[f64], site: usize) -> Vec<f64> {
        let behind: Vec<usize> = (site + 1..spins.len()).collect();
        let (mut corrections, mut before) = (vec![0.0; behind.len()], vec![0.0; behind.len()]);
        for _ in 0..3 {
            let orders: Vec<f64> = behind
                .iter()
                .zip(&corrections)
                .map(|(&l, y)| (self.field(spins, site, l) + self.fields[l] + y).tanh())
                .collect();
            for (place, &l) in behind.iter().enumerate() {
                let others = || behind.iter().zip(&orders).filter(move |(k, _)| **k != l);
                let sum: f64 = others().map(|(&k, m)| (self.coupling)(l, k) * m).sum();
                let reaction: f64 =
                    others().map(|(&k, m)| (self.coupling)(l, k).powi(2) * (1.0 - m * m)).sum();
                corrections[place] = sum - before[place] * reaction;
            }
            before = orders;
        }
        corrections
    }

    fn through_layers(&self, sign: &str, pair: usize, beta_x: f64) -> f64 {
        let of = |part: &str| (self.tensor)(&format!("{sign}.{part}"))[pair];
        let mut value = 0.0;
        for layer in 0..self.head.layers() {
            let [weight, bias] = ["weight", "bias"].map(|part| of(&format!("layer{layer}.{part}")));
            let z = if layer == 0 { self.beta * bias + weight * beta_x } else { bias + weight * value };
            value = -(-z).exp().ln_1p();
        }
        of("output") * value
    }

    /// The number of a pair: of every site in order those with all later ones.
    fn pair(&self, site: usize, later: usize) -> usize {
        let sites = self.fields.len();
        (0..site).map(|earlier| sites - earlier - 1).sum::<usize>() + later - site - 1
    }

    /// ln of the ratio of the sums over all spins behind a site, by how many of them are up.
    fn exact_logit(&self, spins: &[f64], site: usize) -> f64 {
        let behind = spins.len() - site - 1;
        let (coupling, field) = ((self.coupling)(0, 1), self.fields[0]);
        let before: f64 = spins[..site].iter().sum();
        let ways = |up: usize| (1..=up).map(|k| (behind + 1 - k) as f64 / k as f64).product::<f64>();
        let sum = |spin: f64| -> f64 {
            let of_up = |up: usize| {
                let total = before + spin + 2.0 * up as f64 - behind as f64;
                ways(up) * (coupling * total * total / 2.0 + field * total).exp()
            };
            (0..=behind).map(of_up).sum()
        };
        (sum(1.0) / sum(-1.0)).ln()
    }
}
