//! Every field of every settings type has a key in `config/default.toml`. The other direction is checked by the types
//! themselves, which refuse unknown keys.

use plenum_server::config::{Config, reference};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use std::cell::RefCell;
use toml::{Table, Value};

/// Answers a type with the values of the reference and writes down which fields it asks for in vain.
struct Probe<'a> {
    path: String,
    value: Value,
    missing: &'a RefCell<Vec<String>>,
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = toml::de::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.value.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let Value::Table(table) = self.value else { return self.value.deserialize_any(visitor) };
        let absent = fields.iter().filter(|field| !table.contains_key(**field));
        self.missing.borrow_mut().extend(absent.map(|field| format!("{}.{field}", self.path)));
        let fields = fields.iter().copied().filter(|field| table.contains_key(*field)).collect();
        visitor.visit_map(Fields { path: self.path, table: &table, fields, missing: self.missing })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.value.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Fields<'a> {
    path: String,
    table: &'a Table,
    fields: Vec<&'static str>,
    missing: &'a RefCell<Vec<String>>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = toml::de::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        let Some(field) = self.fields.last() else { return Ok(None) };
        let name: StrDeserializer<'_, Self::Error> = (*field).into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        let field = self.fields.pop().expect("a key was asked for");
        let value = self.table[field].clone();
        seed.deserialize(Probe { path: format!("{}.{field}", self.path), value, missing: self.missing })
    }
}

fn missing<'de, T: Deserialize<'de>>(path: &str, value: Value) -> Vec<String> {
    let missing = RefCell::default();
    T::deserialize(Probe { path: path.to_owned(), value, missing: &missing }).map(drop).expect("it deserialises");
    missing.into_inner()
}

#[test]
fn every_field_of_every_settings_type_has_a_key() {
    let defaults = &reference().defaults;
    assert_eq!(missing::<Config>("", Value::Table(defaults.clone())), [""; 0]);
    // A flattened type is not asked for its fields, so these are asked by themselves.
    assert_eq!(missing::<plenum_http::HttpConfig>("http", defaults["http"].clone()), [""; 0]);
    assert_eq!(missing::<plenum_store::EmbeddedConfig>("store", defaults["store"].clone()), [""; 0]);
    assert_eq!(missing::<plenum_cluster::nats::ClusterConfig>("cluster", defaults["cluster"].clone()), [""; 0]);
    let conferences = defaults["conferences"].clone();
    assert_eq!(missing::<plenum_services::conferences::ConferencesConfig>("conferences", conferences), [""; 0]);
    assert_eq!(missing::<plenum_services::conferences::VotingLimits>("voting", defaults["voting"].clone()), [""; 0]);
    let conversations = defaults["conversations"].clone();
    assert_eq!(missing::<plenum_services::conversations::ConversationsConfig>("conversations", conversations), [""; 0]);
}

#[test]
fn a_field_without_a_key_is_found_at_any_depth() {
    let mut table = reference().defaults.clone();
    table["hub"].as_table_mut().unwrap().remove("ring_events");
    table["accounts"]["token"].as_table_mut().unwrap().remove("issuer");
    let mut found = missing::<Config>("", Value::Table(table));
    found.sort();
    assert_eq!(found, [".accounts.token.issuer", ".hub.ring_events"]);
}
