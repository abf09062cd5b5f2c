//! Rows that remember which of them changed, so that a call writes what it touched and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

/// Rows by key.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    rows: BTreeMap<String, T>,
    changed: BTreeSet<String>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<T: Clone> Table<T> {
    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.rows.get(key)
    }

    /// Returns a row to be changed; it counts as changed from then on.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        let row = self.rows.get_mut(key)?;
        self.changed.insert(key.to_owned());
        Some(row)
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.rows.contains_key(key)
    }

    pub(crate) fn insert(&mut self, key: impl Into<String>, row: T) {
        let key = key.into();
        self.changed.insert(key.clone());
        self.rows.insert(key, row);
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        let row = self.rows.remove(key)?;
        self.changed.insert(key.to_owned());
        Some(row)
    }

    /// Removes the rows that are not to be kept.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&T) -> bool) {
        let gone = self.rows.extract_if(.., |_, row| !is_kept(row));
        self.changed.extend(gone.map(|(key, _)| key));
    }

    pub(crate) fn clear(&mut self) {
        self.retain(|_| false);
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.rows.iter()
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.rows.keys().cloned().collect()
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.values()
    }

    /// Returns the rows whose keys begin with a prefix.
    pub(crate) fn under<'a>(
        &'a self,
        prefix: &str,
    ) -> impl Iterator<Item = (&'a String, &'a T)> + use<'a, T> {
        let prefix = prefix.to_owned();
        let from = self.rows.range(prefix.clone()..);
        from.take_while(move |(key, _)| key.starts_with(&prefix))
    }

    /// Returns what changed since the last time; a row that is gone is none.
    pub(crate) fn take_changes(&mut self) -> BTreeMap<String, Option<T>> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|key| (key.clone(), self.rows.get(&key).cloned())).collect()
    }

    /// Returns all rows as changes to an empty table.
    pub(crate) fn whole(&self) -> BTreeMap<String, Option<T>> {
        self.rows.iter().map(|(key, row)| (key.clone(), Some(row.clone()))).collect()
    }

    /// Takes over changes made elsewhere.
    pub(crate) fn take_over(&mut self, changes: BTreeMap<String, Option<T>>) {
        for (key, row) in changes {
            match row {
                Some(row) => self.rows.insert(key, row),
                None => self.rows.remove(&key),
            };
        }
    }
}

/// One value that remembers whether it was changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracked<T> {
    value: T,
    changed: bool,
}

impl<T: Clone> Tracked<T> {
    pub(crate) fn take_changes(&mut self) -> Option<T> {
        std::mem::take(&mut self.changed).then(|| self.value.clone())
    }

    pub(crate) fn take_over(&mut self, value: T) {
        self.value = value;
    }
}

impl<T> Deref for Tracked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Tracked<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_one_table_make_another_the_same() {
        let mut a: Table<u32> = Table::default();
        let mut b: Table<u32> = Table::default();
        a.insert("x", 1);
        a.insert("y", 2);
        b.take_over(a.take_changes());
        if let Some(row) = a.get_mut("x") {
            *row = 3;
        }
        a.retain(|row| *row != 2);
        assert_eq!(a.remove("z"), None);
        let changes = a.take_changes();
        assert_eq!(changes, BTreeMap::from([("x".into(), Some(3)), ("y".into(), None)]));
        b.take_over(changes);
        assert_eq!(b.whole(), a.whole());
        assert!(a.take_changes().is_empty());
    }

    #[test]
    fn reading_is_no_change() {
        let mut tracked: Tracked<u32> = Tracked::default();
        assert_eq!(*tracked, 0);
        assert_eq!(tracked.take_changes(), None);
        *tracked = 4;
        assert_eq!(tracked.take_changes(), Some(4));
        assert_eq!(tracked.take_changes(), None);
    }
}
