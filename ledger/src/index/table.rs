//! A table: the entries of an aligned range of positions, sorted, in pages that sled finds by their first entry.
//!
//! A block of 4,096 positions is a table of level 0. Sixteen neighbours of one level that begin at a multiple of sixteen are merged to one
//! of the next. So which tables there are follows from the number of blocks alone, and nothing needs to be written about it.

use super::entry::{Entry, Key};
use super::page::{self, PAGE_BYTES};
use super::{BATCH_MAX, IndexError};

/// Tables that are merged to one, as a power of two.
const MERGED_BITS: u32 = 4;
/// The highest level: its tables, of 1,048,576 positions, are not merged. So no step takes longer than merging as many, and what a search
/// for a text that is nowhere costs, a page of each table, grows by one page with each.
const LEVEL_MAX: u8 = 2;

/// The name of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Table {
    level: u8,
    number: u64,
}

impl Table {
    /// How many blocks it covers.
    fn blocks(self) -> u64 {
        1 << (MERGED_BITS * u32::from(self.level))
    }

    /// Its first position.
    pub(super) fn first(self) -> u64 {
        self.number * self.blocks() * BATCH_MAX
    }

    /// The position after its last.
    pub(super) fn end(self) -> u64 {
        (self.number + 1) * self.blocks() * BATCH_MAX
    }

    /// The table that this one completes, if it does.
    pub(super) fn completes(self) -> Option<Self> {
        let merged = 1 << MERGED_BITS;
        let last = (self.number + 1).is_multiple_of(merged) && self.level < LEVEL_MAX;
        last.then(|| Self { level: self.level + 1, number: self.number / merged })
    }

    /// The tables that it is merged from, in order.
    pub(super) fn parts(self) -> impl Iterator<Item = Self> {
        let merged = 1 << MERGED_BITS;
        let level = self.level.saturating_sub(1);
        (self.number * merged..(self.number + 1) * merged).map(move |number| Self { level, number })
    }

    fn page_key(self, first: Entry) -> [u8; 34] {
        let mut key = [b'e'; 34];
        let parts = [
            &[self.level][..],
            &self.number.to_be_bytes(),
            &first.key.0.to_be_bytes(),
            &first.seq.to_be_bytes(),
        ];
        let bytes = parts.into_iter().flatten();
        key.iter_mut().skip(1).zip(bytes).for_each(|(to, from)| *to = *from);
        key
    }
}

/// The tables over so many blocks, by position. Those of a level are what is left of it after merging.
pub(super) fn tables(blocks: u64) -> impl DoubleEndedIterator<Item = Table> {
    (0..=LEVEL_MAX).rev().flat_map(move |level| {
        let (begin, end) = of_level(blocks, level);
        (begin..end).map(move |number| Table { level, number })
    })
}

fn of_level(blocks: u64, level: u8) -> (u64, u64) {
    let end = blocks >> (MERGED_BITS * u32::from(level));
    (if level < LEVEL_MAX { end >> MERGED_BITS << MERGED_BITS } else { 0 }, end)
}

/// Stores a block, whose entries are sorted, as a table, and merges what it completes. The tables that came of it; their parts remain.
pub(super) fn store(db: &sled::Db, block: u64, entries: &[Entry]) -> Result<Vec<Table>, IndexError> {
    let table = Table { level: 0, number: block };
    let mut writer = TableWriter::begin(db, table)?;
    entries.iter().try_for_each(|entry| writer.push(*entry))?;
    writer.finish()?;
    let merged: Vec<Table> = std::iter::successors(table.completes(), |table| table.completes()).collect();
    merged.iter().try_for_each(|table| merge(db, *table))?;
    Ok(merged)
}

/// Removes what an interrupted step left behind: tables that were merged, and such as were not complete.
pub(super) fn remove_leftovers(db: &sled::Db, blocks: u64) -> Result<(), IndexError> {
    for level in 0..=LEVEL_MAX {
        let (begin, end) = of_level(blocks, level);
        let key = |number| Table { level, number }.page_key(Entry::START);
        remove_all(db, db.range(key(0)..key(begin)))?;
        remove_all(db, db.range(key(end)..Table { level, number: u64::MAX }.page_key(Entry::END)))?;
    }
    Ok(())
}

/// Removes a table.
pub(super) fn remove(db: &sled::Db, table: Table) -> Result<(), IndexError> {
    remove_all(db, db.range(table.page_key(Entry::START)..=table.page_key(Entry::END)))
}

fn remove_all(db: &sled::Db, pages: sled::Iter) -> Result<(), IndexError> {
    for key in pages.keys() {
        db.remove(key?)?;
    }
    Ok(())
}

/// Writes a table, page by page, over whatever was there.
struct TableWriter<'a> {
    db: &'a sled::Db,
    table: Table,
    /// What the open page is found by.
    first: Entry,
    entries: Vec<u8>,
    last: Option<Entry>,
}

impl<'a> TableWriter<'a> {
    fn begin(db: &'a sled::Db, table: Table) -> Result<Self, IndexError> {
        remove(db, table)?;
        Ok(Self { db, table, first: Entry::START, entries: Vec::with_capacity(PAGE_BYTES + 32), last: None })
    }

    /// Adds an entry, which comes after those before it.
    fn push(&mut self, entry: Entry) -> Result<(), IndexError> {
        if self.entries.len() >= PAGE_BYTES {
            self.close(entry)?;
        }
        page::put(entry, self.last, self.table.first(), &mut self.entries);
        self.last = Some(entry);
        Ok(())
    }

    fn finish(mut self) -> Result<(), IndexError> {
        self.close(Entry::END)
    }

    fn close(&mut self, next: Entry) -> Result<(), IndexError> {
        self.db.insert(self.table.page_key(self.first), page::seal(&self.entries, next))?;
        self.entries.clear();
        (self.first, self.last) = (next, None);
        Ok(())
    }
}

/// A page that was read. Its entries lie from `first` on and before `next`.
struct Page {
    first: Entry,
    next: Entry,
    bytes: sled::IVec,
}

impl Page {
    /// The page of a table that an entry would stand in. Every table has one.
    fn of(db: &sled::Db, table: Table, entry: Entry) -> Result<Self, IndexError> {
        let found = db.range(table.page_key(Entry::START)..=table.page_key(entry)).next_back();
        let (key, bytes) = found.ok_or(IndexError::Damaged)??;
        let first = key.get(10..).and_then(|first| first.split_first_chunk::<16>());
        let (key, seq) = first.ok_or(IndexError::Damaged)?;
        let seq = seq.try_into().map(u64::from_be_bytes).map_err(|_| IndexError::Damaged)?;
        let first = Entry { key: Key(u128::from_be_bytes(*key)), seq };
        let (next, _) = page::open(&bytes, table.first())?;
        // Otherwise the page that the entry would stand in is missing.
        if entry < next { Ok(Self { first, next, bytes }) } else { Err(IndexError::Damaged) }
    }

    /// The page that begins with an entry.
    fn beginning(db: &sled::Db, table: Table, first: Entry) -> Result<Self, IndexError> {
        Self::of(db, table, first)
            .and_then(|page| if page.first == first { Ok(page) } else { Err(IndexError::Damaged) })
    }

    /// The page before this one.
    fn before(&self, db: &sled::Db, table: Table) -> Result<Self, IndexError> {
        let before = match self.first {
            Entry { key, seq: 0 } => Entry { key: Key(key.0.saturating_sub(1)), seq: u64::MAX },
            Entry { key, seq } => Entry { key, seq: seq - 1 },
        };
        Self::of(db, table, before)
    }

    fn entries(
        &self,
        table: Table,
    ) -> Result<impl Iterator<Item = Result<Entry, IndexError>> + '_, IndexError> {
        Ok(page::open(&self.bytes, table.first())?.1)
    }
}

/// Positions that are searched: those of a key, from one on and below another, at most so many.
#[derive(Clone, Copy)]
pub(super) struct Search {
    pub(super) key: Key,
    pub(super) from: u64,
    pub(super) upto: u64,
    pub(super) count_max: usize,
}

impl Search {
    pub(super) fn takes(self, entry: &Entry) -> bool {
        entry.key == self.key && (self.from..self.upto).contains(&entry.seq)
    }

    /// Nothing more is to be found in the table.
    fn is_done(self, table: Table, found: &[u64]) -> bool {
        table.end() <= self.from || self.upto <= table.first() || found.len() >= self.count_max
    }

    fn first(self) -> Entry {
        Entry { key: self.key, seq: self.from }
    }

    fn end(self) -> Entry {
        Entry { key: self.key, seq: self.upto }
    }

    /// Adds the positions in a table, ascending, until there are enough. Reads no page beyond that.
    pub(super) fn ascend(self, db: &sled::Db, table: Table, found: &mut Vec<u64>) -> Result<(), IndexError> {
        if self.is_done(table, found) {
            return Ok(());
        }
        let mut page = Page::of(db, table, self.first())?;
        loop {
            for entry in page.entries(table)? {
                let entry = entry?;
                if entry >= self.end() || found.len() >= self.count_max {
                    return Ok(());
                }
                found.extend(Some(entry.seq).filter(|_| self.takes(&entry)));
            }
            if page.next >= self.end() || found.len() >= self.count_max {
                return Ok(());
            }
            page = Page::beginning(db, table, page.next)?;
        }
    }

    /// Adds the positions in a table, descending, until there are enough. Reads no page beyond that.
    pub(super) fn descend(self, db: &sled::Db, table: Table, found: &mut Vec<u64>) -> Result<(), IndexError> {
        if self.is_done(table, found) {
            return Ok(());
        }
        let mut page = Page::of(db, table, self.end())?;
        loop {
            let begin = found.len();
            for entry in page.entries(table)? {
                let entry = entry?;
                if entry >= self.end() {
                    break;
                }
                found.extend(Some(entry.seq).filter(|_| self.takes(&entry)));
            }
            found.get_mut(begin..).unwrap_or_default().reverse();
            if page.first <= self.first() || found.len() >= self.count_max {
                found.truncate(self.count_max);
                return Ok(());
            }
            page = page.before(db, table)?;
        }
    }
}

/// The entries of a table, in order, one page at a time.
struct Cursor {
    table: Table,
    next: Entry,
    entries: Vec<Entry>,
    at: usize,
}

impl Cursor {
    fn open(db: &sled::Db, table: Table) -> Result<Self, IndexError> {
        let mut cursor = Self { table, next: Entry::START, entries: Vec::new(), at: 0 };
        cursor.turn(db)?;
        Ok(cursor)
    }

    fn head(&self) -> Option<Entry> {
        self.entries.get(self.at).copied()
    }

    fn advance(&mut self, db: &sled::Db) -> Result<(), IndexError> {
        self.at += 1;
        if self.at < self.entries.len() { Ok(()) } else { self.turn(db) }
    }

    /// Goes on to the next page; at the end there is no entry left.
    fn turn(&mut self, db: &sled::Db) -> Result<(), IndexError> {
        self.entries.clear();
        self.at = 0;
        if self.next == Entry::END {
            return Ok(());
        }
        let page = Page::beginning(db, self.table, self.next)?;
        for entry in page.entries(self.table)? {
            self.entries.push(entry?);
        }
        self.next = page.next;
        Ok(())
    }
}

/// Merges the parts of a table to it. In memory is one page of each.
fn merge(db: &sled::Db, table: Table) -> Result<(), IndexError> {
    let mut cursors = table.parts().map(|part| Cursor::open(db, part)).collect::<Result<Vec<_>, _>>()?;
    let mut writer = TableWriter::begin(db, table)?;
    // Of equal keys the first table's come first, and its positions are the lowest.
    while let Some((key, cursor)) =
        cursors.iter_mut().filter_map(|cursor| Some((cursor.head()?.key, cursor))).min_by_key(|(key, _)| *key)
    {
        while let Some(entry) = cursor.head().filter(|entry| entry.key == key) {
            writer.push(entry)?;
            cursor.advance(db)?;
        }
    }
    writer.finish()
}

/// Calls `each` with the key of every command of a table.
pub(super) fn commands(db: &sled::Db, table: Table, mut each: impl FnMut(Key)) -> Result<(), IndexError> {
    let mut cursor = Cursor::open(db, table)?;
    while let Some(entry) = cursor.head().filter(|entry| entry.key.is_command()) {
        each(entry.key);
        cursor.advance(db)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    fn random(parts: &[u64], below: u64) -> u64 {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_be_bytes()).collect();
        u64::from_be_bytes(*Hash::of(&[&bytes]).0.first_chunk().unwrap()) % below
    }

    /// Sorted entries of a block: of some keys many, of others few, in some blocks none.
    fn block(number: u64) -> Vec<Entry> {
        let entry = |nth| {
            let key = Key(u128::from(random(&[number, nth, 1], 20).pow(2)) << 60);
            Entry { key, seq: number * BATCH_MAX + random(&[number, nth, 2], BATCH_MAX) }
        };
        let mut entries: Vec<_> = (0..random(&[number], 120)).map(entry).collect();
        entries.sort_unstable();
        entries.dedup();
        entries
    }

    fn found(db: &sled::Db, blocks: u64, search: Search) -> [Vec<u64>; 2] {
        let mut found = [Vec::new(), Vec::new()];
        let [up, down] = &mut found;
        tables(blocks).for_each(|table| search.ascend(db, table, up).unwrap());
        tables(blocks).rev().for_each(|table| search.descend(db, table, down).unwrap());
        found
    }

    fn check(db: &sled::Db, blocks: u64, model: &[Entry]) {
        for round in 0..40 {
            let (from, upto) = (
                random(&[blocks, round, 3], blocks * BATCH_MAX),
                random(&[blocks, round, 4], blocks * BATCH_MAX + 1),
            );
            let (from, upto) = if round == 0 { (0, u64::MAX) } else { (from, upto) };
            let count_max = [1, 10, usize::MAX][usize::try_from(round % 3).unwrap()];
            let key = Key(u128::from((round % 21).pow(2)) << 60);
            let search = Search { key, from, upto, count_max };
            let mut wanted: Vec<_> =
                model.iter().filter(|entry| search.takes(entry)).map(|entry| entry.seq).collect();
            wanted.sort_unstable();
            let up: Vec<_> = wanted.iter().copied().take(count_max).collect();
            let down: Vec<_> = wanted.into_iter().rev().take(count_max).collect();
            assert_eq!(found(db, blocks, search), [up, down], "{blocks} blocks, {round}");
        }
    }

    #[test]
    fn what_is_stored_is_found_both_ways_through_merges_of_every_level() {
        let db = sled::Config::new().temporary(true).open().unwrap();
        let mut model = Vec::new();
        for number in 0..300 {
            let entries = block(number);
            let merged = store(&db, number, &entries).unwrap();
            model.extend(entries);
            // Interrupted before the position was written: the tables are as they were, and the step is taken again.
            if number % 16 > 13 {
                check(
                    &db,
                    number,
                    &model.iter().copied().filter(|entry| entry.seq < number * BATCH_MAX).collect::<Vec<_>>(),
                );
                remove_leftovers(&db, number).unwrap();
                assert_eq!(store(&db, number, &block(number)).unwrap(), merged);
            }
            // Half of the time it is interrupted before the parts are removed.
            if number % 32 > 16 {
                merged.into_iter().flat_map(Table::parts).for_each(|part| remove(&db, part).unwrap());
            }
            if number % 16 > 13 {
                check(&db, number + 1, &model);
                remove_leftovers(&db, number + 1).unwrap();
                check(&db, number + 1, &model);
            }
        }
        assert_eq!(tables(300).count(), 1 + 2 + 12);
    }

    #[test]
    fn runs_cover_all_blocks_without_gaps() {
        for blocks in (0..600).chain([4_095, 4_096, 4_097, 1 << 20]) {
            let mut next = 0;
            for table in tables(blocks) {
                assert_eq!(table.first(), next, "{blocks}");
                next = table.end();
            }
            assert_eq!(next, blocks * BATCH_MAX);
        }
    }

    #[test]
    fn a_missing_page_is_noticed_by_whoever_needs_it() {
        let db = sled::Config::new().temporary(true).open().unwrap();
        let entries: Vec<_> = (0..BATCH_MAX)
            .flat_map(|seq| [Entry { key: Key(seq.into()), seq }, Entry { key: Key(1 << 100), seq }])
            .collect();
        let sorted = |mut entries: Vec<Entry>| {
            entries.sort_unstable();
            entries
        };
        store(&db, 0, &sorted(entries)).unwrap();
        let pages: Vec<_> = db.iter().map(Result::unwrap).collect();
        assert!(pages.len() > 20);
        for (key, page) in pages {
            db.remove(&key).unwrap();
            for wanted in 0..BATCH_MAX {
                let search = Search { key: Key(wanted.into()), from: 0, upto: u64::MAX, count_max: 2 };
                for found in both(&db, search) {
                    assert!(matches!(found, Err(IndexError::Damaged)) || found.unwrap() == [wanted]);
                }
            }
            let search = Search { key: Key(1 << 100), from: 0, upto: u64::MAX, count_max: usize::MAX };
            for found in both(&db, search) {
                assert!(matches!(found, Err(IndexError::Damaged)) || found.unwrap().len() == 4_096);
            }
            db.insert(key, page).unwrap();
        }
    }

    #[test]
    fn nothing_is_read_beyond_what_is_wanted() {
        let db = sled::Config::new().temporary(true).open().unwrap();
        let key = Key(7);
        for block in 0..3 {
            let seqs = block * BATCH_MAX..(block + 1) * BATCH_MAX;
            store(&db, block, &seqs.map(|seq| Entry { key, seq }).collect::<Vec<_>>()).unwrap();
        }
        remove(&db, Table { level: 0, number: 1 }).unwrap();
        let search = |from, upto, count_max| {
            let search = Search { key, from, upto, count_max };
            let (mut up, mut down) = (Vec::new(), Vec::new());
            let up = tables(3).try_for_each(|table| search.ascend(&db, table, &mut up)).map(|()| up.len());
            let down = tables(3)
                .rev()
                .try_for_each(|table| search.descend(&db, table, &mut down))
                .map(|()| down.len());
            [up.ok(), down.ok()]
        };
        assert_eq!(search(0, u64::MAX, 4_096), [Some(4_096), Some(4_096)]);
        assert_eq!(search(0, u64::MAX, 4_097), [None, None]);
        assert_eq!(search(0, BATCH_MAX, 9_000), [Some(4_096), Some(4_096)]);
        assert_eq!(search(2 * BATCH_MAX, u64::MAX, 9_000), [Some(4_096), Some(4_096)]);
        assert_eq!(search(0, u64::MAX, 0), [Some(0), Some(0)]);
    }

    fn both(db: &sled::Db, search: Search) -> [Result<Vec<u64>, IndexError>; 2] {
        let table = Table { level: 0, number: 0 };
        let (mut up, mut down) = (Vec::new(), Vec::new());
        [search.ascend(db, table, &mut up).map(|()| up), search.descend(db, table, &mut down).map(|()| down)]
    }
}
