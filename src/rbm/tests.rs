//! Machines small enough to be enumerated.

use super::exact::configuration;
use super::*;
use crate::lattice::{Lattice, Spins};
use crate::random::Stream;
use rand::RngExt;

fn machine(side: u32, spins: Spins, hidden: usize) -> Machine {
    Machine::new(Lattice::square(side).unwrap(), spins, hidden).unwrap()
}

/// Parameters of size 1, of different signs.
fn parameters(machine: &Machine, seed: u32) -> Parameters {
    let mut stream = Stream::new(seed, 1);
    let mut draw = |count: usize| (0..count).map(|_| stream.random_range(-1.0..1.0)).collect::<Vec<f32>>();
    Parameters {
        weights: draw(machine.visible() * machine.hidden),
        visible: draw(machine.visible()),
        hidden: draw(machine.hidden),
    }
}

fn states(machine: &Machine) -> u64 {
    (machine.spins.states() as u64).pow(machine.lattice.sites() as u32)
}

/// p of every configuration.
fn probabilities(machine: &Machine, parameters: &Parameters) -> Vec<f64> {
    let ln_z = ln_z(machine, parameters).unwrap();
    let ln_p = |state| parameters.ln_weight(machine, &configuration(machine, state)) - ln_z;
    (0..states(machine)).map(|state| ln_p(state).exp()).collect()
}

const KINDS: [(u32, Spins, usize); 4] = [
    (3, Spins::Ising, 4),
    (2, Spins::Ising, 37),
    (2, Spins::Potts { states: 3 }, 5),
    (2, Spins::Potts { states: 5 }, 33),
];

#[test]
fn both_sides_have_the_same_sum() {
    for (side, spins, hidden) in
        [(3, Spins::Ising, 4), (2, Spins::Potts { states: 3 }, 5), (2, Spins::Ising, 6)]
    {
        let machine = machine(side, spins, hidden);
        let total: f64 = probabilities(&machine, &parameters(&machine, 3)).iter().sum();
        assert!((total - 1.0).abs() < 1e-12, "{machine:?}: {total}");
    }
}

#[test]
fn weights_of_the_cpu_are_those_of_the_definition() {
    for (side, spins, hidden) in KINDS {
        let machine = machine(side, spins, hidden);
        let parameters = parameters(&machine, 5);
        let count = states(&machine).min(300);
        let all: Vec<i8> = (0..count).flat_map(|state| configuration(&machine, state)).collect();
        let bits = Bits::of_spins(&machine, &all);
        let base = vec![0.0; machine.visible()];
        let found = Cpu::<f64>::new(machine, &parameters).ln_weights(&bits, 1.0, &base);
        let single = Cpu::<f32>::new(machine, &parameters).ln_weights(&bits, 1.0, &base);
        for ((spins, found), single) in all.chunks(machine.lattice.sites()).zip(found).zip(single) {
            let expected = parameters.ln_weight(&machine, spins);
            assert!(
                (found - expected).abs() < 1e-12 * (1.0 + expected.abs()),
                "{machine:?}: {found}, {expected}"
            );
            assert!(
                (single - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{machine:?}: {single}, {expected}"
            );
        }
        assert_eq!(Cpu::<f64>::new(machine, &parameters).parameters(), parameters);
    }
}

/// Visible numbers of a configuration, 0 or 1.
fn numbers(machine: &Machine, spins: &[i8]) -> Vec<f64> {
    let bits = Bits::of_spins(machine, spins);
    (0..machine.visible()).map(|number| f64::from(u8::from(bits.get(0, number)))).collect()
}

/// Means of v h, `[visible][hidden]`, of v and of h over configurations with their weights, hidden units by their probabilities.
fn means(
    machine: &Machine,
    parameters: &Parameters,
    weighted: impl Iterator<Item = (Vec<i8>, f64)>,
) -> [Vec<f64>; 3] {
    let mut means =
        [machine.visible() * machine.hidden, machine.visible(), machine.hidden].map(|count| vec![0.0; count]);
    for (spins, weight) in weighted {
        let fields = parameters.fields(machine, &spins);
        let hidden: Vec<f64> = fields.iter().map(|field| weight / (1.0 + (-field).exp())).collect();
        let visible = numbers(machine, &spins);
        for (a, hidden) in hidden.iter().enumerate() {
            means[2][a] += hidden;
            (0..visible.len()).for_each(|j| means[0][j * machine.hidden + a] += visible[j] * hidden);
        }
        means[1].iter_mut().zip(visible).for_each(|(mean, number)| *mean += weight * number);
    }
    means
}

/// The gradient of the mean of ln p over given configurations, by the sum over all of the machine's: for W, b and c.
fn gradient(machine: &Machine, parameters: &Parameters, data: &[i8]) -> [Vec<f64>; 3] {
    let sites = machine.lattice.sites();
    let share = sites as f64 / data.len() as f64;
    let of_data = means(machine, parameters, data.chunks(sites).map(|spins| (spins.to_vec(), share)));
    let all = probabilities(machine, parameters).into_iter().zip(0..);
    let of_model = means(machine, parameters, all.map(|(p, state)| (configuration(machine, state), p)));
    std::array::from_fn(|part| {
        of_data[part].iter().zip(&of_model[part]).map(|(data, model)| data - model).collect()
    })
}

#[test]
fn gradients_are_finite_differences_of_the_likelihood() {
    for (side, spins, hidden) in [(3, Spins::Ising, 4), (2, Spins::Potts { states: 3 }, 5)] {
        let machine = machine(side, spins, hidden);
        let start = parameters(&machine, 9);
        let data: Vec<i8> =
            [1, 5, 7, 40, 77].into_iter().flat_map(|state| configuration(&machine, state)).collect();
        let mean_ln_p = |parameters: &Parameters| {
            let ln_z = ln_z(&machine, parameters).unwrap();
            let rows = data.chunks(machine.lattice.sites());
            rows.map(|spins| parameters.ln_weight(&machine, spins) - ln_z).sum::<f64>() / 5.0
        };
        for (which, gradient) in gradient(&machine, &start, &data).into_iter().enumerate() {
            for (at, found) in gradient.into_iter().enumerate() {
                let slope = |step: f32| {
                    let moved = |by: f32| {
                        let mut moved = start.clone();
                        let value =
                            &mut [&mut moved.weights, &mut moved.visible, &mut moved.hidden][which][at];
                        *value += by;
                        (f64::from(*value), mean_ln_p(&moved))
                    };
                    let ((high, above), (low, below)) = (moved(step), moved(-step));
                    (above - below) / (high - low)
                };
                // The error of second order cancels.
                let numeric = (4.0 * slope(1.0 / 128.0) - slope(1.0 / 64.0)) / 3.0;
                assert!((numeric - found).abs() < 1e-6, "{which}, {at} of {machine:?}: {numeric}, {found}");
            }
        }
    }
}

#[test]
fn steps_are_those_of_centred_units() {
    for (side, spins, hidden) in [(3, Spins::Ising, 4), (2, Spins::Potts { states: 3 }, 37)] {
        let machine = machine(side, spins, hidden);
        let start = parameters(&machine, 9);
        let rows = |first: u64| -> Vec<i8> {
            (0..50).flat_map(|row| configuration(&machine, (first + 7 * row) % states(&machine))).collect()
        };
        let (data, model) = (rows(3), rows(20));
        let mut cpu = Cpu::<f64>::new(machine, &start);
        let side = |spins: &[i8]| {
            let bits = Bits::of_spins(&machine, spins);
            let mut turned = Bits::zeros(machine.visible(), bits.rows);
            bits.transpose_into(&mut turned);
            (turned, cpu.hidden_probabilities(&bits))
        };
        let ((of_data, hidden_of_data), (of_model, hidden_of_model)) = (side(&data), side(&model));
        let (rate, decay) = (0.25, 0.5);
        let statistics = |visible, hidden| Statistics { visible, hidden };
        cpu.learn(
            statistics(&of_data, &hidden_of_data),
            statistics(&of_model, &hidden_of_model),
            rate,
            decay,
        );
        let found = cpu.parameters();
        let sites = machine.lattice.sites();
        let mean = |spins: &[i8]| {
            means(&machine, &start, spins.chunks(sites).map(|spins| (spins.to_vec(), 1.0 / 50.0)))
        };
        let (mean_data, mean_model) = (mean(&data), mean(&model));
        let differ = |part: usize, at: usize| mean_data[part][at] - mean_model[part][at];
        let step = |j: usize, a: usize| {
            differ(0, j * hidden + a) - mean_data[1][j] * differ(2, a) - differ(1, j) * mean_data[2][a]
        };
        let close = |found: f32, expected: f64| {
            assert!((f64::from(found) - expected).abs() < 1e-6, "{found}, {expected}")
        };
        for j in 0..machine.visible() {
            for a in 0..hidden {
                let old = f64::from(start.weights[j * hidden + a]);
                close(found.weights[j * hidden + a], old * (1.0 - rate * decay) + rate * step(j, a));
            }
            let moved = differ(1, j) - (0..hidden).map(|a| step(j, a) * mean_data[2][a]).sum::<f64>();
            close(found.visible[j], f64::from(start.visible[j]) + rate * moved);
        }
        for a in 0..hidden {
            let moved =
                differ(2, a) - (0..machine.visible()).map(|j| mean_data[1][j] * step(j, a)).sum::<f64>();
            close(found.hidden[a], f64::from(start.hidden[a]) + rate * moved);
        }
    }
}

#[test]
fn long_chains_from_the_data_find_the_gradient() {
    let machine = machine(3, Spins::Ising, 4);
    let start = parameters(&machine, 9);
    let data: Vec<i8> =
        [1, 5, 7, 40, 77].into_iter().flat_map(|state| configuration(&machine, state)).collect();
    let rows = 20_000;
    let cpu = Cpu::<f32>::new(machine, &start);
    let mut visible = Bits::of_spins(&machine, &data.repeat(rows / 5));
    let mut hidden = Bits::zeros(rows, machine.hidden);
    for step in 0..60 {
        let draw = |stage| Draw { seed: 6, step, stage, first: 0 };
        cpu.draw_hidden(&visible, 1.0, draw(0), &mut hidden);
        cpu.draw_visible(&hidden, 1.0, None, draw(1), &mut visible);
    }
    let share = 1.0 / rows as f64;
    let model = visible.spins(&machine);
    let of_model = means(&machine, &start, model.chunks(9).map(|spins| (spins.to_vec(), share)));
    let of_data = means(&machine, &start, data.chunks(9).map(|spins| (spins.to_vec(), 0.2)));
    for (part, exact) in gradient(&machine, &start, &data).into_iter().enumerate() {
        for (at, exact) in exact.into_iter().enumerate() {
            let found = of_data[part][at] - of_model[part][at];
            // Five standard errors of a number of spread one half at most.
            assert!((found - exact).abs() < 5.0 * 0.5 * share.sqrt(), "{part}, {at}: {found}, {exact}");
        }
    }
}

#[test]
fn sweeps_have_the_frequencies_of_the_machine() {
    for (side, spins, hidden) in [(2, Spins::Ising, 4), (2, Spins::Potts { states: 3 }, 3)] {
        let machine = machine(side, spins, hidden);
        let parameters = parameters(&machine, 11);
        let cpu = Cpu::<f32>::new(machine, &parameters);
        let (rows, sweeps) = (500, 200);
        let mut visible = Bits::of_spins(&machine, &configuration(&machine, 0).repeat(rows));
        let mut units = Bits::zeros(rows, hidden);
        let mut counts = vec![0.0; states(&machine) as usize];
        for step in 0..sweeps {
            let draw = Draw { seed: 4, step, stage: 0, first: 0 };
            cpu.draw_hidden(&visible, 1.0, draw, &mut units);
            cpu.draw_visible(&units, 1.0, None, Draw { stage: 1, ..draw }, &mut visible);
            for spins in visible.spins(&machine).chunks(machine.lattice.sites()).filter(|_| step >= 20) {
                let number =
                    (0..counts.len()).find(|&state| configuration(&machine, state as u64) == spins).unwrap();
                counts[number] += 1.0;
            }
        }
        // Configurations of a chain are correlated: their variance is a few times that of independent ones.
        let total: f64 = counts.iter().sum();
        let chi_square: f64 = probabilities(&machine, &parameters)
            .iter()
            .zip(&counts)
            .map(|(p, count)| (count - p * total).powi(2) / (p * total))
            .sum();
        let freedom = (counts.len() - 1) as f64;
        assert!(
            chi_square < 3.0 * freedom + 4.0 * (18.0 * freedom).sqrt(),
            "{machine:?}: {chi_square} of {freedom}"
        );
    }
}

#[test]
fn conditionals_of_single_sites_are_those_of_all_configurations() {
    for (side, spins, hidden) in [(2, Spins::Ising, 37), (2, Spins::Potts { states: 3 }, 5)] {
        let machine = machine(side, spins, hidden);
        let parameters = parameters(&machine, 13);
        let probabilities = probabilities(&machine, &parameters);
        let count = states(&machine);
        let all: Vec<i8> = (0..count).flat_map(|state| configuration(&machine, state)).collect();
        let cpu = Cpu::<f64>::new(machine, &parameters);
        let found = cpu.pseudo_likelihood(&Bits::of_spins(&machine, &all), 1);
        let sites = machine.lattice.sites();
        let values = machine.spins.states() as u64;
        for (state, found) in (0..count).zip(found) {
            let of_site = |site: u32| {
                let place = values.pow(site);
                let others = state - state / place % values * place;
                let sum: f64 =
                    (0..values).map(|value| probabilities[(others + value * place) as usize]).sum();
                (probabilities[state as usize] / sum).ln()
            };
            let expected = (0..sites as u32).map(of_site).sum::<f64>() / sites as f64;
            assert!((found - expected).abs() < 1e-9, "{machine:?}, {state}: {found}, {expected}");
        }
    }
}

#[test]
fn annealed_sums_are_the_exact_ones() {
    for (side, spins, hidden) in
        [(3, Spins::Ising, 4), (4, Spins::Ising, 20), (2, Spins::Potts { states: 4 }, 5)]
    {
        let machine = machine(side, spins, hidden);
        let parameters = parameters(&machine, 17);
        let found = Cpu::<f32>::new(machine, &parameters).annealed_ln_z(3, |_| ());
        let exact = ln_z(&machine, &parameters).unwrap();
        assert!(found.deviation(exact).abs() < 4.0 && found.error < 0.1, "{machine:?}: {found:?}, {exact}");
    }
}

#[test]
fn annealed_sums_find_both_phases_of_a_machine_that_learned_them() {
    // Biases of a machine of ground states favour one phase by far; only its hidden units balance them.
    for (recipe, rate) in
        [("size=6 temperatures=0 count=500", 0.5), ("size=4 temperatures=1,2 fields=-0.5,0.5 count=100", 1.0)]
    {
        let data = Data::draw(&Recipe::parse(recipe).unwrap(), 0, |_| ()).unwrap();
        let settings = Settings {
            lattice: data.lattice.kind(),
            size: data.lattice.side(),
            model: data.spins.model(),
            states: 2,
            hidden: 10,
            steps: 3000,
            batch: 100,
            sweeps: 1,
            persistent: false,
            learning_rate: rate,
            rate_schedule: RateSchedule::Linear,
            weight_decay: 0.0,
            held_out: 0.1,
            metrics_every: 3000,
            checkpoint_every: 3000,
            seed: 0,
            data: Vec::new(),
            generate: recipe.to_owned(),
            fingerprint: data.fingerprint().to_string(),
            device: "cpu".to_owned(),
        };
        let mut training =
            Training::new(&settings, &data, &State::initial(&settings, &data).unwrap()).unwrap();
        training.advance(3000, || true).unwrap();
        let parameters = training.state().unwrap().parameters;
        let machine = settings.machine().unwrap();
        let found = Cpu::<f32>::new(machine, &parameters).annealed_ln_z(3, |_| ());
        let exact = ln_z(&machine, &parameters).unwrap();
        assert!(found.deviation(exact).abs() < 4.0 && found.error < 0.2, "{recipe}: {found:?}, {exact}");
    }
}

#[test]
fn mean_fields_are_sigmoids_of_real_numbers() {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    for (spins, side, hidden) in [(Spins::Ising, 3, 5), (Spins::Potts { states: 3 }, 2, 4)] {
        let machine = machine(side, spins, hidden);
        let (visible, parameters) = (machine.visible(), parameters(&machine, 4));
        let mut stream = Stream::new(4, 0);
        let start: Vec<f32> = (0..2 * visible).map(|_| stream.random_range(0.0..1.0)).collect();
        let mut means = start.clone();
        MeanField::<f32>::new(machine, &parameters).reconstruct(&mut means);
        for (row, found) in start.chunks(visible).zip(means.chunks(visible)) {
            let weight = |number: usize, unit: usize| f64::from(parameters.weights[number * hidden + unit]);
            let unit = |unit: usize| {
                let sum: f64 =
                    row.iter().enumerate().map(|(number, &v)| f64::from(v) * weight(number, unit)).sum();
                sigmoid(f64::from(parameters.hidden[unit]) + sum)
            };
            let units: Vec<f64> = (0..hidden).map(unit).collect();
            let field = |number: usize| {
                let sum: f64 = units.iter().enumerate().map(|(unit, h)| h * weight(number, unit)).sum();
                f64::from(parameters.visible[number]) + sum
            };
            for (number, &mean) in found.iter().enumerate() {
                let expected = match spins {
                    Spins::Ising => sigmoid(field(number)),
                    Spins::Potts { .. } => {
                        let first = number / 3 * 3;
                        field(number).exp() / (first..first + 3).map(|other| field(other).exp()).sum::<f64>()
                    }
                };
                assert!((f64::from(mean) - expected).abs() < 1e-6, "{spins:?} {number}: {mean}, {expected}");
            }
        }
    }
}
