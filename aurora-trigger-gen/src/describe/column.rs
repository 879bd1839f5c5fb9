use super::{Mask, TypeDesc};

/// One column of a table: where its value comes from, and under which key it stands in an image.
#[derive(Debug, Clone, Copy)]
pub struct ColumnDesc {
    field: &'static str,
    column: &'static str,
    json: &'static str,
    aliases: &'static [&'static str],
    ty: &'static TypeDesc,
    key: bool,
    skip: bool,
    mask: Option<Mask>,
}

impl ColumnDesc {
    /// `field`: the name in Rust; `column`: the name in PostgreSQL; `json`: the key in an image. The latter two at most
    /// 63 bytes.
    #[must_use]
    pub const fn new(
        field: &'static str,
        column: &'static str,
        json: &'static str,
        ty: &'static TypeDesc,
    ) -> Self {
        Self {
            field,
            column,
            json,
            aliases: &[],
            ty,
            key: false,
            skip: false,
            mask: None,
        }
    }

    /// The same, as a part of the key.
    #[must_use]
    pub const fn with_key(mut self) -> Self {
        self.key = true;
        self
    }

    /// The same, not sent: known to `when` and to the check of the table only.
    #[must_use]
    pub const fn with_skip(mut self) -> Self {
        self.skip = true;
        self
    }

    /// The same, with something sent in place of its value.
    #[must_use]
    pub const fn with_mask(mut self, mask: Mask) -> Self {
        self.mask = Some(mask);
        self
    }

    /// The same, with the other keys under which the struct takes it (`#[serde(alias = "…")]`).
    #[must_use]
    pub const fn with_aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The name of the field in Rust.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// The name of the column in PostgreSQL.
    #[must_use]
    pub const fn column(&self) -> &'static str {
        self.column
    }

    /// The key in an image.
    #[must_use]
    pub const fn json(&self) -> &'static str {
        self.json
    }

    /// The other keys under which the struct takes it.
    #[must_use]
    pub const fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// Whether the struct takes the column under this key of an image.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.json == name || self.aliases.contains(&name)
    }

    /// The type of the field.
    #[must_use]
    pub const fn ty(&self) -> &'static TypeDesc {
        self.ty
    }

    /// Whether the column is a part of the key.
    #[must_use]
    pub const fn is_key(&self) -> bool {
        self.key
    }

    /// Whether the column stays in the database.
    #[must_use]
    pub const fn is_skipped(&self) -> bool {
        self.skip
    }

    /// What is sent in place of its value.
    #[must_use]
    pub const fn mask(&self) -> Option<Mask> {
        self.mask
    }
}
