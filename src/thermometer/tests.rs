use super::{Calibration, Network, Thermometer, Thermometers, pseudo_likelihood};
use crate::estimate::Estimate;
use crate::lattice::{Interaction, Lattice, System};
use crate::mc;

fn square(side: u32, field: f64) -> System {
    System::uniform(Lattice::square(side).unwrap(), Interaction { coupling: 1.0, field })
}

#[test]
fn all_thermometers_read_the_temperature_of_monte_carlo() {
    let system = square(10, 0.0);
    let temperatures: Vec<f64> = (0..25).map(|number| 0.25 * f64::from(number)).collect();
    let mut thermometers = Thermometers::new("cpu", &system, &temperatures, 3, |_| ()).unwrap();
    for temperature in [1.5, 2.0, 2.27, 2.5, 3.0, 4.0] {
        let spins = mc::configurations(&system, temperature, 4000, 77).unwrap();
        let readings = thermometers.read(&spins).unwrap();
        // A network knows temperatures near the ends of its own less well, and so does the magnetisation far above the transition.
        for (by, most) in Thermometer::ALL.into_iter().zip([0.02, 0.04, 0.02, 0.04]) {
            let Estimate { value, error } = readings.temperature(by);
            assert!(
                (value / temperature - 1.0).abs() < most,
                "{} at {temperature}: {value} +- {error}",
                by.name()
            );
        }
        let sum: f64 = readings.distribution.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
    let [peak, heat] = thermometers.calibration().peak();
    // The exact specific heat of 10 x 10 is largest at T = 2.3448.
    assert!((peak - 2.345).abs() < 0.003 && heat > 1.25, "{peak}, {heat}");
    let random = thermometers.read(&mc::configurations(&system, f64::INFINITY, 1000, 5).unwrap()).unwrap();
    assert!(random.temperature(Thermometer::Energy).value > 20.0);
    let frozen = thermometers.read(&mc::configurations(&system, 0.0, 10, 5).unwrap()).unwrap();
    assert_eq!(frozen.temperature(Thermometer::PseudoLikelihood).value, 0.0);
}

#[test]
fn calibrations_follow_fields_and_colours() {
    let potts = System::potts(Lattice::square(10).unwrap(), Interaction { coupling: 1.0, field: 0.0 }, 3);
    for (system, beta) in [(square(9, 0.5), 0.4), (potts.unwrap(), 0.95)] {
        let calibration = Calibration::with_count(&system, 1000, 1, |_| ()).unwrap();
        let spins = mc::configurations(&system, 1.0 / beta, 2000, 3).unwrap();
        let sites = system.lattice.sites();
        let mean = |value: &dyn Fn(&[i8]) -> f64| {
            Estimate::mean(&spins.chunks_exact(sites).map(value).collect::<Vec<_>>())
        };
        let energy = calibration.by_energy(mean(&|spins| system.energy(spins) / sites as f64));
        let order = calibration.by_order(mean(&|spins| super::order(&system, spins)));
        for found in [energy, order, pseudo_likelihood(&system, &spins)] {
            assert!((found.value / beta - 1.0).abs() < 0.02, "{system}: {found:?}");
        }
    }
}

#[test]
fn networks_are_a_function_of_the_seed() {
    let system = square(4, 0.0);
    let spins = mc::configurations(&system, 2.0, 50, 1).unwrap();
    let reading = |seed| {
        let mut network = Network::with_steps("cpu", &system, &[1.0, 2.0, 4.0], 100, seed, |_| ()).unwrap();
        network.read(&spins).unwrap()
    };
    assert_eq!(reading(1), reading(1));
    assert_ne!(reading(1), reading(2));
}
