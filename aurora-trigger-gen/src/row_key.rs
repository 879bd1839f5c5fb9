//! The key of a row, as a record of the stream holds it.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::de::StrRead;
use serde_json::value::RawValue;

use crate::check;
use crate::error::ImageError;
use crate::stream::{Keyed, StreamTrigger};

/// The key of a row of the table that `T` describes. Of a table without key columns: the values by which the table is
/// spread over the shards.
///
/// `Serialize` writes a JSON object of the columns.
pub struct Key<T> {
    json: Box<RawValue>,
    table: PhantomData<fn() -> T>,
}

impl<T: StreamTrigger> Key<T> {
    /// The key in a JSON object, for a test of a consumer.
    ///
    /// # Errors
    ///
    /// A text that is no JSON object; a key column that is missing, or has a value of another type.
    ///
    /// ```
    /// # #[cfg(feature = "derive")]
    /// # fn main() -> Result<(), aurora_trigger_gen::ImageError> {
    /// use aurora_trigger_gen::{Key, StreamTrigger};
    /// # use serde::Deserialize;
    ///
    /// #[derive(Deserialize, StreamTrigger)]
    /// #[stream(table = "sales.order_items", delivery = "async")]
    /// struct OrderItem {
    ///     #[stream(key)]
    ///     order_id: i64,
    ///     #[stream(key)]
    ///     line: i32,
    ///     product: String,
    /// }
    ///
    /// let key = Key::<OrderItem>::from_json(r#"{"order_id":42,"line":1}"#)?;
    /// assert_eq!(key.typed(), (42, 1));
    /// assert_eq!(key.get::<i32>("line")?, 1);
    /// assert!(key.get::<Option<i32>>("typo").is_err());
    /// assert!(Key::<OrderItem>::from_json(r#"{"order_id":42}"#).is_err());
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "derive"))]
    /// # fn main() {}
    /// ```
    pub fn from_json(json: &str) -> Result<Self, ImageError> {
        Self::parse(serde_json::from_str(json)?)
    }

    pub(crate) fn parse(json: &RawValue) -> Result<Self, ImageError> {
        check::image(&T::TABLE, json.get())?;
        T::check_key(&KeyMembers::parse(json.get())?)?;
        Ok(Self {
            json: json.to_owned(),
            table: PhantomData,
        })
    }
}

impl<T: Keyed> Key<T> {
    /// The key as the types of the fields.
    #[must_use]
    pub fn typed(&self) -> T::Key {
        self.members()
            .and_then(|members| T::read_key(&members))
            .expect("the record's key was read before")
    }
}

impl<T> Key<T> {
    /// The value of one column, by its JSON name.
    ///
    /// # Errors
    ///
    /// A name that the key does not have, or a value that is not a `V`.
    pub fn get<V: DeserializeOwned>(&self, name: &str) -> Result<V, ImageError> {
        self.members()?.column(&[name])
    }

    /// The key as a JSON object.
    #[must_use]
    pub fn json(&self) -> &str {
        self.json.get()
    }

    fn members(&self) -> Result<KeyMembers<'_>, ImageError> {
        Ok(KeyMembers::parse(self.json.get())?)
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        Self {
            json: self.json.clone(),
            table: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.json()).finish()
    }
}

impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

impl<T> Eq for Key<T> {}

impl<T> Serialize for Key<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

/// The key of a record, for the code that the derive writes. Not part of the API.
#[doc(hidden)]
#[derive(Debug)]
pub struct KeyMembers<'r>(BTreeMap<String, &'r RawValue>);

impl<'r> KeyMembers<'r> {
    pub(crate) fn parse(key: &'r str) -> serde_json::Result<Self> {
        serde_json::from_str(key).map(Self)
    }

    /// The value under the first of these names that the key has.
    pub(crate) fn value(&self, names: &[&str]) -> Option<&'r str> {
        let value = names.iter().find_map(|name| self.0.get(*name))?;
        Some(value.get())
    }

    /// A column of the key: `names` are the JSON name and its aliases.
    ///
    /// # Errors
    ///
    /// A key without the column, or a value that is not a `V`.
    pub fn column<V: DeserializeOwned>(&self, names: &[&str]) -> Result<V, ImageError> {
        self.column_with(names, |json| V::deserialize(json))
    }

    /// The same, by the function that the field names with `#[serde(deserialize_with = "…")]`.
    ///
    /// # Errors
    ///
    /// As [`column`](Self::column).
    pub fn column_with<V>(
        &self,
        names: &[&str],
        read: impl FnOnce(&mut serde_json::Deserializer<StrRead<'r>>) -> serde_json::Result<V>,
    ) -> Result<V, ImageError> {
        let path = names[0];
        let value = self
            .value(names)
            .ok_or_else(|| ImageError::missing_at(path))?;
        let mut json = serde_json::Deserializer::from_str(value);
        read(&mut json)
            .and_then(|read| json.end().map(|()| read))
            .map_err(|error| ImageError::from(error).at(path))
    }
}
