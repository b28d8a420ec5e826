//! A heat bath of all spins of replicas, each at its own temperature, with the sums of bonds and spins that it leaves behind.

use crate::cpu::{Call, Real};
use crate::kernels::{Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};
use crate::lattice::{Adjacency, Interaction};
use crate::random::philox;
use rayon::prelude::*;

/// Sets these random numbers apart from those of nets.
const TAG: u32 = 0x7e3d;

pub(crate) const KERNEL: Description = Description {
    name: "sweep_replicas",
    phase: Phase::MonteCarlo,
    shader: shader!("monte_carlo/sweep_replicas"),
    draws: false,
    reads: &[Slot::Step, Slot::Betas, Slot::Bonds],
    writes: &[Slot::Spins, Slot::ConfigurationSums],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |choice| {
        let lattice = choice.lattice;
        lanes_and([("SITES", lattice.sites()), ("COORDINATION", lattice.coordination())])
    },
    work: Work::Whole {
        cost: |whole| {
            let lattice = whole.model.system.lattice;
            Cost { operations: 3 * lattice.coordination() * whole.spins(), ..Cost::moving(whole.spins()) }
        },
        workgroups: |whole, _| groups_of(whole.batch),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>) {
    let (batch, sites) = (state.batch, model.hierarchy.sites);
    let adjacency = Adjacency::new(&model.system);
    let old = &state.spins;
    let swept = (0..batch).into_par_iter().map(|replica| {
        let mut spins: Vec<i8> = (0..sites).map(|site| old[site * batch + replica]).collect();
        let number = inputs.first_configuration + replica as u32;
        let key = [inputs.seed, inputs.step];
        let sums = sweep(&mut spins, &adjacency, model.system.interaction, state.betas[replica], |four| {
            philox(key, [number, 0, four, TAG])
        });
        (spins, sums)
    });
    let swept: Vec<(Vec<i8>, [i32; 2])> = swept.collect();
    for (replica, (spins, sums)) in swept.into_iter().enumerate() {
        spins.iter().enumerate().for_each(|(site, &spin)| state.spins[site * batch + replica] = spin);
        state.configuration_sums[replica] = sums;
    }
}

/// Sums of bonds and spins, each times its weight.
fn sweep<R: Real>(
    spins: &mut [i8],
    adjacency: &Adjacency,
    units: Interaction,
    beta: R,
    words_of: impl Fn(u32) -> [u32; 4],
) -> [i32; 2] {
    let [coupling, field] = [units.coupling, units.field].map(|unit| R::of(2.0 * unit));
    let (mut words, mut sums) = ([0; 4], [0; 2]);
    for site in 0..spins.len() {
        if site.is_multiple_of(4) {
            words = words_of(site as u32 / 4);
        }
        // Weighted sums over neighbours that have had their turn, and over those still to come.
        let [mut had, mut to_come] = [0; 2];
        for (neighbour, weight) in adjacency.bonds_of(site) {
            let sum = if (neighbour as usize) < site { &mut had } else { &mut to_come };
            *sum += weight * i32::from(spins[neighbour as usize]);
        }
        let own = adjacency.site_weight(site);
        let logit = beta * (coupling * R::of_integer(had + to_come) + field * R::of_integer(own));
        let spin = logit.heat_bath(R::of(f64::from(words[site % 4]) * 2.0_f64.powi(-32)));
        spins[site] = spin;
        sums[0] += i32::from(spin) * had;
        sums[1] += i32::from(spin) * own;
    }
    sums
}
