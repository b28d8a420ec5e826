//! Ranks that are processes of an MPI job.

use super::Link;
use crate::error::{Error, Result};
use mpi::datatype::{Partition, PartitionMut};
use mpi::environment::Universe;
use mpi::topology::Communicator as _;
use mpi::traits::{CommunicatorCollectives as _, Root as _};
use mpi::{Count, Threading};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Variables of the environment by which a process knows that `mpirun` or `srun` has started it.
const LAUNCHED: [&str; 3] = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"];

/// Bytes that go to all ranks in one call.
const AT_ONCE: usize = 1 << 30;

/// Whether this process was started for a job of MPI. Without one there is nothing to join, and starting MPI takes time.
pub(super) fn was_launched() -> bool {
    LAUNCHED.iter().any(|name| std::env::var_os(name).is_some())
}

/// All processes of the job.
pub(super) struct World {
    /// Ends MPI when it is dropped. One thread at a time calls MPI.
    universe: Mutex<Universe>,
    rank: usize,
    count: usize,
    local_rank: usize,
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rank, count, .. } = self;
        formatter.debug_struct("World").field("rank", rank).field("count", count).finish_non_exhaustive()
    }
}

impl World {
    pub(super) fn join() -> Result<Self> {
        let failed = |message: &str| Error::Device { device: "MPI".to_owned(), message: message.to_owned() };
        let started = mpi::initialize_with_threading(Threading::Serialized);
        let (universe, threading) = started.ok_or_else(|| failed("it was started before"))?;
        if threading < Threading::Serialized {
            return Err(failed("it lets only one thread of a process call it; build it with threads"));
        }
        let world = universe.world();
        let [rank, count, local_rank] = [world.rank(), world.size(), world.split_shared(world.rank()).rank()]
            .map(|number| number as usize);
        Ok(Self { universe: Mutex::new(universe), rank, count, local_rank })
    }
}

impl Drop for World {
    /// A rank that panics cannot end MPI in order: the others are still at work.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.abort(101)
        }
    }
}

impl Link for World {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.count
    }

    fn local_rank(&self) -> usize {
        self.local_rank
    }

    /// A failure of MPI ends the job: that is its own rule, and no error comes back.
    fn exchange(&self, parts: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let universe = self.universe.lock().unwrap_or_else(PoisonError::into_inner);
        let world = universe.world();
        let lengths: Vec<Count> = parts.iter().map(|part| length(part.len())).collect();
        let mut incoming = vec![0; self.count];
        world.all_to_all_into(&lengths[..], &mut incoming[..]);
        let [starts, places] = [&lengths, &incoming].map(|lengths| starts(lengths));
        // One byte more: MPI takes the address of what is empty for a sign to work in place.
        let all = [parts.concat(), vec![0]].concat();
        let mut received = vec![0_u8; 1 + incoming.iter().map(|&length| length as usize).sum::<usize>()];
        world.all_to_all_varcount_into(
            &Partition::new(&all[..], &lengths[..], &starts[..]),
            &mut PartitionMut::new(&mut received[..], &incoming[..], &places[..]),
        );
        let part =
            |(&start, &length): (&Count, &Count)| received[start as usize..][..length as usize].to_vec();
        places.iter().zip(&incoming).map(part).collect()
    }

    fn broadcast(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let universe = self.universe.lock().unwrap_or_else(PoisonError::into_inner);
        let world = universe.world();
        let first = world.process_at_rank(0);
        let mut count = bytes.len() as u64;
        first.broadcast_into(&mut count);
        bytes.resize(count as usize, 0);
        bytes.chunks_mut(AT_ONCE).for_each(|part| first.broadcast_into(part));
        bytes
    }

    fn abort(&self, exit_code: u8) -> ! {
        let universe = self.universe.lock().unwrap_or_else(PoisonError::into_inner);
        universe.world().abort(exit_code.into())
    }
}

/// A length as MPI counts it.
fn length(bytes: usize) -> Count {
    Count::try_from(bytes).expect("ranks exchange less than 2 GiB at a time")
}

/// Where parts of such lengths begin when they stand one behind the other.
fn starts(lengths: &[Count]) -> Vec<Count> {
    let begin = |start: &mut Count, &length: &Count| {
        let here = *start;
        *start = start.checked_add(length).expect("ranks exchange less than 2 GiB at a time");
        Some(here)
    };
    lengths.iter().scan(0, begin).collect()
}
