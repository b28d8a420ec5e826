//! Jobs whose pieces ranks do in turn, and whose first rank takes all pieces in their order.

use super::Ranks;
use crate::error::Result;
use std::collections::VecDeque;

/// Rounds in each of which every rank does one piece: what comes of a job is what comes of it on one rank, bit for bit.
pub(crate) struct Rounds<'a> {
    ranks: &'a Ranks,
    /// The first piece of the next round.
    first: usize,
    /// Pieces that were done and not taken yet.
    done: VecDeque<Vec<u8>>,
}

impl<'a> Rounds<'a> {
    pub(crate) fn new(ranks: &'a Ranks) -> Self {
        Self { ranks, first: 0, done: VecDeque::new() }
    }

    /// On the first rank: the next piece, where `work` does the one of a number. The job has one piece at least.
    ///
    /// # Errors
    /// When `work` fails.
    pub(crate) fn next(&mut self, work: &mut dyn FnMut(usize) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
        if self.done.is_empty() {
            if self.first > 0 {
                self.ranks.any(false);
            }
            self.done = self.round(work)?.into();
        }
        Ok(self.done.pop_front().unwrap_or_default())
    }

    /// On the first rank: no more pieces are wanted.
    pub(crate) fn end(self) {
        self.ranks.any(true);
    }

    /// On the other ranks: pieces until no more are wanted.
    ///
    /// # Errors
    /// When `work` fails.
    pub(crate) fn help(mut self, work: &mut dyn FnMut(usize) -> Result<Vec<u8>>) -> Result<()> {
        loop {
            self.round(work)?;
            if self.ranks.any(false) {
                return Ok(());
            }
        }
    }

    fn round(&mut self, work: &mut dyn FnMut(usize) -> Result<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        let own = work(self.first + self.ranks.rank())?;
        self.first += self.ranks.count();
        Ok(self.ranks.gather(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::threads::on_ranks;

    #[test]
    fn pieces_come_in_their_order_and_end_where_the_first_rank_says() {
        for wanted in [1, 3, 4, 7] {
            let taken = on_ranks(3, |ranks| {
                let mut rounds = Rounds::new(&ranks);
                let mut work = |piece: usize| Ok(vec![piece as u8]);
                if !ranks.is_first() {
                    rounds.help(&mut work).unwrap();
                    return Vec::new();
                }
                let taken: Vec<u8> = (0..wanted).flat_map(|_| rounds.next(&mut work).unwrap()).collect();
                rounds.end();
                taken
            });
            assert_eq!(taken[0], (0..wanted).collect::<Vec<u8>>());
        }
    }
}
