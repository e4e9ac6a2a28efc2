//! A place for the token: the name of a source without settings, or a table with one source.

use serde::{
    Deserialize,
    de::{MapAccess, value::MapAccessDeserializer},
};

use super::{
    field::{Field, Many, Setting},
    reader::{Reader, Unknown},
};
use crate::auth::TokenSource;

#[derive(Clone)]
pub(super) enum ConfiguredSource {
    Named(TokenSource),
    Table(Box<SourceTable>),
}

/// One source with its name. Exactly one field is set.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct SourceTable {
    /// The name of a field that has the token without a scheme.
    header_field: Field<String>,
    /// The name of a cookie.
    cookie: Field<String>,
    /// The name of a query parameter.
    query: Field<String>,
    /// Several sources, of which the first that has a token is used.
    first_of: Field<Many<ConfiguredSource>>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl Setting for ConfiguredSource {
    fn expected() -> String {
        "\"header\", \"websocket_protocol\", or a table with one of `header_field`, `cookie`, `query`, and `first_of`".into()
    }

    fn from_text(name: &str) -> Option<Self> {
        let source = match name {
            "header" => TokenSource::header(),
            "websocket_protocol" => TokenSource::websocket_protocol(),
            _ => return None,
        };
        Some(Self::Named(source))
    }

    fn from_table<'de, A: MapAccess<'de>>(table: A) -> Result<Option<Self>, A::Error> {
        let table = SourceTable::deserialize(MapAccessDeserializer::new(table))?;
        Ok(Some(Self::Table(Box::new(table))))
    }
}

impl ConfiguredSource {
    /// `name` is the name of the field that has the source.
    pub(super) fn into_source(self, name: &str, reader: &mut Reader<'_>) -> Option<TokenSource> {
        match self {
            Self::Named(source) => Some(source),
            Self::Table(table) => table.into_source(&mut reader.inside(name)),
        }
    }
}

impl SourceTable {
    fn into_source(self, reader: &mut Reader<'_>) -> Option<TokenSource> {
        reader.reject(self.unknown);
        let is_set = [
            !matches!(self.header_field, Field::Unset),
            !matches!(self.cookie, Field::Unset),
            !matches!(self.query, Field::Unset),
            !matches!(self.first_of, Field::Unset),
        ];
        let header_field = reader.read("header_field", self.header_field);
        let cookie = reader.read("cookie", self.cookie);
        let query = reader.read("query", self.query);
        let first_of = reader.read_all("first_of", self.first_of);
        let nested: Vec<TokenSource> = { first_of.into_iter() }
            .filter_map(|(name, source)| source.into_source(&name, reader))
            .collect();
        if is_set.into_iter().filter(|is_set| *is_set).count() != 1 {
            reader.table_fault(
                "must have exactly one of `header_field`, `cookie`, `query`, and `first_of`",
            );
            return None;
        }
        let first_of = (!nested.is_empty()).then(|| TokenSource::first_of(nested));
        header_field
            .map(TokenSource::header_field)
            .or_else(|| cookie.map(TokenSource::cookie))
            .or_else(|| query.map(TokenSource::query))
            .or(first_of)
    }
}
