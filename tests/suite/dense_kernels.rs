//! Kernels of dense nets against their twin on the CPU: gradients, steps and probabilities, and what a device may refuse.

use crate::harness::{Tolerance, all_pass, compare, gpu};
use han_gpu::Error;
use han_gpu::dense::{Backend, Cpu, Net, State};
use han_gpu::gpu::GpuDense;
use han_gpu::random::{Stream, normal};
use rand::RngExt;

/// Nets and rows of a step: tiles that are full and not, layers that end with a tile and just before and behind it, one layer alone, the thermometers' net, inputs of which few
/// batches wait at a time, and the smallest there is.
const CASES: [(&[usize], usize); 8] = [
    (&[1, 1, 2], 1),
    (&[5, 7, 4, 3], 33),
    (&[10, 2], 64),
    (&[31, 32, 33, 34], 65),
    (&[63, 64, 65, 33], 130),
    (&[96, 128, 70], 100),
    (&[100, 256, 64, 25], 128),
    (&[4100, 8, 3], 200),
];

/// Rows at random, `[rows][inputs]`, and their classes.
fn rows(net: &Net, count: usize, stream: &mut Stream) -> (Vec<f32>, Vec<usize>) {
    let (inputs, classes) = (net.widths[0], net.widths[net.widths.len() - 1]);
    let numbers = (0..count * inputs).map(|_| normal(stream) as f32).collect();
    (numbers, (0..count).map(|_| stream.random_range(0..classes)).collect())
}

/// A net with biases.
fn net(widths: &[usize], stream: &mut Stream) -> Net {
    let mut net = Net::random(widths, stream);
    for (layer, pair) in net.parameters.iter_mut().zip(widths.windows(2)) {
        layer[pair[0] * pair[1]..].iter_mut().for_each(|bias| *bias = 0.3 * normal(stream) as f32);
    }
    net
}

/// The net on a device, as its adapter shares tiles among lanes, and as graphics cards do.
fn on_gpu(adapter: &wgpu::Adapter, net: &Net, batch: usize) -> [GpuDense; 2] {
    [false, true].map(|as_cards| {
        let mut dense = GpuDense::open(adapter, net, batch).unwrap();
        if as_cards {
            dense.share_tiles().unwrap();
        }
        dense
    })
}

/// Numbers of all layers are those of the twin.
fn compared(what: &str, found: &[Vec<f64>], expected: &[Vec<f64>], close: Tolerance) -> Result<(), String> {
    compare(what, &found.concat(), &expected.concat(), close)
}

#[test]
fn gradients_steps_and_probabilities_are_those_of_the_twin_in_f64() {
    let device = gpu();
    for (widths, batch) in CASES {
        let mut stream = Stream::new(7, batch as u32);
        let net = net(widths, &mut stream);
        let batches: Vec<_> = (0..8).map(|_| rows(&net, batch, &mut stream)).collect();
        // More than are read at a time, where that is quick.
        let read = if widths[0] < 50 { 1100 } else { batch + 3 };
        let (unknown, _) = rows(&net, read, &mut stream);
        let run = |backend: &mut dyn Backend| -> (State, State, Vec<f64>) {
            let (inputs, classes) = &batches[0];
            backend.learn(inputs, classes, 0.0).unwrap();
            let first = backend.state().unwrap();
            for (inputs, classes) in &batches {
                backend.learn(inputs, classes, 1e-3).unwrap();
            }
            let probabilities = backend.probabilities(&unknown).unwrap();
            (first, backend.state().unwrap(), probabilities.into_iter().map(f64::from).collect())
        };
        let expected = run(&mut Cpu::<f64>::new(&net));
        for (dense, shares) in on_gpu(&device.adapter, &net, batch).iter_mut().zip(["adapter", "cards"]) {
            let found = run(dense);
            let of = |what: &str| format!("{what} of {widths:?} with {batch} rows, shared as by {shares}");
            let sums = Tolerance { absolute: 1e-6, relative: 1e-5, reason: "sums of f32" };
            let steps = Tolerance {
                absolute: 1e-5,
                relative: 1e-5,
                reason: "a step divides by a mean gradient, which may be small",
            };
            let known: Vec<Vec<f64>> =
                net.parameters.iter().map(|layer| layer.iter().map(|&w| w.into()).collect()).collect();
            assert_eq!(found.0.parameters, known, "{}: a rate of 0 moves nothing", of("parameters"));
            all_pass([
                compared(&of("gradients"), &found.0.means, &expected.0.means, sums),
                compared(&of("means"), &found.1.means, &expected.1.means, sums),
                compared(&of("parameters"), &found.1.parameters, &expected.1.parameters, steps),
                compare(&of("probabilities"), &found.2, &expected.2, steps),
            ]);
            assert_ne!(found.1.parameters, known);
        }
    }
}

#[test]
fn a_net_learns_bit_for_bit_whatever_is_read_of_it_on_the_way() {
    let device = gpu();
    for (widths, batch) in [CASES[1], CASES[7]] {
        let mut stream = Stream::new(9, 0);
        let net = net(widths, &mut stream);
        let batches: Vec<_> = (0..16).map(|_| rows(&net, batch, &mut stream)).collect();
        let run = |is_read: bool| {
            let mut dense = GpuDense::open(&device.adapter, &net, batch).unwrap();
            for (step, (inputs, classes)) in batches.iter().enumerate() {
                dense.learn(inputs, classes, 0.01).unwrap();
                if is_read && step % 7 == 3 {
                    dense.probabilities(&inputs[..3 * widths[0]]).unwrap();
                }
            }
            (dense.state().unwrap(), dense.probabilities(&batches[0].0).unwrap())
        };
        assert!(run(false) == run(true), "{widths:?}");
    }
}

#[test]
fn nets_that_do_not_fit_a_device_are_refused_by_name() {
    let device = gpu();
    let limits = wgpu::Limits { max_storage_buffer_binding_size: 1 << 20, ..Default::default() };
    let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
    let (small, queue) = pollster::block_on(device.adapter.request_device(&descriptor)).unwrap();
    let net = Net::random(&[100, 64, 3], &mut Stream::new(1, 0));
    let error = GpuDense::new(&small, &queue, &net, 128).unwrap_err();
    assert!(matches!(error, Error::DeviceLimit { .. }), "{error:?}");
    let message = error.to_string();
    let named = ["Values", "[100, 64, 3]", "--device cpu", "1 MiB"];
    assert!(named.iter().all(|part| message.contains(part)), "{message}");
}

#[test]
fn a_lost_device_is_an_error() {
    let device = gpu();
    let (widths, batch) = CASES[1];
    let mut stream = Stream::new(3, 0);
    let net = net(widths, &mut stream);
    let (inputs, classes) = rows(&net, batch, &mut stream);
    let (lost, queue) = pollster::block_on(device.adapter.request_device(&Default::default())).unwrap();
    let own = GpuDense::open(&device.adapter, &net, batch).unwrap();
    for mut dense in [own, GpuDense::new(&lost, &queue, &net, batch).unwrap()] {
        dense.learn(&inputs, &classes, 0.01).unwrap();
        dense.wgpu_device().destroy();
        let told = [
            dense.state().map(|_| ()),
            dense.probabilities(&inputs).map(|_| ()),
            (0..300)
                .try_for_each(|_| dense.learn(&inputs, &classes, 0.01))
                .and_then(|()| dense.state().map(|_| ())),
        ];
        for error in told {
            let error = error.unwrap_err();
            assert!(matches!(error, Error::Device { .. }), "{error:?}");
        }
    }
}
