//! Tables and rows: each entity is defined once, here, and every engine stores it from the definition.
//!
//! A [`Table`] names typed columns; a [`Row`] holds a value for each, in the table's order (partition key, clustering key,
//! then the rest). The embedded engine encodes rows as bytes; the CQL engine binds them to columns of the same names.

use bytes::Bytes;
use std::fmt;
use uuid::Uuid;

/// The type of a column; the CQL type stands beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnType {
    /// `uuid`
    Uuid,
    /// `text`
    Text,
    /// `blob`
    Blob,
    /// `bigint`
    Int,
    /// `boolean`
    Bool,
}

/// A column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name in CQL (snake case).
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnType,
}

/// A table: rows of one partition lie together, ordered by the clustering key.
#[derive(PartialEq, Eq, Debug)]
pub struct Table {
    /// Its name in CQL.
    pub name: &'static str,
    /// All columns, keys first.
    pub columns: &'static [Column],
    /// How many leading columns form the partition key (≥ 1).
    pub partition: usize,
    /// How many columns behind them form the clustering key.
    pub clustering: usize,
}

impl Table {
    /// How many leading columns name one row.
    #[must_use]
    pub fn key_len(&self) -> usize {
        self.partition + self.clustering
    }

    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// A value of a column.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Value {
    /// Absent; never in a key.
    Null,
    /// `uuid`
    Uuid(Uuid),
    /// `text`
    Text(String),
    /// `blob`
    Blob(Bytes),
    /// `bigint`
    Int(i64),
    /// `boolean`
    Bool(bool),
}

impl Value {
    /// Whether the value may stand in a column of this type.
    #[must_use]
    pub fn fits(&self, kind: ColumnType) -> bool {
        matches!(
            (self, kind),
            (Self::Null, _)
                | (Self::Uuid(_), ColumnType::Uuid)
                | (Self::Text(_), ColumnType::Text)
                | (Self::Blob(_), ColumnType::Blob)
                | (Self::Int(_), ColumnType::Int)
                | (Self::Bool(_), ColumnType::Bool)
        )
    }
}

/// The values of a row in the table's column order.
pub type Row = Vec<Value>;

/// The leading values of a row that name it (all key columns) or its partition (the partition columns), or anything between.
pub type Key = Vec<Value>;

/// A stored row does not fit the entity: damaged, or written by a newer version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column} of table {table} holds an unexpected value")]
pub struct RowError {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
}

/// A type that is stored in one column.
pub trait FieldValue: Sized {
    /// The column type.
    const KIND: ColumnType;
    /// Into the stored value.
    fn to_value(&self) -> Value;
    /// Back; `None` when the value is of another shape.
    fn from_value(value: Value) -> Option<Self>;
}

/// A type that is one table's row.
pub trait Entity: Sized + fmt::Debug + Send + 'static {
    /// The table.
    const TABLE: &'static Table;
    /// Into a row.
    fn to_row(&self) -> Row;
    /// Back from a row.
    ///
    /// # Errors
    /// [`RowError`] naming the column that does not fit.
    fn from_row(row: Row) -> Result<Self, RowError>;
}

macro_rules! field {
    ($type:ty, $kind:ident, |$this:ident| $to:expr, $pattern:pat => $from:expr) => {
        impl FieldValue for $type {
            const KIND: ColumnType = ColumnType::$kind;
            fn to_value(&self) -> Value {
                let $this = self;
                Value::$kind($to)
            }
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::$kind($pattern) => $from,
                    _ => None,
                }
            }
        }
    };
}

field!(String, Text, |v| v.clone(), v => Some(v));
field!(Bytes, Blob, |v| v.clone(), v => Some(v));
field!(i64, Int, |v| *v, v => Some(v));
field!(u64, Int, |v| i64::try_from(*v).unwrap_or(i64::MAX), v => u64::try_from(v).ok());
field!(bool, Bool, |v| *v, v => Some(v));
field!(Uuid, Uuid, |v| *v, v => Some(v));
field!(crate::UserId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::SessionId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::ConversationId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::EntryId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::ConferenceId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::QuestionId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::ParticipantId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::BrandId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::DomainId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::ProductId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::OrderId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::PaymentId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::SubjectId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::EventId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::ImageId, Uuid, |v| v.0, v => Some(Self(v)));
field!(crate::ApiKeyId, Uuid, |v| v.0, v => Some(Self(v)));

impl<T: FieldValue> FieldValue for Option<T> {
    const KIND: ColumnType = T::KIND;
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

/// Defines an entity: the struct, its table and the conversion both ways, from one list of fields.
///
/// ```
/// plenum_schema::entity! {
///     /// A note.
///     pub struct Note in "notes" {
///         partition { /// Whose.
///             owner: plenum_schema::UserId }
///         clustering { /// Which.
///             number: u64 }
///         columns { /// What it says.
///             text: Option<String> }
///     }
/// }
/// ```
#[macro_export]
macro_rules! entity {
    ($(#[$doc:meta])* pub struct $name:ident in $table:literal {
        partition { $($(#[$pd:meta])* $p:ident : $pt:ty),+ $(,)? }
        clustering { $($(#[$cd:meta])* $c:ident : $ct:ty),* $(,)? }
        columns { $($(#[$vd:meta])* $v:ident : $vt:ty),* $(,)? }
    }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct $name {
            $($(#[$pd])* pub $p: $pt,)+
            $($(#[$cd])* pub $c: $ct,)*
            $($(#[$vd])* pub $v: $vt,)*
        }

        impl $crate::table::Entity for $name {
            const TABLE: &'static $crate::table::Table = &$crate::table::Table {
                name: $table,
                columns: &[
                    $($crate::table::Column { name: stringify!($p), kind: <$pt as $crate::table::FieldValue>::KIND },)+
                    $($crate::table::Column { name: stringify!($c), kind: <$ct as $crate::table::FieldValue>::KIND },)*
                    $($crate::table::Column { name: stringify!($v), kind: <$vt as $crate::table::FieldValue>::KIND },)*
                ],
                partition: [$(stringify!($p)),+].len(),
                clustering: <[&str]>::len(&[$(stringify!($c)),*]),
            };

            fn to_row(&self) -> $crate::table::Row {
                use $crate::table::FieldValue;
                vec![
                    $(self.$p.to_value(),)+
                    $(self.$c.to_value(),)*
                    $(self.$v.to_value(),)*
                ]
            }

            fn from_row(row: $crate::table::Row) -> Result<Self, $crate::table::RowError> {
                let mut values = row.into_iter();
                let mut next = || values.next().unwrap_or($crate::table::Value::Null);
                Ok(Self {
                    $($p: $crate::table::FieldValue::from_value(next()).ok_or($crate::table::RowError { table: $table, column: stringify!($p) })?,)+
                    $($c: $crate::table::FieldValue::from_value(next()).ok_or($crate::table::RowError { table: $table, column: stringify!($c) })?,)*
                    $($v: $crate::table::FieldValue::from_value(next()).ok_or($crate::table::RowError { table: $table, column: stringify!($v) })?,)*
                })
            }
        }
    };
}
