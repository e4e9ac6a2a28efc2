//! Reads the fields of a table, and reports each problem with the path of its field, such as
//! `issuers[1].leeway`.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use super::field::{Field, Many, Setting};
use crate::config_error::Faults;

/// The maximum length of an unknown field's name in an error, in bytes. A longer name, or one with
/// digits, may be a secret.
const MAX_NAME_LEN: usize = 32;

/// The fields of a table that no setting has.
pub(super) type Unknown = BTreeMap<String, IgnoredAny>;

/// Reads the fields of one table.
pub(super) struct Reader<'f> {
    /// The path of the table, with its separator.
    prefix: String,
    faults: &'f mut Faults,
}

/// Implements [`Setting`] for a struct that derives `Deserialize`, so that it is read from a table.
macro_rules! impl_table {
    ($table:ty, $expected:literal) => {
        impl Setting for $table {
            fn expected() -> String {
                $expected.into()
            }

            fn from_table<'de, A: serde::de::MapAccess<'de>>(
                table: A,
            ) -> Result<Option<Self>, A::Error> {
                let table = serde::de::value::MapAccessDeserializer::new(table);
                serde::Deserialize::deserialize(table).map(Some)
            }
        }
    };
}

/// Applies the fields of `$table` to `$builder`, each with a method of [`Reader`] that has the
/// field's name, and a function that changes the builder.
macro_rules! apply {
    ($reader:ident, $table:ident, $builder:ident: $($method:ident $field:ident => $set:expr,)*) => {
        $(let $builder = $reader.$method(stringify!($field), $table.$field, $builder, $set);)*
    };
}

pub(super) use {apply, impl_table};

impl<'f> Reader<'f> {
    pub(super) fn new(faults: &'f mut Faults) -> Self {
        Self {
            prefix: String::new(),
            faults,
        }
    }

    /// Returns a reader for the table in the field `name`.
    pub(super) fn inside(&mut self, name: &str) -> Reader<'_> {
        Reader {
            prefix: format!("{}{name}.", self.prefix),
            faults: self.faults,
        }
    }

    /// Reports a problem of the field `name`.
    pub(super) fn fault(&mut self, name: &str, problem: &str) {
        self.faults
            .add(format!("`{}{name}` {problem}", self.prefix));
    }

    /// Reports a problem of the table.
    pub(super) fn table_fault(&mut self, problem: &str) {
        let table = self.prefix.trim_end_matches('.');
        self.faults.add(format!("`{table}` {problem}"));
    }

    pub(super) fn read<T: Setting>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        match field {
            Field::Unset => None,
            Field::Set(value) => Some(value),
            Field::Wrong(found) => {
                let expected = T::expected();
                self.fault(name, &format!("is {found}; set it to {expected}"));
                None
            }
        }
    }

    pub(super) fn require<T: Setting>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        if matches!(field, Field::Unset) {
            let expected = T::expected();
            self.fault(name, &format!("is missing; set it to {expected}"));
        }
        self.read(name, field)
    }

    /// Returns each value with the name of its place in the list.
    pub(super) fn read_all<T: Setting>(
        &mut self,
        name: &str,
        field: Field<Many<T>>,
    ) -> Vec<(String, T)> {
        let list = match self.read(name, field) {
            None => return Vec::new(),
            Some(Many::One(value)) => return vec![(name.to_owned(), value)],
            Some(Many::List(list)) => list,
        };
        if list.is_empty() {
            self.fault(name, "is an empty list; add a value, or omit the field");
        }
        let mut all = Vec::new();
        for (index, field) in list.into_iter().enumerate() {
            let name = format!("{name}[{index}]");
            let value = self.read(&name, field);
            all.extend(value.map(|value| (name, value)));
        }
        all
    }

    /// Applies the value of a field, if it is set.
    pub(super) fn one<T: Setting, B>(
        &mut self,
        name: &str,
        field: Field<T>,
        builder: B,
        set: impl FnOnce(B, T) -> B,
    ) -> B {
        match self.read(name, field) {
            Some(value) => set(builder, value),
            None => builder,
        }
    }

    /// Applies each value of a field.
    pub(super) fn each<T: Setting, B>(
        &mut self,
        name: &str,
        field: Field<Many<T>>,
        builder: B,
        set: impl Fn(B, T) -> B,
    ) -> B {
        let values = self.read_all(name, field).into_iter();
        values.fold(builder, |builder, (_, value)| set(builder, value))
    }

    /// Applies all values of a field at once, if it is set.
    pub(super) fn all<T: Setting, B>(
        &mut self,
        name: &str,
        field: Field<Many<T>>,
        builder: B,
        set: impl FnOnce(B, Vec<T>) -> B,
    ) -> B {
        let values: Vec<T> = { self.read_all(name, field).into_iter() }
            .map(|(_, value)| value)
            .collect();
        if values.is_empty() {
            builder
        } else {
            set(builder, values)
        }
    }

    /// Applies a switch that is `true`.
    pub(super) fn switch<B>(
        &mut self,
        name: &str,
        field: Field<bool>,
        builder: B,
        set: impl FnOnce(B) -> B,
    ) -> B {
        self.one(name, field, builder, |builder, is_on| {
            if is_on { set(builder) } else { builder }
        })
    }

    /// Reports the fields that no setting has.
    pub(super) fn reject(&mut self, unknown: Unknown) {
        for name in unknown.into_keys() {
            if matches!(name.as_str(), "secret" | "secrets") {
                self.fault(&name, "is a secret, which does not belong in a configuration; remove it, and name its environment variable in `secret_from_env` or its file in `secret_from_file`");
                continue;
            }
            let is_name_char = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-');
            let may_be_shown = name.len() <= MAX_NAME_LEN && name.chars().all(is_name_char);
            let shown = if may_be_shown { name.as_str() } else { "…" };
            self.fault(shown, "is not a setting; correct its name (docs/configuration.md lists the settings), or remove it");
        }
    }
}
