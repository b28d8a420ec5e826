//! The parts of a gradient that workgroups of `backward_weights` compute.

use super::shape::JobSize;
use crate::conditional::{MaskedNet, Weights};
use bytemuck::{Pod, Zeroable};

/// Twin of `Job` in `shaders/backward/backward_weights.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[allow(missing_docs, reason = "fields are documented where the shader declares them")]
pub struct Job {
    pub source_kind: u32,
    pub sources: u32,
    pub source_width: u32,
    pub first_source: u32,
    pub target_kind: u32,
    pub targets: u32,
    pub target_width: u32,
    pub first_target: u32,
    pub weight: u32,
    pub first_group: u32,
    pub inclusive: u32,
    pub has_bias: u32,
}

/// The parts of a net's gradient that are not masked as a whole.
pub(crate) fn jobs(net: &MaskedNet, size: JobSize) -> Vec<Job> {
    let depth = net.depth as u32;
    let layers = net.layers.iter().enumerate().map(|(layer, weights)| (layer as u32, layer as u32, weights));
    let matrices =
        layers.chain([(depth, depth, &net.output)]).chain(net.skip.iter().map(|skip| (0, depth, skip)));
    matrices
        .flat_map(|(source_kind, target_kind, weights)| {
            let targets = if target_kind == depth { size.logits } else { size.units };
            parts(source_kind, target_kind, weights, [size.sources, targets])
        })
        .collect()
}

fn parts(source_kind: u32, target_kind: u32, weights: &Weights, [sources, targets]: [usize; 2]) -> Vec<Job> {
    let mut jobs = Vec::new();
    let rows = weights.sources + usize::from(weights.has_bias);
    for first_source in (0..rows).step_by(sources) {
        for first_target in (0..weights.targets).step_by(targets) {
            let last_target = (first_target + targets).min(weights.targets) - 1;
            // The last target of a part sees the most; the bias row is seen by all.
            let has_bias_row = first_source + sources >= rows && weights.has_bias;
            let is_missing = first_source < weights.sources && !weights.has_patch(first_source, first_target);
            if !is_missing && weights.visible(last_target) > first_source || has_bias_row {
                jobs.push(Job {
                    source_kind,
                    sources: weights.sources as u32,
                    // Beside a patch that is missing only the bias is seen.
                    source_width: if is_missing { 0 } else { weights.source_width as u32 },
                    first_source: first_source as u32,
                    target_kind,
                    targets: weights.targets as u32,
                    target_width: weights.target_width as u32,
                    first_target: first_target as u32,
                    weight: weights.offset as u32,
                    first_group: weights.first_group as u32,
                    inclusive: weights.inclusive.into(),
                    has_bias: weights.has_bias.into(),
                });
            }
        }
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::super::shape::Loads;
    use super::*;
    use crate::conditional::Gauge;
    use std::collections::HashSet;

    #[test]
    fn jobs_cover_every_unmasked_weight_and_bias_once() {
        let nets = [(0, 31, 1, 1), (12, 5, 1, 1), (28, 13, 3, 2), (60, 29, 2, 3), (124, 61, 3, 1)];
        for ((border, own, width, depth), loads) in
            nets.into_iter().flat_map(|net| [(net, Loads::Own), (net, Loads::Shared)])
        {
            let net = MaskedNet::new(border, own, width, depth, true, Gauge::None);
            let size = JobSize::of(&net, loads);
            let mut covered = HashSet::new();
            for job in jobs(&net, size) {
                let rows = job.sources + job.has_bias;
                let targets = if job.target_kind == depth as u32 { size.logits } else { size.units } as u32;
                for source in job.first_source..(job.first_source + size.sources as u32).min(rows) {
                    for target in job.first_target..(job.first_target + targets).min(job.targets) {
                        assert!(covered.insert(job.weight + source * job.targets + target));
                    }
                }
            }
            for weights in net.weights() {
                for target in 0..weights.targets {
                    for source in 0..weights.visible(target) {
                        assert!(
                            covered.contains(&((weights.offset + source * weights.targets + target) as u32))
                        );
                    }
                }
                if weights.has_bias {
                    let biases = weights.bias_offset()..weights.bias_offset() + weights.targets;
                    assert!(biases.into_iter().all(|bias| covered.contains(&(bias as u32))));
                }
            }
        }
    }
}
