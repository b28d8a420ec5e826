//! The processes that work on one job together, its ranks, and what they exchange. Nothing else knows of MPI.
//!
//! Whatever is added up over ranks is added in the order of its parts, so that a sum does not depend on how many ranks share the
//! parts out.

mod cost;
mod rounds;
#[cfg(feature = "mpi")]
mod world;

pub use cost::{Interconnect, SharedStep};
pub(crate) use rounds::Rounds;

use crate::error::{Error, Result};
use bytemuck::Pod;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of arrays that are added up in one exchange: MPI counts bytes in 31 bits.
const AT_ONCE: usize = 1 << 28;

/// A way to the other ranks of a job.
trait Link: fmt::Debug + Send + Sync {
    /// The number of this process among [`Link::count`].
    fn rank(&self) -> usize;

    /// Processes of the job.
    fn count(&self) -> usize;

    /// The number of this process among those of its machine.
    fn local_rank(&self) -> usize;

    /// Hands part `r` of `parts` to rank `r`, and returns what the ranks have for this one, in their order. All ranks call it
    /// together.
    fn exchange(&self, parts: Vec<Vec<u8>>) -> Vec<Vec<u8>>;

    /// Gives all ranks what the first one has. All ranks call it together.
    fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8>;

    /// Ends all processes of the job.
    fn abort(&self, exit_code: u8) -> !;
}

/// The ranks of a job, as one of them sees them.
#[derive(Debug, Clone)]
pub struct Ranks {
    /// None: there is one process.
    link: Option<Arc<dyn Link>>,
}

impl Ranks {
    /// A job of one process.
    pub fn alone() -> Self {
        Self { link: None }
    }

    /// The job that this process was started for by `mpirun` or `srun`; [`Ranks::alone`] without one, and in a library that was built
    /// without the feature `mpi`. Call it once, and keep it to the end of the process.
    ///
    /// # Errors
    /// When MPI cannot be started, or was started before.
    pub fn join() -> Result<Self> {
        #[cfg(feature = "mpi")]
        if world::was_launched() {
            let world = world::World::join()?;
            return Ok(Self { link: (world.count() > 1).then(|| Arc::new(world) as _) });
        }
        Ok(Self::alone())
    }

    /// The number of this process, from 0.
    pub fn rank(&self) -> usize {
        self.link.as_ref().map_or(0, |link| link.rank())
    }

    /// Processes of the job.
    pub fn count(&self) -> usize {
        self.link.as_ref().map_or(1, |link| link.count())
    }

    /// The number of this process among those of its machine, by which it takes a device.
    pub fn local_rank(&self) -> usize {
        self.link.as_ref().map_or(0, |link| link.local_rank())
    }

    /// Whether this is the process that reads and writes files, and tells what is done.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// The part of `parts` equal parts of a job that this rank does.
    ///
    /// # Errors
    /// When the ranks cannot have equally many.
    pub fn share(&self, parts: usize) -> Result<Range<usize>> {
        let (rank, count) = (self.rank(), self.count());
        if !parts.is_multiple_of(count) {
            let expected = format!(
                "the batch goes through the devices in {parts} chunks, which must be a multiple of the number of ranks; change batch or chunk"
            );
            return Err(Error::setting("ranks", count, expected));
        }
        let own = parts / count;
        Ok(rank * own..(rank + 1) * own)
    }

    /// Ends all processes of the job with an exit code; returns where there is only this one.
    pub fn abort(&self, exit_code: u8) {
        if let Some(link) = &self.link {
            link.abort(exit_code)
        }
    }

    /// Whether any rank says yes. All ranks call it together, as all methods below.
    pub(crate) fn any(&self, own: bool) -> bool {
        let Some(link) = &self.link else { return own };
        link.exchange(vec![vec![u8::from(own)]; link.count()]).concat().contains(&1)
    }

    /// Gives all ranks the bytes of the first one. All ranks call it together.
    pub fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8> {
        match &self.link {
            Some(link) => link.broadcast(bytes),
            None => bytes,
        }
    }

    /// Gives the first rank the bytes of all, in their order; others get nothing.
    pub(crate) fn gather(&self, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        let Some(link) = &self.link else { return vec![bytes] };
        let mut parts = vec![Vec::new(); link.count()];
        parts[0] = bytes;
        let all = link.exchange(parts);
        if self.is_first() { all } else { Vec::new() }
    }

    /// Gives every rank the numbers of all, one behind the other in their order.
    pub(crate) fn all<T: Pod>(&self, own: Vec<T>) -> Vec<T> {
        let Some(link) = &self.link else { return own };
        let bytes = bytemuck::cast_slice(&own).to_vec();
        link.exchange(vec![bytes; link.count()]).iter().flat_map(|bytes| numbers::<T>(bytes)).collect()
    }

    /// The sum of arrays of all ranks, number by number: those of rank 0 one after the other, then those of rank 1, and so on. Each rank adds up a
    /// part of the numbers, so that twice the array at most goes over the network for one array of each rank.
    pub(crate) fn add_in_order(&self, arrays: &[Vec<f32>]) -> Vec<f32> {
        self.add_in_stretches(arrays, AT_ONCE / (size_of::<f32>() * arrays.len().max(1)))
    }

    /// The same, so many numbers at a time.
    fn add_in_stretches(&self, arrays: &[Vec<f32>], stretch: usize) -> Vec<f32> {
        let length = arrays.first().map_or(0, Vec::len);
        let of_stretch = |first: usize| {
            let last = length.min(first + stretch);
            let parts: Vec<&[f32]> = arrays.iter().map(|array| &array[first..last]).collect();
            match &self.link {
                Some(link) => add_over(link.as_ref(), &parts),
                None => sum_in_order(parts),
            }
        };
        (0..length).step_by(stretch.max(1)).flat_map(of_stretch).collect()
    }
}

/// Adds up arrays of all ranks: each rank the numbers of its own part, which all get then.
fn add_over(link: &dyn Link, arrays: &[&[f32]]) -> Vec<f32> {
    let (count, length) = (link.count(), arrays.first().map_or(0, |array| array.len()));
    let part = |rank: usize| length * rank / count..length * (rank + 1) / count;
    let of_rank = |rank: usize| -> Vec<u8> {
        arrays.iter().flat_map(|array| bytemuck::cast_slice(&array[part(rank)])).copied().collect()
    };
    let own_part = part(link.rank()).len();
    let gathered: Vec<Vec<f32>> =
        link.exchange((0..count).map(of_rank).collect()).iter().map(|bytes| numbers(bytes)).collect();
    let sum = sum_in_order(gathered.iter().flat_map(|arrays| arrays.chunks(own_part.max(1))));
    let sums = link.exchange(vec![bytemuck::cast_slice(&sum).to_vec(); count]);
    sums.iter().flat_map(|bytes| numbers::<f32>(bytes)).collect()
}

fn sum_in_order<'a>(arrays: impl IntoIterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut arrays = arrays.into_iter();
    let mut sum = arrays.next().map_or(Vec::new(), <[f32]>::to_vec);
    for array in arrays {
        sum.iter_mut().zip(array).for_each(|(sum, value)| *sum += value);
    }
    sum
}

/// Numbers from their bytes, of which there may be any number in any place of memory.
pub(crate) fn numbers<T: Pod>(bytes: &[u8]) -> Vec<T> {
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
}

#[cfg(test)]
pub(crate) mod threads;

#[cfg(test)]
mod tests {
    use super::threads::on_ranks;
    use super::*;

    #[test]
    fn sums_are_those_of_all_parts_in_their_order_on_every_rank() {
        // Numbers of very different size: another order gives another sum.
        let part = |number: usize| -> Vec<f32> {
            (0..7).map(|at| [1e8, 3.3, -1e8, 0.7, 1e-3, 5e7][(number + at) % 6]).collect()
        };
        let add = |ranks: &Ranks, parts: Vec<Vec<f32>>| ranks.add_in_order(&parts);
        let alone = add(&Ranks::alone(), (0..6).map(part).collect());
        assert_ne!(alone, add(&Ranks::alone(), (0..6).rev().map(part).collect()));
        for count in [2, 3, 6] {
            let sums = on_ranks(count, |ranks| {
                let own: Vec<_> = ranks.share(6).unwrap().map(part).collect();
                [ranks.add_in_order(&own), ranks.add_in_stretches(&own, 3)]
            });
            assert_eq!(sums, vec![[alone.clone(), alone.clone()]; count]);
        }
    }

    #[test]
    fn one_rank_tells_all_and_all_tell_one() {
        let told = on_ranks(3, |ranks| {
            let own = vec![ranks.rank() as u8; ranks.rank() + 1];
            (ranks.broadcast(own.clone()), ranks.gather(own), ranks.any(ranks.rank() == 2), ranks.any(false))
        });
        assert_eq!(told[0], (vec![0], vec![vec![0], vec![1, 1], vec![2, 2, 2]], true, false));
        assert_eq!(told[2], (vec![0], vec![], true, false));
        let all = on_ranks(3, |ranks| ranks.all(vec![ranks.rank() as f64; ranks.rank()]));
        assert_eq!(all, vec![[1.0, 2.0, 2.0]; 3]);
    }

    #[test]
    fn parts_that_ranks_cannot_have_equally_many_of_are_refused() {
        let refused = on_ranks(2, |ranks| ranks.share(3).map_err(|error| error.to_string()).unwrap_err());
        assert!(refused[1].contains("multiple of the number of ranks"), "{refused:?}");
        assert_eq!(Ranks::alone().share(3).unwrap(), 0..3);
    }
}
