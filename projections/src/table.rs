//! Sorted tables that only grow: what was once recorded stays.
//!
//! A persistent B+ tree, because a map for everything pays for what is never asked of these: ids come nearly in ascending order, and a
//! node that was split in the middle then stays half empty for ever. Here it is left full. A clone shares all nodes; a change copies
//! those on the way to it that are shared.

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Children of a branch: few, as a copy of it counts each of them.
const CHILDREN_MAX: usize = 32;
/// About the size of a leaf.
const LEAF_BYTES: usize = 1_536;

/// A sorted map without removal.
#[derive(Clone)]
pub struct Table<K, V> {
    root: Arc<Node<K, V>>,
    len: usize,
}

/// Keys of a branch are lower bounds of its children; the first one's counts for nothing.
enum Node<K, V> {
    Leaf(Vec<(K, V)>),
    Branch(Vec<(K, Arc<Node<K, V>>)>),
}

impl<K, V> Node<K, V> {
    /// Most entries of a leaf.
    const ENTRIES_MAX: usize = {
        let fit = LEAF_BYTES / (size_of::<(K, V)>() + 1);
        if fit < 8 { 8 } else { fit }
    };
}

/// A copy has room for what is about to be added.
impl<K: Clone, V: Clone> Clone for Node<K, V> {
    fn clone(&self) -> Self {
        match self {
            Self::Leaf(entries) => Self::Leaf(roomy(entries, Self::ENTRIES_MAX)),
            Self::Branch(children) => Self::Branch(roomy(children, CHILDREN_MAX)),
        }
    }
}

fn roomy<T: Clone>(items: &[T], most: usize) -> Vec<T> {
    let mut copy = Vec::with_capacity((items.len() + items.len() / 4 + 1).min(most));
    copy.extend_from_slice(items);
    copy
}

/// Puts an item in its place; what does not fit comes back as a list of its own. After the last item nothing moves, so the list stays full.
fn put<T>(items: &mut Vec<T>, at: usize, item: T, most: usize) -> Option<Vec<T>> {
    if items.len() < most {
        items.insert(at, item);
        return None;
    }
    let keep = if at == items.len() { at } else { items.len() / 2 };
    let mut rest = items.split_off(keep);
    match at.checked_sub(keep) {
        Some(at) => rest.insert(at, item),
        None => items.insert(at, item),
    }
    items.shrink_to_fit();
    Some(rest)
}

/// The child in which a key is, or would be.
fn toward<K: Borrow<Q>, Q: Ord + ?Sized, C>(children: &[(K, C)], key: &Q) -> usize {
    children.partition_point(|(least, _)| least.borrow() <= key).saturating_sub(1)
}

fn place<K: Borrow<Q>, Q: Ord + ?Sized, V>(entries: &[(K, V)], key: &Q) -> Result<usize, usize> {
    entries.binary_search_by(|(found, _)| found.borrow().cmp(key))
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { root: Arc::new(Node::Leaf(Vec::new())), len: 0 }
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
                Node::Leaf(entries) => return Some(&entries.get(place(entries, key).ok()?)?.1),
                Node::Branch(children) => node = &*children.get(toward(children, key))?.1,
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

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        // Looked for first, so that nothing is copied in vain.
        self.get(key)?;
        let mut node = &mut self.root;
        loop {
            match Arc::make_mut(node) {
                Node::Leaf(entries) => {
                    let at = place(entries, key).ok()?;
                    return Some(&mut entries.get_mut(at)?.1);
                }
                Node::Branch(children) => {
                    let at = toward(children, key);
                    node = &mut children.get_mut(at)?.1;
                }
            }
        }
    }

    /// Adds an entry, unless the key has a value: whether it was added.
    pub fn insert(&mut self, key: K, value: V) -> bool {
        if self.contains_key(&key) {
            return false;
        }
        if let Some((least, rest)) = Self::insert_below(&mut self.root, key, value) {
            let first = std::mem::replace(&mut self.root, Arc::clone(&rest));
            self.root = Arc::new(Node::Branch(vec![(least.clone(), first), (least, rest)]));
        }
        self.len += 1;
        true
    }

    /// Changes the value of a key, or else the new one before it is added.
    pub fn update(&mut self, key: K, new: impl FnOnce() -> V, change: impl FnOnce(&mut V)) {
        if let Some(value) = self.get_mut(&key) {
            return change(value);
        }
        let mut value = new();
        change(&mut value);
        self.insert(key, value);
    }

    /// Adds an entry that is not there; the half that was split off comes back with its least key.
    fn insert_below(node: &mut Arc<Node<K, V>>, key: K, value: V) -> Option<(K, Arc<Node<K, V>>)> {
        match Arc::make_mut(node) {
            Node::Leaf(entries) => {
                let at = place(entries, &key).unwrap_or_else(|at| at);
                let rest = put(entries, at, (key, value), Node::<K, V>::ENTRIES_MAX)?;
                let least = rest.first()?.0.clone();
                Some((least, Arc::new(Node::Leaf(rest))))
            }
            Node::Branch(children) => {
                let at = toward(children, &key);
                let split = Self::insert_below(&mut children.get_mut(at)?.1, key, value)?;
                let rest = put(children, at + 1, split, CHILDREN_MAX)?;
                let least = rest.first()?.0.clone();
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
        let mut iter = Iter { branches: Vec::new(), leaf: [].iter() };
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    let at = entries.partition_point(|(key, _)| before(key));
                    iter.leaf = entries.get(at..).unwrap_or_default().iter();
                    return iter;
                }
                Node::Branch(children) => {
                    let at = children.partition_point(|(key, _)| before(key)).saturating_sub(1);
                    let mut rest = children.get(at..).unwrap_or_default().iter();
                    let Some((_, first)) = rest.next() else { return iter };
                    iter.branches.push(rest);
                    node = first;
                }
            }
        }
    }
}

type Children<'a, K, V> = std::slice::Iter<'a, (K, Arc<Node<K, V>>)>;

/// Entries in order.
pub struct Iter<'a, K, V> {
    branches: Vec<Children<'a, K, V>>,
    leaf: std::slice::Iter<'a, (K, V)>,
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.leaf.next() {
                return Some((key, value));
            }
            let Some((_, child)) = self.branches.last_mut()?.next() else {
                self.branches.pop();
                continue;
            };
            match &**child {
                Node::Leaf(entries) => self.leaf = entries.iter(),
                Node::Branch(children) => self.branches.push(children.iter()),
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
        out.write_str("entries with different keys")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut table = Table::default();
        while let Some((key, value)) = entries.next_element()? {
            if !table.insert(key, value) {
                return Err(A::Error::custom("a key stands twice in a table"));
            }
        }
        Ok(table)
    }
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
                Node::Branch(children) => children.iter().map(|(_, child)| leaves(child)).sum(),
            }
        }
        let mut table = Table::default();
        for key in 0..50_000_u32 {
            table.insert(key, key);
        }
        assert_eq!(leaves(&table.root), 50_000_usize.div_ceil(Node::<u32, u32>::ENTRIES_MAX));
    }
}
