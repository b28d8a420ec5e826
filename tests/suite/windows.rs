//! Nets whose parameters are more than a binding of the device holds.

use crate::harness::{Case, TestGpu, gpu, spins};
use crate::kernels::inputs;
use han_gpu::Error;
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::{Model, Storage};
use han_gpu::gpu::Gpu;
use han_gpu::schedule::{self, Kernel, Shape};
use std::sync::Arc;
use wgpu::{Features, Limits};

/// The largest of its nets has 220 KiB of parameters.
const DEEP: Case = Case { size: 16, batch: 24, width: 2, depth: 2, ..Case::DEFAULT };
/// The same with 170 KiB, which graphics cards read four at a time where one binding holds them.
const WIDE: Case = Case { size: 16, batch: 12, width: 4, ..Case::DEFAULT };
/// Two of these hold them.
const BINDING: u64 = 128 << 10;
/// Storage buffers that kernels need then.
const BUFFERS: u32 = 9;

fn open(device: &TestGpu, case: Case, storage: Storage, [binding, buffers]: [u64; 2]) -> Result<Gpu, Error> {
    let required_limits = Limits {
        max_storage_buffer_binding_size: binding,
        max_storage_buffers_per_shader_stage: buffers as u32,
        ..Limits::default()
    };
    let required_features = device.adapter.features() & (Features::SUBGROUP | Features::SHADER_F16);
    let descriptor = wgpu::DeviceDescriptor { required_limits, required_features, ..Default::default() };
    let (device, queue) = pollster::block_on(device.adapter.request_device(&descriptor)).unwrap();
    let model = Arc::new(Model { storage, ..Model::clone(&case.model()) });
    Gpu::new(&device, &queue, model, case.batch)
}

/// Draws, evaluates other spins, and trains a step: all that kernels read of parameters and write about them.
fn everything(mut gpu: Gpu, case: Case, shape: Shape) -> (Vec<Vec<f64>>, usize) {
    gpu.force_shape(shape);
    gpu.write(Tensor::Parameters, &case.parameters(3)).unwrap();
    let model = gpu.model().clone();
    let mut found = Vec::new();
    gpu.run(&schedule::sampling(&model, true), &inputs(1)).unwrap();
    found.push(gpu.read(Tensor::LnQ).unwrap());
    gpu.write_spins(&spins(&gpu, 1)).unwrap();
    let mut kernels = schedule::evaluation(&model);
    kernels.push(Kernel::Likelihood);
    kernels.extend(schedule::gradient(&model));
    kernels.push(Kernel::Adam);
    gpu.run(&kernels, &inputs(1)).unwrap();
    let tensors =
        [Tensor::LnQ, Tensor::Gradient, Tensor::Parameters, Tensor::FirstMoment, Tensor::SecondMoment];
    found.extend(tensors.map(|tensor| gpu.read(tensor).unwrap()));
    // Nets in 16 bits see what Adam has written for them.
    gpu.run(&schedule::evaluation(&model), &inputs(1)).unwrap();
    found.push(gpu.read(Tensor::LnQ).unwrap());
    (found, gpu.dispatches())
}

#[test]
fn parameters_at_two_bindings_give_the_same_bits() {
    let device = gpu();
    // Software drivers compile all shaders anew for each of these, and for either device.
    for (case, storage, shape) in [(WIDE, Storage::F32, Shape::lane(4)), (DEEP, Storage::F16, Shape::tile(2))]
    {
        if storage == Storage::F16 && !device.adapter.features().contains(Features::SHADER_F16) {
            println!("left out: {} offers no 16-bit floats", device.adapter.get_info().name);
            continue;
        }
        let of = |binding| {
            let gpu = open(&device, case, storage, [binding, BUFFERS.into()]).unwrap();
            everything(gpu, case, shape)
        };
        let (whole, few) = of(Limits::default().max_storage_buffer_binding_size);
        let (split, more) = of(BINDING);
        assert!(whole == split, "{case:?} in {storage:?} with {shape:?}");
        assert!(whole.iter().flatten().all(|value| value.is_finite()));
        // The sum of the gradient of the largest net takes two dispatches, and Adam at least two.
        assert!(more >= few + 2, "{more} dispatches instead of {few}");
    }
}

#[test]
fn what_does_not_fit_two_bindings_is_refused() {
    let device = gpu();
    let refused = |limits| {
        let refused = open(&device, Case { batch: 2, ..DEEP }, Storage::F32, limits).unwrap_err();
        assert!(matches!(refused, Error::DeviceLimit { .. }));
        refused.to_string()
    };
    let large = refused([BINDING / 2 + (16 << 10), BUFFERS.into()]);
    assert!(large.contains("the net of a square of side 16") && large.contains("--device cpu"), "{large}");
    let few = refused([BINDING, u64::from(BUFFERS) - 1]);
    assert!(few.contains("8 buffers") && few.contains("--device cpu"), "{few}");
}
