//! Flows small enough for derivatives by differences.

use super::*;
use crate::estimate::Estimate;
use crate::random::Stream;
use rand::RngExt;

/// A flow with parameters up to 0.5 of both signs, so that nothing in it is close to 0 or to the identity.
fn random_flow(architecture: Architecture) -> Flow<f64> {
    let flow = Flow::<f64>::new(architecture, 3).unwrap();
    let mut stream = Stream::new(11, 0);
    let parameters = flow.parameters().iter().map(|_| stream.random_range(-0.5..0.5)).collect();
    flow.with_parameters(parameters).unwrap()
}

fn small(size: u32) -> Architecture {
    Architecture { layers: 3, hidden: 3, depth: 2, repeat: 1, ..Architecture::new(size) }
}

fn latent(seed: u32, rows: usize, sites: usize) -> Fields<f64> {
    Noise::new(seed, 0, 0).fields(0, rows, sites)
}

fn furthest(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn mixture(architecture: Architecture) -> Architecture {
    Architecture { symmetry: Symmetry::Mixture, ..architecture }
}

#[test]
fn inference_undoes_generation() {
    for (size, parts, rows, symmetry) in [
        (2, Parts::Both, 3, Symmetry::Odd),
        (4, Parts::Disentanglers, 17, Symmetry::Odd),
        (8, Parts::Both, 20, Symmetry::Odd),
        (8, Parts::Decimators, 16, Symmetry::Odd),
        (8, Parts::Both, 20, Symmetry::Mixture),
    ] {
        let architecture = Architecture { parts, layers: 4, repeat: 1, symmetry, ..Architecture::new(size) };
        let flow = random_flow(architecture);
        let sites = flow.stack().sites();
        let z = latent(5, rows, sites);
        let (x, ln_q) = flow.generate(&z);
        let (back, ln_q_back) = flow.infer(&x);
        assert!(furthest(&x.to_rows(), &z.to_rows()) > 0.1, "the flow does something");
        let error = furthest(&back.to_rows(), &z.to_rows());
        assert!(error < 1e-12, "size {size}, {parts:?}: {error}");
        assert!(furthest(&ln_q, &ln_q_back) < 1e-10, "{ln_q:?}, {ln_q_back:?}");

        let flow =
            Flow::<f32>::new(architecture, 3).unwrap().with_parameters(single(flow.parameters())).unwrap();
        let (x_single, ln_q_single) = flow.generate(&Fields::of_rows(&single(&z.to_rows()), sites));
        let wide = |fields: &Fields<f32>| fields.to_rows().into_iter().map(f64::from).collect::<Vec<f64>>();
        // Rounding of x is in proportion to x.
        let largest = x.to_rows().into_iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
        let error = furthest(&wide(&flow.infer(&x_single).0), &z.to_rows());
        assert!(error < 1e-5 * largest, "size {size}, {parts:?} in f32: {error}, x up to {largest}");
        assert!(furthest(&wide(&x_single), &x.to_rows()) < 1e-4);
        assert!(furthest(&ln_q_single, &ln_q) < 1e-4, "{ln_q_single:?}, {ln_q:?}");
    }
}

/// `ln |det|` of a matrix, `[size][size]`, by elimination with pivots.
fn ln_det(mut matrix: Vec<Vec<f64>>) -> f64 {
    let mut sum = 0.0;
    while !matrix.is_empty() {
        let largest =
            (0..matrix.len()).max_by(|&a, &b| matrix[a][0].abs().total_cmp(&matrix[b][0].abs())).unwrap();
        let pivot = matrix.swap_remove(largest);
        sum += pivot[0].abs().ln();
        for row in &mut matrix {
            let factor = row[0] / pivot[0];
            *row = row.iter().zip(&pivot).skip(1).map(|(value, above)| value - factor * above).collect();
        }
    }
    sum
}

#[test]
fn the_determinant_is_that_of_a_numerical_jacobian() {
    for (size, parts, symmetry) in [
        (2, Parts::Both, Symmetry::Odd),
        (4, Parts::Both, Symmetry::Odd),
        (4, Parts::Decimators, Symmetry::Odd),
        (4, Parts::Disentanglers, Symmetry::Odd),
        (4, Parts::Both, Symmetry::Mixture),
    ] {
        let flow = random_flow(Architecture { parts, symmetry, ..small(size) });
        let sites = flow.stack().sites();
        let z: Vec<f64> = latent(7, 1, sites).to_rows().into_iter().map(|z| 2.0 * z).collect();
        let step = 1e-5;
        let shifted: Vec<f64> = (0..2 * sites)
            .flat_map(|row| {
                let mut z = z.clone();
                z[row / 2] += if row % 2 == 0 { step } else { -step };
                z
            })
            .collect();
        let x = flow.generate(&Fields::of_rows(&shifted, sites)).0.to_rows();
        let column =
            |pair: &[f64]| (0..sites).map(|at| (pair[at] - pair[sites + at]) / (2.0 * step)).collect();
        let numerical = ln_det(x.chunks_exact(2 * sites).map(column).collect());
        let ln_q = flow.generate(&Fields::of_rows(&z, sites)).1[0];
        let of_latent = -0.5 * z.iter().map(|z| z * z + std::f64::consts::TAU.ln()).sum::<f64>();
        let found = of_latent - ln_q;
        assert!(numerical.abs() > 1e-3, "{numerical}");
        assert!((found - numerical).abs() < 1e-6, "size {size}, {parts:?}: {found}, {numerical}");
    }
}

#[test]
fn flows_are_odd_and_densities_even_to_the_last_bit() {
    let flow = random_flow(small(8));
    let z = latent(9, 5, 64).to_rows();
    let [(x, ln_q), (image, ln_q_image)] = [1.0, -1.0]
        .map(|sign| flow.generate(&Fields::of_rows(&z.iter().map(|z| sign * z).collect::<Vec<_>>(), 64)));
    let turned: Vec<f64> = image.to_rows().into_iter().map(|x| -x).collect();
    assert_eq!(x.to_rows(), turned);
    assert_eq!(ln_q, ln_q_image);
    assert_ne!(ln_q[0], ln_q[1]);
}

/// ln q of configurations by a mixture of the flow.
fn density(flow: &Flow<f64>, x: &Fields<f64>) -> Vec<f64> {
    let dual = Dual::new(flow.architecture().size, 1.0, 2.5).unwrap();
    Learner::new(flow.clone(), dual).ln_q(x).unwrap()
}

#[test]
fn a_mixture_is_even_and_its_configurations_have_its_density() {
    let flow = random_flow(mixture(small(4)));
    let mut learner = Learner::new(flow.clone(), Dual::new(4, 1.0, 2.5).unwrap());
    let noise = Noise::new(9, 0, 0);
    let (x, ln_q) = learner.draw(noise, 0, [400, 16]).unwrap();
    assert!(furthest(&ln_q, &density(&flow, &x)) < 1e-10);
    assert_eq!(density(&flow, &x), density(&flow, &x.mirrored(|_| true)));
    let (own, of_own) = flow.generate(&noise.fields(0, 400, 16));
    let [up, down] = [1.0, -1.0].map(|sign| {
        let pairs = own.to_rows().into_iter().zip(x.to_rows());
        pairs.filter(|(own, x)| *own == sign * *x).count() / 16
    });
    assert!(up + down == 400 && up.abs_diff(down) < 80, "coins turn half of them: {up}, {down}");
    assert!(furthest(&ln_q, &of_own) > 0.1, "the flow is not odd");
    // The normalisation of q over two configurations that exclude each other.
    let images = flow.infer(&own.mirrored(|_| true)).1;
    for ((ln_q, own), image) in ln_q.iter().zip(of_own).zip(images) {
        assert!(
            (ln_q.exp() - 0.5 * (own.exp() + image.exp())).abs() < 1e-12 * ln_q.exp().max(1e-300) + 1e-14
        );
    }
}

#[test]
fn fields_of_a_mixture_are_turned_back_by_the_probability_that_a_coin_turned_them() {
    let flow = random_flow(mixture(small(2)));
    let noise = Noise::new(5, 0, 0);
    let rows = 20_000;
    let mut learner = Learner::new(flow.clone(), Dual::new(2, 1.0, 2.5).unwrap());
    let (x, _) = learner.draw(noise, 0, [rows, 4]).unwrap();
    let back = flow.unturned(&x, Noise::new(6, 1, 0));
    // Latent numbers of what the flow made are normal, those of a coin's images are not.
    let means = |x: &Fields<f64>| {
        let z = flow.infer(x).0.to_rows();
        let of_site = |site: usize| z.iter().skip(site).step_by(4).copied().collect::<Vec<f64>>();
        [0, 1, 2, 3].map(|site| Estimate::mean(&of_site(site)).deviation(0.0).abs())
    };
    assert!(means(&back).iter().all(|deviation| *deviation < 4.0), "{:?}", means(&back));
    assert!(means(&x).iter().any(|deviation| *deviation > 10.0), "{:?}", means(&x));
    let odd = random_flow(small(2));
    assert_eq!(odd.unturned(&x, noise), x);
}

/// Mean of ln q + E where the flow that makes configurations changes, and the density does not: what the path estimator differentiates.
fn path_loss(flow: &Flow<f64>, fixed: &Flow<f64>, dual: &Dual<f64>, z: &Fields<f64>) -> f64 {
    let (x, _) = flow.generate(z);
    let losses = dual.energies(&x).into_iter().zip(density(fixed, &x)).map(|(energy, ln_q)| energy + ln_q);
    losses.sum::<f64>() / z.rows() as f64
}

/// Compares a gradient with differences of a function of the flow.
fn check_gradient(flow: &Flow<f64>, gradient: &[f64], value: impl Fn(&Flow<f64>) -> f64) {
    for (number, &found) in gradient.iter().enumerate() {
        let [up, down] = [1e-5, -1e-5].map(|by| {
            let mut parameters = flow.parameters().to_vec();
            parameters[number] += by;
            value(&flow.clone().with_parameters(parameters).unwrap())
        });
        let expected = (up - down) / 2e-5;
        assert!((found - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{number}: {found}, {expected}");
    }
    assert!(gradient.iter().filter(|slope| slope.abs() > 1e-4).count() > gradient.len() / 2);
}

#[test]
fn gradients_of_mixtures_are_those_of_differences() {
    for (size, rows) in [(2, 18), (4, 5)] {
        let flow = random_flow(mixture(Architecture { layers: 2, ..small(size) }));
        let dual = Dual::<f64>::new(size, 1.0, 2.5).unwrap();
        let noise = Noise::new(4, 0, 0);
        let z = noise.fields(0, rows, dual.sites());
        let batch = Batch::new(&flow, &dual, noise, rows, Estimator::Path);
        let loss = path_loss(&flow, &flow, &dual, &z);
        assert!((batch.losses.iter().sum::<f64>() / rows as f64 - loss).abs() < 1e-10);
        check_gradient(&flow, &batch.gradient, |moved| path_loss(moved, &flow, &dual, &z));
        let x = latent(3, rows, dual.sites());
        let batch = Batch::of_fields(&flow, &x);
        check_gradient(&flow, &batch.gradient, |moved| -density(moved, &x).iter().sum::<f64>() / rows as f64);
    }
}

#[test]
fn the_path_of_a_mixture_is_the_whole_gradient_in_the_mean() {
    let flow = random_flow(mixture(Architecture { layers: 2, ..small(2) }));
    let dual = Dual::<f64>::new(2, 1.0, 3.0).unwrap();
    // The derivative of ln q with respect to parameters at fixed x, which the path estimator leaves out.
    let left_out: Vec<Vec<f64>> = (0..60)
        .map(|step| {
            let mut learner = Learner::new(flow.clone(), dual.clone());
            let (x, _) = learner.draw(Noise::new(1, 0, step), 0, [256, 4]).unwrap();
            Batch::of_fields(&flow, &x).gradient
        })
        .collect();
    for number in 0..flow.parameters().len() {
        let found = Estimate::mean(&left_out.iter().map(|batch| batch[number]).collect::<Vec<_>>());
        assert!(found.value.abs() < 5.0 * found.error + 1e-12, "parameter {number}: {found:?}");
    }
}

#[test]
fn a_mixture_learns_both_magnetisations() {
    let form = mixture(settings(1).architecture);
    let settings = Settings { architecture: form, data_share: 0.25, pool: 500, ..settings(200) };
    let total = Settings { estimator: Estimator::Total, ..settings.clone() };
    assert!(Training::<f32>::new(total).unwrap_err().to_string().contains("path estimator"));
    let mut training = Training::<f32>::new(settings).unwrap();
    let before = training.metrics(0.0).unwrap();
    while !training.is_finished() {
        training.step().unwrap();
    }
    let after = training.metrics(0.0).unwrap();
    let (kl, error) = (after.kl.unwrap(), after.loss_error);
    assert!(kl < 0.15 * before.kl.unwrap() && kl > -4.0 * error, "{before:?}, {after:?}");
    assert_eq!(after.asymmetry, 0.0);
}

#[test]
fn a_new_flow_is_the_identity_and_a_pure_function_of_its_seed() {
    let flow = Flow::<f64>::new(Architecture::new(8), 1).unwrap();
    let z = latent(2, 3, 64);
    assert_eq!(flow.generate(&z).0, z);
    assert_eq!(flow.parameters(), Flow::<f64>::new(Architecture::new(8), 1).unwrap().parameters());
    assert_ne!(flow.parameters(), Flow::<f64>::new(Architecture::new(8), 2).unwrap().parameters());
    assert!(flow.with_parameters(vec![0.0]).is_err());
    for wrong in [
        Architecture { layers: 0, ..small(4) },
        Architecture { hidden: 0, ..small(4) },
        Architecture { depth: 11, ..small(4) },
        Architecture { size: 12, ..small(4) },
    ] {
        assert!(Flow::<f64>::new(wrong, 0).is_err(), "{wrong:?}");
    }
}

/// `sum over rows of weights[row] (ln q + E)`, the mean loss of a batch, for parameters.
fn mean_loss(flow: &Flow<f64>, dual: &Dual<f64>, z: &Fields<f64>) -> f64 {
    let (x, ln_q) = flow.generate(z);
    let losses: Vec<f64> = dual.energies(&x).iter().zip(ln_q).map(|(energy, ln_q)| energy + ln_q).collect();
    losses.iter().sum::<f64>() / losses.len() as f64
}

#[test]
fn gradients_of_all_parameters_are_those_of_differences() {
    for (size, rows, depth) in [(4, 5, 2), (2, 18, 1), (2, 3, 3)] {
        let flow = random_flow(Architecture { depth, layers: 2, ..small(size) });
        let dual = Dual::<f64>::new(size, 1.0, 2.5).unwrap();
        let noise = Noise::new(4, 0, 0);
        let batch = Batch::new(&flow, &dual, noise, rows, Estimator::Total);
        let z = noise.fields(0, rows, dual.sites());
        assert!((batch.losses.iter().sum::<f64>() / rows as f64 - mean_loss(&flow, &dual, &z)).abs() < 1e-10);
        for (number, &found) in batch.gradient.iter().enumerate() {
            let [up, down] = [1e-5, -1e-5].map(|by| {
                let mut parameters = flow.parameters().to_vec();
                parameters[number] += by;
                mean_loss(&flow.clone().with_parameters(parameters).unwrap(), &dual, &z)
            });
            let expected = (up - down) / 2e-5;
            assert!(
                (found - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                "size {size}, parameter {number}: {found}, {expected}"
            );
        }
        assert!(batch.gradient.iter().filter(|slope| slope.abs() > 1e-4).count() > batch.gradient.len() / 2);
    }
}

#[test]
fn gradients_of_likelihoods_are_those_of_differences() {
    let flow = random_flow(Architecture { layers: 2, ..small(4) });
    let x = latent(3, 19, 16);
    let batch = Batch::of_fields(&flow, &x);
    let mean = |flow: &Flow<f64>| -flow.infer(&x).1.iter().sum::<f64>() / 19.0;
    assert!((batch.losses.iter().sum::<f64>() / 19.0 - mean(&flow)).abs() < 1e-10);
    for (number, &found) in batch.gradient.iter().enumerate() {
        let [up, down] = [1e-5, -1e-5].map(|by| {
            let mut parameters = flow.parameters().to_vec();
            parameters[number] += by;
            mean(&flow.clone().with_parameters(parameters).unwrap())
        });
        let expected = (up - down) / 2e-5;
        assert!((found - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{number}: {found}, {expected}");
    }
}

#[test]
fn derivatives_of_latent_numbers_are_those_of_differences() {
    let flow = random_flow(small(4));
    let x = latent(8, 1, 16).to_rows();
    let (z, _) = flow.infer(&Fields::of_rows(&x, 16));
    for latent in [0, 5, 10] {
        let one: Vec<f64> = (0..16).map(|site| f64::from(u8::from(site == latent))).collect();
        let (_, found) = flow.push_forward(&z, &Fields::of_rows(&one, 16));
        for (site, found) in found.to_rows().into_iter().enumerate() {
            let [up, down] = [1e-5, -1e-5].map(|by| {
                let mut x = x.clone();
                x[site] += by;
                flow.infer(&Fields::of_rows(&x, 16)).0.to_rows()[latent]
            });
            let expected = (up - down) / 2e-5;
            assert!((found - expected).abs() < 1e-7, "dz{latent}/dx{site}: {found}, {expected}");
        }
    }
}

#[test]
fn derivatives_with_respect_to_latent_numbers_are_those_of_differences() {
    let flow = random_flow(small(4));
    let dual = Dual::<f64>::new(4, 1.0, 2.5).unwrap();
    let z = latent(8, 1, 16);
    let (x, _) = flow.generate(&z);
    let mut slopes = Fields::zeros(1, 16);
    dual.energy(x.group(0), slopes.lanes_mut());
    let (back, found) = flow.pull_back(&x, &slopes, -1.0);
    assert!(furthest(&back.to_rows(), &z.to_rows()) < 1e-12);
    // The derivative of E - ln |det|: the loss and the latent numbers' own weight.
    for (site, found) in found.to_rows().into_iter().enumerate() {
        let [up, down] = [1e-5, -1e-5].map(|by| {
            let mut z = z.to_rows();
            z[site] += by;
            mean_loss(&flow, &dual, &Fields::of_rows(&z, 16)) + 0.5 * z.iter().map(|z| z * z).sum::<f64>()
        });
        let expected = (up - down) / 2e-5;
        assert!((found - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{site}: {found}, {expected}");
    }
}

#[test]
fn the_score_is_the_gradient_of_the_density() {
    for (size, parts) in [(2, Parts::Both), (4, Parts::Both), (8, Parts::Decimators)] {
        let flow = random_flow(Architecture { parts, ..small(size) });
        let sites = flow.stack().sites();
        let mut x = latent(6, 1, sites);
        let mut score = Fields::zeros(1, sites);
        flow.generate_scored(&mut flow.work(), x.lanes_mut(), score.lanes_mut());
        for (site, found) in score.to_rows().into_iter().enumerate() {
            let [up, down] = [1e-5, -1e-5].map(|by| {
                let mut x = x.to_rows();
                x[site] += by;
                flow.infer(&Fields::of_rows(&x, sites)).1[0]
            });
            let expected = (up - down) / 2e-5;
            assert!(
                (found - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                "size {size}, {site}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn both_estimators_have_the_same_mean() {
    let flow = random_flow(Architecture { layers: 2, ..small(2) });
    let dual = Dual::<f64>::new(2, 1.0, 3.0).unwrap();
    let differences: Vec<Vec<f64>> = (0..60)
        .map(|step| {
            let [path, total] = [Estimator::Path, Estimator::Total]
                .map(|estimator| Batch::new(&flow, &dual, Noise::new(1, 0, step), 256, estimator).gradient);
            path.iter().zip(total).map(|(path, total)| path - total).collect()
        })
        .collect();
    for number in 0..flow.parameters().len() {
        let of_number: Vec<f64> = differences.iter().map(|batch| batch[number]).collect();
        let found = Estimate::mean(&of_number);
        assert!(found.value.abs() < 5.0 * found.error + 1e-12, "parameter {number}: {found:?}");
    }
}

#[test]
fn gradients_do_not_depend_on_the_number_of_threads() {
    let flow = random_flow(small(4));
    let flow = Flow::<f32>::new(small(4), 3).unwrap().with_parameters(single(flow.parameters())).unwrap();
    let dual = Dual::<f32>::new(4, 1.0, 2.5).unwrap();
    let batches = [1, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Batch::new(&flow, &dual, Noise::new(4, 0, 0), 1100, Estimator::Path))
    });
    assert_eq!(batches[0], batches[1]);
    assert_eq!(batches[0].losses.len(), 1100);
}

fn settings(steps: u32) -> Settings {
    let architecture = Architecture { repeat: 1, ..Architecture::new(4) };
    Settings {
        architecture,
        steps,
        batch: 128,
        learning_rate: 1e-2,
        seed: 1,
        ..Settings::new(4, 2.269_185_314_213_022)
    }
}

#[test]
fn a_short_training_comes_close_to_the_bound_and_not_below() {
    let mut training = Training::<f32>::new(settings(200)).unwrap();
    let ln_z = training.dual().ln_z().unwrap();
    let divergence = |training: &mut Training<f32>| {
        let beta_f = training.sample(5000).unwrap().importance().beta_f;
        Estimate { value: beta_f.value + ln_z, ..beta_f }
    };
    let before = divergence(&mut training);
    while !training.is_finished() {
        training.step().unwrap();
    }
    let after = divergence(&mut training);
    assert!(after.value < 0.1 * before.value, "{before:?}, {after:?}");
    assert!(after.value > -4.0 * after.error, "{after:?} is below 0");
}

#[test]
fn a_training_goes_on_as_if_it_had_never_stopped() {
    let mut whole = Training::<f32>::new(settings(6)).unwrap();
    let step = |training: &mut Training<f32>, steps| (0..steps).for_each(|_| training.step().unwrap());
    step(&mut whole, 6);
    let mut first = Training::<f32>::new(settings(6)).unwrap();
    step(&mut first, 2);
    let before = first.state().unwrap();
    let mut second = Training::<f32>::resume(settings(6), before.clone()).unwrap();
    step(&mut second, 4);
    assert_ne!(second.state().unwrap(), before);
    assert_eq!(second.state().unwrap(), whole.state().unwrap());
    let wrong = Settings { batch: 0, ..settings(6) };
    assert!(Training::<f32>::new(wrong).is_err());
    assert!(Training::<f32>::new(Settings { temperature: -1.0, ..settings(6) }).is_err());
    assert!(
        Training::<f32>::resume(Settings { architecture: small(4), ..settings(6) }, whole.state().unwrap())
            .is_err()
    );
}

#[test]
fn a_share_of_data_without_files_is_drawn_by_monte_carlo() {
    assert_eq!([4, 8, 64].map(Settings::share), [0.0, 0.25, 0.25]);
    let settings = |steps| Settings { data_share: 0.25, pool: 300, ..settings(steps) };
    let mut mixed = Training::<f32>::new(settings(2)).unwrap();
    assert!(mixed.lacks_pool());
    mixed.step().unwrap();
    assert!(!mixed.lacks_pool() && mixed.metrics(0.0).unwrap().data_loss.is_some());
    let mut alone = Training::<f32>::new(Settings { data_share: 0.0, ..settings(2) }).unwrap();
    alone.step().unwrap();
    assert!(alone.metrics(0.0).unwrap().data_loss.is_none());
    assert_ne!(mixed.state().unwrap().parameters, alone.state().unwrap().parameters);
}

#[test]
fn a_flow_learns_from_data_what_it_learns_from_itself() {
    let architecture = Architecture { repeat: 2, ..Architecture::new(4) };
    let dual = Dual::<f32>::new(4, 1.0, 3.0).unwrap();
    let spins = crate::mc::configurations(dual.system(), 3.0, 2000, 5).unwrap();
    for (share, most) in [(1.0, 1.5), (0.5, 1.0)] {
        let settings = Settings {
            architecture,
            steps: 150,
            batch: 128,
            learning_rate: 1e-2,
            data_share: share,
            ..Settings::new(4, 3.0)
        };
        let mut training = Training::<f32>::new(settings).unwrap().with_data(spins.clone()).unwrap();
        let before = training.metrics(0.0).unwrap();
        while !training.is_finished() {
            training.step().unwrap();
        }
        let after = training.metrics(0.0).unwrap();
        assert!(after.data_loss.unwrap() < before.data_loss.unwrap() - 1.0, "{before:?}, {after:?}");
        assert!(after.kl.unwrap() < most, "{share}: {after:?}");
    }
    assert!(Training::<f32>::new(settings(1)).unwrap().with_data(vec![1; 15]).is_err());
}
