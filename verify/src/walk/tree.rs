//! The tree over the log, compared with every checkpoint as it grows past its size.

use super::scan::{Batch, SUBTREE_LEVEL};
use ledger::hash::Hash;
use ledger::merkle::Frontier;

/// What a checkpoint says, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// Our root at its size, once the tree has grown to it.
    pub(crate) ours: Option<Hash>,
}

impl Mark {
    pub(crate) fn new(size: u64, root: Hash) -> Self {
        Self { size, root, ours: None }
    }

    /// Whether the log has this root at this size.
    pub(crate) fn holds(&self) -> bool {
        self.ours == Some(self.root)
    }
}

/// The growing tree.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    frontier: Frontier,
    // INVARIANT: ascending by size; those before `met` are decided.
    marks: Vec<Mark>,
    met: usize,
}

impl Tree {
    pub(crate) fn new(mut marks: Vec<Mark>) -> Self {
        marks.sort_by_key(|mark| (mark.size, mark.root));
        marks.dedup();
        let mut tree = Self { frontier: Frontier::default(), marks, met: 0 };
        tree.meet();
        tree
    }

    /// A tree that is known by its root alone, to which proofs lead.
    pub(crate) fn proven(mut marks: Vec<Mark>, size: u64, root: Hash) -> Self {
        marks.retain(|mark| mark.size == size);
        let mut tree = Self::new(marks);
        tree.marks.iter_mut().for_each(|mark| mark.ours = Some(root));
        tree
    }

    pub(crate) fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The marks, ascending by size. Those beyond the log have no root of ours.
    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The mark of a checkpoint.
    pub(crate) fn find(&self, size: u64, root: &Hash) -> Option<&Mark> {
        let at = self.marks.partition_point(|mark| (mark.size, mark.root) < (size, *root));
        self.marks.get(at).filter(|mark| mark.size == size && mark.root == *root)
    }

    /// Grows by a batch.
    pub(crate) fn extend(&mut self, batch: &Batch<'_>) {
        let (lead, rest) = batch.hashes.split_at_checked(batch.lead).unwrap_or_default();
        self.push_all(lead);
        let chunks = rest.chunks_exact(1 << SUBTREE_LEVEL);
        let tail = chunks.remainder();
        for (leaves, root) in chunks.zip(&batch.subtrees) {
            self.push_chunk(leaves, *root);
        }
        self.push_all(tail);
    }

    fn push_chunk(&mut self, leaves: &[Hash], root: Hash) {
        let end = self.frontier.size() + leaves.len() as u64;
        let inside = self.marks.get(self.met).is_some_and(|mark| mark.size < end);
        if inside || self.frontier.push_subtree(SUBTREE_LEVEL, root).is_err() {
            self.push_all(leaves);
        } else {
            self.meet();
        }
    }

    fn push_all(&mut self, leaves: &[Hash]) {
        for leaf in leaves {
            self.frontier.push(*leaf);
            self.meet();
        }
    }

    fn meet(&mut self) {
        let size = self.frontier.size();
        while let Some(mark) = self.marks.get_mut(self.met).filter(|mark| mark.size <= size) {
            mark.ours = Some(self.frontier.root());
            self.met += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::scan::scan;

    #[test]
    fn marks_inside_and_between_subtrees_are_met_with_their_roots() {
        let hashes: Vec<Hash> = (0..2_000_u32).map(|n| Hash::of(&[&n.to_be_bytes()])).collect();
        let sizes = [0, 1, 255, 256, 257, 700, 768, 1_999, 2_000];
        let root = |size: usize| {
            let mut frontier = Frontier::default();
            hashes[..size].iter().for_each(|leaf| frontier.push(*leaf));
            frontier.root()
        };
        let marks = sizes.map(|size| Mark::new(size as u64, root(size))).to_vec();
        for step in [1, 100, 256, 300, 2_000] {
            let mut tree = Tree::new(marks.clone());
            let mut index = 0;
            for part in hashes.chunks(step) {
                let lead = ((256 - index % 256) % 256).min(part.len());
                let whole = part[lead..].chunks_exact(256);
                let subtrees = whole.map(|leaves| {
                    let mut frontier = Frontier::default();
                    leaves.iter().for_each(|leaf| frontier.push(*leaf));
                    frontier.root()
                });
                let subtrees = subtrees.collect();
                tree.extend(&Batch {
                    events: scan(&[], &[], 0, false).events,
                    hashes: part.to_vec(),
                    lead,
                    subtrees,
                });
                index += part.len();
            }
            assert!(tree.marks().iter().all(Mark::holds), "{step}");
        }
    }
}
