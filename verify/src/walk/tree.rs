//! The tree over the log, compared with every checkpoint as it grows past its size.

use super::scan::SUBTREE_LEVEL;
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

    /// Grows by leaves, and by the subtree over them where there is one.
    pub(crate) fn extend(&mut self, leaves: &[Hash], subtree: Option<Hash>) {
        let end = self.frontier.size() + leaves.len() as u64;
        let inside = self.marks.get(self.met).is_some_and(|mark| mark.size < end);
        let whole = subtree.filter(|_| !inside);
        if whole.is_some_and(|root| self.frontier.push_subtree(SUBTREE_LEVEL, root).is_ok()) {
            self.meet();
        } else {
            self.push_all(leaves);
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
    use ledger::merkle::subtree_root;

    const SUBTREE_LEAVES: usize = 1 << SUBTREE_LEVEL;

    #[test]
    fn marks_inside_and_between_subtrees_are_met_with_their_roots() {
        let hashes: Vec<Hash> = (0..2_000_u32).map(|n| Hash::of(&[&n.to_be_bytes()])).collect();
        let sizes = [0, 1, 127, 128, 129, 255, 256, 257, 700, 768, 1_999, 2_000];
        let root = |size: usize| {
            let mut frontier = Frontier::default();
            hashes[..size].iter().for_each(|leaf| frontier.push(*leaf));
            frontier.root()
        };
        let marks = sizes.map(|size| Mark::new(size as u64, root(size))).to_vec();
        let sizes = [SUBTREE_LEAVES - 1, SUBTREE_LEAVES, 1, 2 * SUBTREE_LEAVES];
        for step in sizes {
            let mut tree = Tree::new(marks.clone());
            for part in hashes.chunks(step) {
                let subtree = subtree_root(part).filter(|_| part.len() == SUBTREE_LEAVES);
                tree.extend(part, subtree);
            }
            assert!(tree.marks().iter().all(Mark::holds), "{step}");
        }
        // A subtree that does not begin where one can begin is not taken for one.
        let mut tree = Tree::new(marks);
        let (first, rest) = hashes.split_at(100);
        tree.extend(first, None);
        rest.chunks(SUBTREE_LEAVES).for_each(|part| tree.extend(part, subtree_root(part)));
        assert!(tree.marks().iter().all(Mark::holds));
    }
}
