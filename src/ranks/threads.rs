//! Ranks that are threads of one process, to test what ranks do without MPI.

use super::{Link, Ranks};
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

/// A channel from every rank to this one, and from this one to every rank.
struct Channels {
    rank: usize,
    to: Vec<Sender<Vec<u8>>>,
    from: Mutex<Vec<Receiver<Vec<u8>>>>,
}

impl fmt::Debug for Channels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Channels").field("rank", &self.rank).finish_non_exhaustive()
    }
}

impl Link for Channels {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.to.len()
    }

    fn local_rank(&self) -> usize {
        self.rank
    }

    fn exchange(&self, parts: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        for (to, part) in self.to.iter().zip(parts) {
            to.send(part).expect("the other rank is there");
        }
        let from = self.from.lock().unwrap_or_else(PoisonError::into_inner);
        from.iter().map(|from| from.recv().expect("the other rank is there")).collect()
    }

    fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.exchange(vec![bytes; self.count()]).swap_remove(0)
    }

    fn abort(&self, exit_code: u8) -> ! {
        panic!("rank {} ends the job with {exit_code}", self.rank)
    }
}

/// Does a job on so many ranks, and returns what each of them returns.
pub(crate) fn on_ranks<T: Send>(count: usize, job: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
    let mut to: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
    let mut from: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
    for sender in &mut to {
        for receiver in &mut from {
            let (end, other_end) = channel();
            sender.push(end);
            receiver.push(other_end);
        }
    }
    let links = to.into_iter().zip(from).enumerate();
    let ranks: Vec<_> = links
        .map(|(rank, (to, from))| Channels { rank, to, from: Mutex::new(from) })
        .map(|link| Ranks { link: Some(Arc::new(link)) })
        .collect();
    std::thread::scope(|scope| {
        let job = &job;
        let running: Vec<_> = ranks.into_iter().map(|ranks| scope.spawn(move || job(ranks))).collect();
        running.into_iter().map(|thread| thread.join().expect("no rank panics")).collect()
    })
}
