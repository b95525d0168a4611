//! The tree of RFC 6962: hashes of leaves and nodes, a compact range that grows, and exact proofs.
//!
//! Levels count from the leaves: the complete subtree `n` of level `l` covers the leaves `n * 2^l` to `(n + 1) * 2^l - 1`.

use crate::hash::{Hash, prefixed};
use serde::{Deserialize, Serialize};

/// The largest tree a [`Frontier`] starts from: what one canonical JSON integer can say.
pub const SIZE_MAX: u64 = (1 << 53) - 1;

/// The most hashes that a proof in a tree of 64-bit sizes has; a consistency proof has one more than its path.
pub const PROOF_HASHES_MAX: usize = 65;

const LEVELS: u8 = 64;

/// What is hashed before a leaf.
const LEAF: u8 = 0;
/// What is hashed before the two halves of an inner node.
const NODE: u8 = 1;

/// The hash of a leaf: `H(0x00 ‖ leaf)`.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let [hash] = prefixed(LEAF, [leaf]);
    hash
}

/// The hashes of three leaves, in less time than one by one.
pub fn leaf_hashes(leaves: [&[u8]; 3]) -> [Hash; 3] {
    prefixed(LEAF, leaves)
}

/// The hash of an inner node: `H(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let [hash] = prefixed(NODE, [[left.0, right.0].as_flattened()]);
    hash
}

/// The nodes over hashes that stand side by side; a last one without a neighbour is left out.
fn parents(hashes: &[Hash]) -> Vec<Hash> {
    let (pairs, _) = hashes.as_chunks::<2>();
    let (triples, rest) = pairs.as_chunks::<3>();
    let mut parents = Vec::with_capacity(pairs.len());
    for triple in triples {
        let halves = triple.map(|[left, right]| [left.0, right.0]);
        parents.extend(prefixed(NODE, halves.each_ref().map(|halves| halves.as_flattened())));
    }
    parents.extend(rest.iter().map(|[left, right]| node_hash(left, right)));
    parents
}

/// The root of a complete subtree over as many leaves as a power of two says.
pub fn subtree_root(leaves: &[Hash]) -> Option<Hash> {
    let mut level = parents(leaves);
    while level.len() > 1 {
        level = parents(&level);
    }
    level.pop().filter(|_| leaves.len().is_power_of_two())
}

/// The root of the tree without leaves: `H("")`.
pub fn empty_root() -> Hash {
    Hash::of(&[])
}

/// Why a proof was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf would lie outside the tree.
    #[error("there is no leaf {index} in a tree of {size}")]
    IndexBeyondSize {
        /// The leaf asked for.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The tree is said to have lost leaves.
    #[error("a tree of {old} leaves cannot become one of {new}")]
    Shrunk {
        /// The earlier size.
        old: u64,
        /// The later size.
        new: u64,
    },
    /// The proof has hashes too many or too few.
    #[error("the proof has {found} hashes, not {expected}")]
    Length {
        /// How many hashes the sizes ask for.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The proof does not lead to the root.
    #[error("the proof does not lead to the root")]
    Root,
    /// The proof does not lead to the root of the earlier tree.
    #[error("the proof does not lead to the root of the earlier tree")]
    OldRoot,
}

/// Why a proof could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError<E> {
    /// The leaf or the earlier size lies outside the tree.
    #[error("the proof asked for reaches beyond a tree of {size}")]
    BeyondTree {
        /// The size of the tree.
        size: u64,
    },
    /// The source could not give a hash.
    #[error("could not read a hash of the tree")]
    Read(#[source] E),
}

/// The complete subtrees at the left edge of a growing tree: enough to know the root and to append.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Frontier {
    size: u64,
    // INVARIANT: one peak for each bit set in `size`, the largest subtree first.
    peaks: Vec<Hash>,
}

/// Why a frontier was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The peaks are not those of a tree of this size.
    #[error("a frontier of size {size} does not have {peaks} hashes")]
    Peaks {
        /// The size it claims.
        size: u64,
        /// The number of hashes it has.
        peaks: usize,
    },
    /// The size is beyond [`SIZE_MAX`].
    #[error("the tree would grow beyond its bound")]
    TooLarge,
    /// The subtree does not start where the tree ends.
    #[error("a subtree of level {level} does not fit a tree of {size}")]
    Unaligned {
        /// The level of the subtree.
        level: u8,
        /// The size of the tree.
        size: u64,
    },
}

#[derive(Serialize, Deserialize)]
struct Stored {
    size: u64,
    peaks: Vec<Hash>,
}

impl TryFrom<Stored> for Frontier {
    type Error = FrontierError;

    fn try_from(stored: Stored) -> Result<Self, FrontierError> {
        let Stored { size, peaks } = stored;
        if size > SIZE_MAX {
            return Err(FrontierError::TooLarge);
        }
        if usize::try_from(size.count_ones()) != Ok(peaks.len()) {
            return Err(FrontierError::Peaks { size, peaks: peaks.len() });
        }
        Ok(Self { size, peaks })
    }
}

impl From<Frontier> for Stored {
    fn from(frontier: Frontier) -> Self {
        Self { size: frontier.size, peaks: frontier.peaks }
    }
}

impl Frontier {
    /// The frontier of a tree of which any source knows the hashes; see [`root_at`].
    pub fn at<E>(size: u64, hashes: &impl Fn(u8, u64) -> Result<Hash, E>) -> Result<Self, PathError<E>> {
        if size > SIZE_MAX {
            return Err(PathError::BeyondTree { size: SIZE_MAX });
        }
        let mut peaks = Vec::new();
        for level in (0..LEVELS).rev().filter(|level| size >> level & 1 == 1) {
            peaks.push(hashes(level, (size >> level) - 1).map_err(PathError::Read)?);
        }
        Ok(Self { size, peaks })
    }

    /// Appends the hash of one leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.join(0, leaf);
    }

    /// Appends a complete subtree of `2^level` leaves; the tree must end on a multiple of that.
    pub fn push_subtree(&mut self, level: u8, root: Hash) -> Result<(), FrontierError> {
        let leaves = 1_u64.checked_shl(level.into()).ok_or(FrontierError::TooLarge)?;
        if self.size.checked_add(leaves).is_none_or(|size| size > SIZE_MAX) {
            return Err(FrontierError::TooLarge);
        }
        if !self.size.is_multiple_of(leaves) {
            return Err(FrontierError::Unaligned { level, size: self.size });
        }
        self.join(level, root);
        Ok(())
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let folded = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        folded.unwrap_or_else(empty_root)
    }

    fn join(&mut self, level: u8, subtree: Hash) {
        let mut hash = subtree;
        for _ in 0..(self.size >> level).trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1 << level;
    }
}

/// A path from a leaf to the root: that the leaf is in the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InclusionProof(pub Vec<Hash>);

impl InclusionProof {
    /// Checks that leaf `index` of the tree is `leaf`; see [`verify_inclusion`].
    pub fn verify(&self, index: u64, size: u64, leaf: &Hash, root: &Hash) -> Result<(), ProofError> {
        verify_inclusion(index, size, leaf, &self.0, root)
    }
}

/// The hashes that join an earlier tree to a later one: that nothing was changed in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsistencyProof(pub Vec<Hash>);

impl ConsistencyProof {
    /// Checks that the later tree begins with the earlier one; see [`verify_consistency`].
    pub fn verify(
        &self,
        old_size: u64,
        old_root: &Hash,
        new_size: u64,
        new_root: &Hash,
    ) -> Result<(), ProofError> {
        verify_consistency(old_size, old_root, new_size, new_root, &self.0)
    }
}

/// Checks that leaf `index` of the tree of `size` leaves with this root hashes to `leaf`.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexBeyondSize { index, size });
    }
    let steps: Vec<Step> = path(index, size, 0).collect();
    expect_length(steps.len(), proof)?;
    let found = steps.iter().zip(proof).fold(*leaf, |hash, (step, sibling)| step.up(&hash, sibling));
    if found == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the first `old_size` leaves of the new tree are those of the old one.
///
/// Of an empty old tree there is nothing to prove, so the proof is empty; so is that of a tree and itself.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::Shrunk { old: old_size, new: new_size });
    }
    if old_size == 0 && *old_root != empty_root() {
        return Err(ProofError::OldRoot);
    }
    if old_size == new_size && old_root != new_root {
        return Err(ProofError::Root);
    }
    if old_size == 0 || old_size == new_size {
        return expect_length(0, proof);
    }
    let steps: Vec<Step> = path(old_size - 1, new_size, old_size.trailing_zeros()).collect();
    // A complete old tree is itself the start of the path, so the proof does not repeat its root.
    let (start, rest) = match proof.split_first() {
        _ if old_size.is_power_of_two() => (old_root, proof),
        Some((first, rest)) => (first, rest),
        None => return Err(ProofError::Length { expected: steps.len() + 1, found: 0 }),
    };
    expect_length(steps.len(), rest)?;
    let (old, new) = steps.iter().zip(rest).fold((*start, *start), |(old, new), (step, sibling)| {
        (if step.sibling_is_left { step.up(&old, sibling) } else { old }, step.up(&new, sibling))
    });
    if old != *old_root {
        return Err(ProofError::OldRoot);
    }
    if new == *new_root { Ok(()) } else { Err(ProofError::Root) }
}

/// The root of the first `size` leaves, when `hashes(level, n)` gives the complete subtree `n` of that level.
pub fn root_at<E>(size: u64, hashes: &impl Fn(u8, u64) -> Result<Hash, E>) -> Result<Hash, E> {
    root_of_range(0, size, hashes)
}

/// The proof that leaf `index` is in the tree of `size` leaves; `hashes` as for [`root_at`].
pub fn inclusion_path<E>(
    index: u64,
    size: u64,
    hashes: &impl Fn(u8, u64) -> Result<Hash, E>,
) -> Result<InclusionProof, PathError<E>> {
    if index >= size {
        return Err(PathError::BeyondTree { size });
    }
    let siblings = path(index, size, 0).map(|step| step.sibling(size, hashes));
    siblings.collect::<Result<_, E>>().map(InclusionProof).map_err(PathError::Read)
}

/// The proof that the tree of `new` leaves begins with that of `old`; `hashes` as for [`root_at`].
pub fn consistency_path<E>(
    old: u64,
    new: u64,
    hashes: &impl Fn(u8, u64) -> Result<Hash, E>,
) -> Result<ConsistencyProof, PathError<E>> {
    if old > new {
        return Err(PathError::BeyondTree { size: new });
    }
    if old == 0 || old == new {
        return Ok(ConsistencyProof(Vec::new()));
    }
    let shift = old.trailing_zeros();
    let first = (!old.is_power_of_two()).then(|| root_of_range(old - (1 << shift), old, hashes));
    let siblings = path(old - 1, new, shift).map(|step| step.sibling(new, hashes));
    let proof = first.into_iter().chain(siblings).collect::<Result<_, E>>();
    proof.map(ConsistencyProof).map_err(PathError::Read)
}

/// One level on the way from a leaf to the root at which there is a sibling.
struct Step {
    level: u8,
    number: u64,
    sibling_is_left: bool,
}

impl Step {
    fn up(&self, hash: &Hash, sibling: &Hash) -> Hash {
        if self.sibling_is_left { node_hash(sibling, hash) } else { node_hash(hash, sibling) }
    }

    /// The sibling's hash. Only the sibling on the right of the last split can be less than complete.
    fn sibling<E>(&self, size: u64, hashes: &impl Fn(u8, u64) -> Result<Hash, E>) -> Result<Hash, E> {
        let start = (self.number ^ 1) << self.level;
        let end = start.saturating_add(1 << self.level).min(size);
        root_of_range(start, end, hashes)
    }
}

/// The steps from a leaf to the root, without those below `from`.
///
/// Below the level where the way parts from that of the last leaf each step has a sibling; above it only a left one.
fn path(index: u64, size: u64, from: u32) -> impl Iterator<Item = Step> {
    let parting = u64::BITS - (index ^ (size - 1)).leading_zeros();
    let levels = (0..LEVELS).filter(move |level| u32::from(*level) >= from);
    levels.filter_map(move |level| {
        let number = index >> level;
        let sibling_is_left = number & 1 == 1;
        (u32::from(level) < parting || sibling_is_left).then_some(Step { level, number, sibling_is_left })
    })
}

/// The root of the leaves from `start`, a multiple of a power of two no smaller than the range, up to `end`.
fn root_of_range<E>(start: u64, end: u64, hashes: &impl Fn(u8, u64) -> Result<Hash, E>) -> Result<Hash, E> {
    let (width, mut end, mut root) = (end - start, end, None);
    for level in (0..LEVELS).filter(|level| width >> level & 1 == 1) {
        end -= 1 << level;
        let left = hashes(level, end >> level)?;
        root = Some(root.map_or(left, |right| node_hash(&left, &right)));
    }
    Ok(root.unwrap_or_else(empty_root))
}

fn expect_length(expected: usize, proof: &[Hash]) -> Result<(), ProofError> {
    let found = proof.len();
    if found == expected { Ok(()) } else { Err(ProofError::Length { expected, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    const SMALL: u64 = 70;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    // The definitions of RFC 6962, section 2.1, as they are written there.
    fn split(count: usize) -> usize {
        count.next_power_of_two() / 2
    }

    fn naive_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(split(many.len()));
                node_hash(&naive_root(left), &naive_root(right))
            }
        }
    }

    fn naive_inclusion(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let k = split(leaves.len());
        let (left, right) = leaves.split_at(k);
        let (mut proof, sibling) = if index < k {
            (naive_inclusion(index, left), naive_root(right))
        } else {
            (naive_inclusion(index - k, right), naive_root(left))
        };
        proof.push(sibling);
        proof
    }

    fn naive_consistency(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if whole { Vec::new() } else { vec![naive_root(leaves)] };
        }
        let k = split(leaves.len());
        let (left, right) = leaves.split_at(k);
        let (mut proof, sibling) = if old <= k {
            (naive_consistency(old, left, whole), naive_root(right))
        } else {
            (naive_consistency(old - k, right, false), naive_root(left))
        };
        proof.push(sibling);
        proof
    }

    fn source(leaves: &[Hash]) -> impl Fn(u8, u64) -> Result<Hash, Infallible> {
        move |level, n| {
            let width = 1_usize << level;
            let start = usize::try_from(n).unwrap() * width;
            Ok(naive_root(&leaves[start..start + width]))
        }
    }

    fn at(n: u64) -> usize {
        usize::try_from(n).unwrap()
    }

    #[test]
    fn roots_are_those_of_the_definition() {
        let all = leaves(SMALL);
        let mut frontier = Frontier::default();
        for size in 0..=SMALL {
            let root = naive_root(&all[..at(size)]);
            assert_eq!(frontier.root(), root, "size {size}");
            assert_eq!(root_at(size, &source(&all)), Ok(root));
            assert_eq!(Frontier::at(size, &source(&all)), Ok(frontier.clone()));
            if let Some(leaf) = all.get(at(size)) {
                frontier.push(*leaf);
            }
        }
    }

    #[test]
    fn inclusion_proofs_are_those_of_the_definition() {
        let all = leaves(SMALL);
        for size in 1..=SMALL {
            let part = &all[..at(size)];
            for index in 0..size {
                let proof = inclusion_path(index, size, &source(part)).unwrap();
                assert_eq!(proof.0, naive_inclusion(at(index), part), "leaf {index} of {size}");
                assert_eq!(proof.verify(index, size, &part[at(index)], &naive_root(part)), Ok(()));
            }
        }
    }

    #[test]
    fn consistency_proofs_are_those_of_the_definition() {
        let all = leaves(SMALL);
        for new in 0..=SMALL {
            let part = &all[..at(new)];
            for old in 0..=new {
                let proof = consistency_path(old, new, &source(part)).unwrap();
                let naive = if old == 0 { Vec::new() } else { naive_consistency(at(old), part, true) };
                assert_eq!(proof.0, naive, "{old} to {new}");
                let old_root = naive_root(&part[..at(old)]);
                assert_eq!(proof.verify(old, &old_root, new, &naive_root(part)), Ok(()));
            }
        }
    }

    #[test]
    fn whole_subtrees_build_the_same_frontier() {
        let all = leaves(SMALL);
        for size in 0..=SMALL {
            for level in 0..6_u8 {
                let part = &all[..at(size)];
                let mut one_by_one = Frontier::default();
                part.iter().for_each(|leaf| one_by_one.push(*leaf));
                let mut in_bulk = Frontier::default();
                let chunks = part.chunks_exact(1 << level);
                let rest = chunks.remainder();
                for chunk in chunks {
                    in_bulk.push_subtree(level, naive_root(chunk)).unwrap();
                }
                rest.iter().for_each(|leaf| in_bulk.push(*leaf));
                assert_eq!(in_bulk, one_by_one, "{size} leaves in subtrees of level {level}");
            }
        }
    }

    #[test]
    fn a_subtree_must_fit_where_the_tree_ends() {
        let mut frontier = Frontier::default();
        frontier.push(leaf_hash(b"a"));
        let before = frontier.clone();
        let unaligned = Err(FrontierError::Unaligned { level: 1, size: 1 });
        assert_eq!(frontier.push_subtree(1, empty_root()), unaligned);
        for level in [53, 63, 64, 255] {
            assert_eq!(Frontier::default().push_subtree(level, empty_root()), Err(FrontierError::TooLarge));
        }
        assert_eq!(frontier, before);
    }

    #[test]
    fn a_stored_frontier_is_checked_when_read() {
        let mut frontier = Frontier::default();
        leaves(7).into_iter().for_each(|leaf| frontier.push(leaf));
        let text = serde_json::to_string(&frontier).unwrap();
        assert_eq!(serde_json::from_str::<Frontier>(&text).unwrap(), frontier);
        for size in ["6", "8", "9007199254740992", "18446744073709551615", "-7"] {
            let forged = text.replacen("\"size\":7", &format!("\"size\":{size}"), 1);
            assert!(serde_json::from_str::<Frontier>(&forged).is_err(), "{size}");
        }
    }

    #[test]
    fn special_sizes_have_their_own_rules() {
        let (empty, one, two) = (empty_root(), leaf_hash(b"a"), leaf_hash(b"b"));
        let joined = node_hash(&one, &two);
        let beyond = ProofError::IndexBeyondSize { index: 0, size: 0 };
        assert_eq!(verify_inclusion(0, 0, &one, &[], &empty), Err(beyond));
        assert_eq!(verify_consistency(0, &empty, 2, &joined, &[]), Ok(()));
        assert_eq!(verify_consistency(0, &one, 2, &joined, &[]), Err(ProofError::OldRoot));
        let too_long = Err(ProofError::Length { expected: 0, found: 1 });
        assert_eq!(verify_consistency(0, &empty, 2, &joined, &[one]), too_long);
        assert_eq!(verify_consistency(2, &joined, 2, &joined, &[one]), too_long);
        assert_eq!(verify_consistency(2, &joined, 2, &one, &[]), Err(ProofError::Root));
        assert_eq!(verify_consistency(0, &empty, 0, &one, &[]), Err(ProofError::Root));
        assert_eq!(verify_consistency(2, &joined, 1, &one, &[]), Err(ProofError::Shrunk { old: 2, new: 1 }));
    }

    #[test]
    fn the_largest_sizes_are_refused_without_a_fault() {
        let hash = leaf_hash(b"a");
        for index in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            for count in [0, 1, 63, 64, 65, 66] {
                let proof = vec![hash; count];
                assert!(verify_inclusion(index, u64::MAX, &hash, &proof, &hash).is_err());
                assert!(verify_consistency(index, &hash, u64::MAX, &empty_root(), &proof).is_err());
            }
        }
        let longest = inclusion_path(0, u64::MAX, &|_, _| Ok::<_, Infallible>(hash)).unwrap();
        assert!(longest.0.len() < PROOF_HASHES_MAX);
    }

    #[test]
    fn a_doubled_last_leaf_and_a_leaf_that_looks_like_a_node_give_other_roots() {
        let [a, b, c] = [leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")];
        assert_ne!(naive_root(&[a, b, c]), naive_root(&[a, b, c, c]));
        assert_ne!(leaf_hash(&[a.0, b.0].concat()), node_hash(&a, &b));
    }

    #[derive(Clone, Debug)]
    enum Change {
        Extra(usize),
        Missing(usize),
        Flip(usize, usize),
        Swap(usize),
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            any::<usize>().prop_map(Change::Extra),
            any::<usize>().prop_map(Change::Missing),
            (any::<usize>(), 0..256_usize).prop_map(|(n, bit)| Change::Flip(n, bit)),
            any::<usize>().prop_map(Change::Swap),
        ]
    }

    /// The changed proof, when the change can be made to it.
    fn changed(proof: &[Hash], change: &Change) -> Option<Vec<Hash>> {
        let mut forged = proof.to_vec();
        match *change {
            Change::Extra(n) => forged.insert(n % (proof.len() + 1), leaf_hash(b"extra")),
            Change::Missing(_) | Change::Flip(..) if proof.is_empty() => return None,
            Change::Missing(n) => drop(forged.remove(n % proof.len())),
            Change::Flip(n, bit) => forged[n % proof.len()].0[bit / 8] ^= 1 << (bit % 8),
            Change::Swap(_) if proof.len() < 2 => return None,
            Change::Swap(n) => forged.swap(n % proof.len(), (n + 1) % proof.len()),
        }
        Some(forged)
    }

    proptest! {
        #[test]
        fn a_changed_inclusion_proof_is_refused(size in 1..200_u64, at_index: u64, change in change()) {
            let (all, index) = (leaves(size), at_index % size);
            let root = naive_root(&all);
            let proof = naive_inclusion(at(index), &all);
            if let Some(forged) = changed(&proof, &change) {
                prop_assert!(verify_inclusion(index, size, &all[at(index)], &forged, &root).is_err());
            }
        }

        #[test]
        fn a_proof_speaks_for_one_index_and_one_leaf(size in 2..200_u64, a: u64, b: u64) {
            let (all, index, other) = (leaves(size), a % size, b % (size + 3));
            prop_assume!(index != other);
            let root = naive_root(&all);
            let proof = naive_inclusion(at(index), &all);
            prop_assert!(verify_inclusion(other, size, &all[at(index)], &proof, &root).is_err());
            let wrong = leaf_hash(b"wrong");
            prop_assert!(verify_inclusion(index, size, &wrong, &proof, &root).is_err());
        }

        #[test]
        fn a_proof_of_another_size_is_refused_or_says_the_same(size in 1..200_u64, a: u64, other in 0..300_u64) {
            let (all, index) = (leaves(size), a % size);
            let (root, proof) = (naive_root(&all), naive_inclusion(at(index), &all));
            // A size that asks for the same way up cannot be told apart by a path alone; the signed size can.
            let same_way = |size| path(index, size, 0).map(|step| (step.level, step.sibling_is_left)).eq(
                path(index, all.len() as u64, 0).map(|step| (step.level, step.sibling_is_left)),
            );
            let accepted = verify_inclusion(index, other, &all[at(index)], &proof, &root).is_ok();
            prop_assert_eq!(accepted, other > index && same_way(other));
        }

        #[test]
        fn a_changed_consistency_proof_is_refused(new in 1..200_u64, a: u64, change in change()) {
            let (all, old) = (leaves(new), a % (new + 1));
            let (old_root, new_root) = (naive_root(&all[..at(old)]), naive_root(&all));
            let proof = consistency_path(old, new, &source(&all)).unwrap();
            prop_assert_eq!(proof.verify(old, &old_root, new, &new_root), Ok(()));
            if let Some(forged) = changed(&proof.0, &change) {
                prop_assert!(verify_consistency(old, &old_root, new, &new_root, &forged).is_err());
            }
        }

        #[test]
        fn a_rewritten_past_is_refused(new in 2..200_u64, a: u64, b: u64) {
            let old = 1 + a % (new - 1);
            let (honest, mut forged) = (leaves(new), leaves(new));
            forged[at(b % old)] = leaf_hash(b"rewritten");
            let proof = consistency_path(old, new, &source(&forged)).unwrap();
            let (old_root, new_root) = (naive_root(&honest[..at(old)]), naive_root(&forged));
            prop_assert!(proof.verify(old, &old_root, new, &new_root).is_err());
        }
    }
}
