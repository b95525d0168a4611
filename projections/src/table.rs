//! Sorted tables that only grow: what was once recorded stays.
//!
//! A persistent B+ tree, because a map for everything pays for what is never asked of these: ids come nearly in ascending order, and a
//! node that was split in the middle then stays half empty for ever. Here it is left full. A clone shares all nodes; a change copies
//! those on the way to it that are shared. Keys stand apart from values, because looking for a key is waiting for memory.

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;
use std::iter::Zip;
use std::marker::PhantomData;
use std::slice;
use std::sync::Arc;

/// Children of a branch: few, as a copy of it counts each of them.
const CHILDREN_MAX: usize = 32;
/// About the size of a leaf.
const LEAF_BYTES: usize = 1_536;
/// So many keys are looked at one after another: a processor fetches them at once, but of a search by halves one after the other.
const ROW_MAX: usize = 8;

/// A sorted map without removal.
#[derive(Clone)]
pub struct Table<K, V> {
    root: Arc<Node<K, V>>,
    len: usize,
}

/// Keys of a branch are lower bounds of its children, but for the first one's.
enum Node<K, V> {
    Leaf(Pairs<K, V>),
    Branch(Pairs<K, Arc<Node<K, V>>>),
}

/// What was split off, with its least key.
type Split<K, V> = (K, Arc<Node<K, V>>);

/// Keys in order, and what belongs to each.
///
/// INVARIANT: there are as many values as keys.
struct Pairs<K, T> {
    keys: Vec<K>,
    values: Vec<T>,
}

/// How many keys pass, of keys in order of which no more pass after one that does not.
fn count<K>(keys: &[K], passes: impl Fn(&K) -> bool) -> usize {
    let (mut before, mut rest) = (0, keys);
    while rest.len() > ROW_MAX {
        let (low, high) = rest.split_at(rest.len() / 2);
        if high.first().is_some_and(&passes) {
            before += low.len();
            rest = high;
        } else {
            rest = low;
        }
    }
    before + rest.iter().take_while(|key| passes(key)).count()
}

impl<K, V> Node<K, V> {
    /// Most entries of a leaf.
    const ENTRIES_MAX: usize = {
        let fit = LEAF_BYTES / (size_of::<K>() + size_of::<V>() + 1);
        if fit < 8 { 8 } else { fit }
    };
}

/// A copy has room for what is about to be added.
impl<K: Clone, V: Clone> Clone for Node<K, V> {
    fn clone(&self) -> Self {
        match self {
            Self::Leaf(entries) => Self::Leaf(entries.roomy(Self::ENTRIES_MAX)),
            Self::Branch(children) => Self::Branch(children.roomy(CHILDREN_MAX)),
        }
    }
}

impl<K, T> Pairs<K, T> {
    fn with_room(room: usize) -> Self {
        Self { keys: Vec::with_capacity(room), values: Vec::with_capacity(room) }
    }

    fn push(&mut self, key: K, value: T) {
        self.keys.push(key);
        self.values.push(value);
    }

    fn shrink(&mut self) {
        self.keys.shrink_to_fit();
        self.values.shrink_to_fit();
    }

    /// Where a key is, or else would be.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        let at = count(&self.keys, |found| found.borrow() < key);
        let is_there = self.keys.get(at).is_some_and(|found| found.borrow() == key);
        if is_there { Ok(at) } else { Err(at) }
    }

    /// Of a branch, the child before the first whose least key does not pass. The first one's may be too great, so nobody looks at it.
    fn child(&self, passes: impl Fn(&K) -> bool) -> usize {
        count(self.keys.get(1..).unwrap_or_default(), passes)
    }

    /// The child in which a key is, or would be.
    fn toward<Q: Ord + ?Sized>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        self.child(|least| least.borrow() <= key)
    }

    /// Puts an item in its place; what does not fit comes back. After the last item nothing moves, so what is here stays full.
    fn put(&mut self, at: usize, (key, value): (K, T), most: usize) -> Option<Self> {
        let len = self.keys.len();
        if len < most {
            self.keys.insert(at, key);
            self.values.insert(at, value);
            return None;
        }
        let keep = if at == len { at } else { len / 2 };
        let mut rest = Self { keys: self.keys.split_off(keep), values: self.values.split_off(keep) };
        let (half, at) = match at.checked_sub(keep) {
            Some(at) => (&mut rest, at),
            None => (&mut *self, at),
        };
        half.keys.insert(at, key);
        half.values.insert(at, value);
        self.shrink();
        Some(rest)
    }

    fn from(&self, at: usize) -> Zip<slice::Iter<'_, K>, slice::Iter<'_, T>> {
        let keys = self.keys.get(at..).unwrap_or_default();
        keys.iter().zip(self.values.get(at..).unwrap_or_default())
    }
}

impl<K: Clone, T: Clone> Pairs<K, T> {
    fn roomy(&self, most: usize) -> Self {
        let len = self.keys.len();
        let mut copy = Self::with_room((len + len / 4 + 1).min(most));
        copy.keys.extend_from_slice(&self.keys);
        copy.values.extend_from_slice(&self.values);
        copy
    }
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { root: Arc::new(Node::Leaf(Pairs::with_room(0))), len: 0 }
    }
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(entries) => return entries.values.get(entries.place(key).ok()?),
                Node::Branch(children) => node = &**children.values.get(children.toward(key))?,
            }
        }
    }

    /// Whether there is a value.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// The value of a key that most likely has one, to be changed: what is shared is copied on the way, and if it has none in vain.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let mut node = &mut self.root;
        loop {
            match Arc::make_mut(node) {
                Node::Leaf(entries) => {
                    let at = entries.place(key).ok()?;
                    return entries.values.get_mut(at);
                }
                Node::Branch(children) => {
                    let at = children.toward(key);
                    node = children.values.get_mut(at)?;
                }
            }
        }
    }

    /// Adds an entry, unless the key has a value: whether it was added.
    pub fn insert(&mut self, key: K, value: V) -> bool {
        let before = self.len;
        self.enter(key, |found| found.is_none().then_some(value));
        self.len > before
    }

    /// Changes the value of a key, or else the new one before it is added.
    pub fn update(&mut self, key: K, new: impl FnOnce() -> V, change: impl FnOnce(&mut V)) {
        self.enter(key, |found| {
            if let Some(value) = found {
                change(value);
                return None;
            }
            let mut value = new();
            change(&mut value);
            Some(value)
        });
    }

    /// Goes to where a key is or would be, and adds what `act` gives when there was no value.
    fn enter(&mut self, key: K, act: impl FnOnce(Option<&mut V>) -> Option<V>) {
        let len = &mut self.len;
        let counted = |found: Option<&mut V>| act(found).inspect(|_| *len += 1);
        if let Some((least, rest)) = Self::enter_below(&mut self.root, key, counted) {
            let first = std::mem::replace(&mut self.root, Arc::clone(&rest));
            self.root =
                Arc::new(Node::Branch(Pairs { keys: vec![least.clone(), least], values: vec![first, rest] }));
        }
    }

    fn enter_below(
        node: &mut Arc<Node<K, V>>,
        key: K,
        act: impl FnOnce(Option<&mut V>) -> Option<V>,
    ) -> Option<Split<K, V>> {
        match Arc::make_mut(node) {
            Node::Leaf(entries) => {
                let at = match entries.place(&key) {
                    Ok(at) => {
                        act(entries.values.get_mut(at));
                        return None;
                    }
                    Err(at) => at,
                };
                let rest = entries.put(at, (key, act(None)?), Node::<K, V>::ENTRIES_MAX)?;
                let least = rest.keys.first()?.clone();
                Some((least, Arc::new(Node::Leaf(rest))))
            }
            Node::Branch(children) => {
                let at = children.toward(&key);
                let split = Self::enter_below(children.values.get_mut(at)?, key, act)?;
                let rest = children.put(at + 1, split, CHILDREN_MAX)?;
                let least = rest.keys.first()?.clone();
                Some((least, Arc::new(Node::Branch(rest))))
            }
        }
    }

    /// All entries in order.
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.range_from(|_| false)
    }

    /// Entries after a key, or all of them, in order.
    pub fn after(&self, key: Option<&K>) -> Iter<'_, K, V> {
        self.range_from(|found| key.is_some_and(|key| found <= key))
    }

    /// Entries from a key on, in order.
    pub fn from(&self, key: &K) -> Iter<'_, K, V> {
        self.range_from(|found| found < key)
    }

    /// Entries but the first ones, which are before the range.
    fn range_from(&self, before: impl Fn(&K) -> bool) -> Iter<'_, K, V> {
        let mut branches = Vec::new();
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    return Iter { branches, leaf: entries.from(count(&entries.keys, before)) };
                }
                Node::Branch(children) => {
                    let at = children.child(&before);
                    let mut rest = children.values.get(at..).unwrap_or_default().iter();
                    let Some(first) = rest.next() else { return Iter { branches, leaf: [].iter().zip(&[]) } };
                    branches.push(rest);
                    node = first;
                }
            }
        }
    }
}

/// Entries in order.
pub struct Iter<'a, K, V> {
    branches: Vec<slice::Iter<'a, Arc<Node<K, V>>>>,
    leaf: Zip<slice::Iter<'a, K>, slice::Iter<'a, V>>,
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.leaf.next() {
                return Some(entry);
            }
            let Some(child) = self.branches.last_mut()?.next() else {
                self.branches.pop();
                continue;
            };
            match &**child {
                Node::Leaf(entries) => self.leaf = entries.from(0),
                Node::Branch(children) => self.branches.push(children.values.iter()),
            }
        }
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Ord + Clone, V: Clone + Eq> Eq for Table<K, V> {}

impl<K: Ord + Clone + fmt::Debug, V: Clone + fmt::Debug> fmt::Debug for Table<K, V> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries = serializer.serialize_seq(Some(self.len))?;
        self.iter().try_for_each(|entry| entries.serialize_element(&entry))?;
        entries.end()
    }
}

impl<'de, K: Ord + Clone + Deserialize<'de>, V: Clone + Deserialize<'de>> Deserialize<'de> for Table<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Entries(PhantomData))
    }
}

struct Entries<K, V>(PhantomData<(K, V)>);

impl<'de, K: Ord + Clone + Deserialize<'de>, V: Clone + Deserialize<'de>> Visitor<'de> for Entries<K, V> {
    type Value = Table<K, V>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("entries in ascending order of their keys")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let room = Node::<K, V>::ENTRIES_MAX;
        let (mut leaves, mut open, mut len) = (Vec::new(), Pairs::with_room(room), 0);
        while let Some((key, value)) = entries.next_element::<(K, V)>()? {
            if open.keys.last().is_some_and(|last| *last >= key) {
                return Err(A::Error::custom("the keys of a table do not ascend"));
            }
            if open.keys.len() == room {
                leaves.push(Node::Leaf(std::mem::replace(&mut open, Pairs::with_room(room))));
            }
            open.push(key, value);
            len += 1;
        }
        open.shrink();
        leaves.push(Node::Leaf(open));
        Ok(Table { root: above(leaves), len })
    }
}

/// The root of a tree of these leaves; all nodes but the last ones are full.
fn above<K: Clone, V>(leaves: Vec<Node<K, V>>) -> Arc<Node<K, V>> {
    let with_least = |leaf| match &leaf {
        Node::Leaf(entries) => entries.keys.first().cloned().map(|least| (least, Arc::new(leaf))),
        Node::Branch(_) => None,
    };
    let mut nodes: Vec<Split<K, V>> = leaves.into_iter().filter_map(with_least).collect();
    while nodes.len() > 1 {
        let branch = |children: &[Split<K, V>]| {
            let (keys, values) = children.iter().cloned().unzip();
            Some((children.first()?.0.clone(), Arc::new(Node::Branch(Pairs { keys, values }))))
        };
        nodes = nodes.chunks(CHILDREN_MAX).filter_map(branch).collect();
    }
    nodes.pop().map_or_else(|| Table::default().root, |(_, root)| root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Keys in ascending, descending and scattered order, some of them twice.
    fn orders() -> [Vec<u32>; 3] {
        let scattered = (0..5_000_u32).map(|number| number.wrapping_mul(2_654_435_761) % 4_001);
        [(0..5_000).collect(), (0..5_000).rev().collect(), scattered.collect()]
    }

    #[test]
    fn a_table_is_a_map() {
        for order in orders() {
            let (mut table, mut map) = (Table::default(), BTreeMap::new());
            for key in order {
                assert_eq!(table.insert(key, key), !map.contains_key(&key));
                map.entry(key).or_insert(key);
                table.update(key / 2, || 0, |value| *value += 1);
                map.entry(key / 2).and_modify(|value| *value += 1).or_insert(1);
            }
            assert_eq!(table.len(), map.len());
            assert!(table.iter().eq(&map));
            for key in [0, 1, 17, 1_999, 2_000, 4_000, 4_999, 9_000] {
                assert_eq!(table.get(&key), map.get(&key));
                assert!(table.from(&key).eq(map.range(key..)), "from {key}");
                assert!(table.after(Some(&key)).eq(map.range(key + 1..)), "after {key}");
            }
        }
    }

    #[test]
    fn a_copy_stays_as_it_was() {
        for order in orders() {
            let mut table = Table::default();
            for key in &order {
                let (before, added) = (table.clone(), !table.contains_key(key));
                table.insert(*key, 0);
                assert_eq!(before.len() + usize::from(added), table.len());
                assert_eq!(before.contains_key(key), !added);
            }
            let before = table.clone();
            order.iter().for_each(|key| table.update(*key, || 0, |value| *value = 1));
            assert!(
                before.iter().all(|(_, value)| *value == 0) && table.iter().all(|(_, value)| *value == 1)
            );
        }
    }

    #[test]
    fn equal_tables_may_be_of_different_shape() {
        let [up, down, _] = orders().map(|order| {
            let mut table = Table::default();
            for key in order {
                table.insert(key, ());
            }
            table
        });
        assert_eq!(up, down);
        let bytes = serde_json::to_vec(&down).unwrap();
        assert_eq!(serde_json::from_slice::<Table<u32, ()>>(&bytes).unwrap(), up);
        assert!(serde_json::from_str::<Table<u32, ()>>("[[1,null],[1,null]]").is_err());
    }

    #[test]
    fn leaves_of_ascending_keys_are_full() {
        fn leaves<K, V>(node: &Node<K, V>) -> usize {
            match node {
                Node::Leaf(_) => 1,
                Node::Branch(children) => children.values.iter().map(|child| leaves(child)).sum(),
            }
        }
        let mut table = Table::default();
        for key in 0..50_000_u32 {
            table.insert(key, key);
        }
        assert_eq!(leaves(&table.root), 50_000_usize.div_ceil(Node::<u32, u32>::ENTRIES_MAX));
    }
}
