//! The escape hatches from a field's own type: `as`, `json`, `sql_type` with `encoding`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Path, Type};

use crate::attr::Attributes;
use crate::expand::{description_of, qualified_name};
use crate::mistakes::Mistakes;
use crate::options::{ENCODING, choice};
use crate::sql_name::{Schema, SqlName};

/// What says which column it is.
pub(crate) enum ColumnType {
    /// The Rust type itself.
    Own,
    /// Another Rust type.
    As(Type),
    /// `json` or `jsonb`, and the Rust type any that serde reads.
    Json,
    /// A type by its name in SQL, and the Rust type one that reads its values in this encoding.
    Sql {
        name: SqlName,
        encoding: &'static str,
    },
}

/// What reads the values of a column.
pub(crate) struct Reader<'a> {
    /// The type of the field.
    pub(crate) ty: &'a Type,
    /// A function reads it, and not the type's own `Deserialize`.
    pub(crate) has_function: bool,
    /// The type depends on a parameter of the struct.
    pub(crate) is_generic: bool,
}

impl Reader<'_> {
    /// Whether the type is a parameter that can be an `Option`, which its name does not tell.
    fn may_be_option(&self) -> bool {
        self.is_generic && !self.has_function
    }
}

impl ColumnType {
    pub(crate) fn read(mistakes: &Mistakes, attributes: &Attributes) -> Self {
        only_one(mistakes, attributes);
        sql_type_has_encoding(mistakes, attributes);
        if let Some(text) = attributes.text("as") {
            match text.parse() {
                Ok(ty) => return Self::As(ty),
                Err(_) => mistakes.on(
                    text,
                    "`as` takes a Rust type that implements `PgType`: `as = \"String\"`",
                ),
            }
        }
        let encoding = choice(mistakes, attributes, "encoding", ENCODING);
        if let Some(text) = attributes.text("sql_type") {
            let written = text.value();
            if written.ends_with(']') {
                mistakes.on(
                    text,
                    "`sql_type` names no array: make a newtype of the element, `#[derive(PgType)] #[stream(sql_type = \
                     \"…\", encoding = \"…\")] struct Element(…);`, and the field a `Vec<Element>`",
                );
            } else if written.contains('(') {
                mistakes.on(
                    text,
                    "`sql_type` takes the name alone, without a length or precision: `varchar`, not `varchar(20)`",
                );
            } else if let Some(name) = SqlName::read(mistakes, "sql_type", text, Schema::Optional)
                && let Some(encoding) = encoding
            {
                return Self::Sql { name, encoding };
            }
        }
        if attributes.tokens("json").is_some() {
            return Self::Json;
        }
        Self::Own
    }

    /// A const expression of the `TypeDesc`. `reader` is the Rust type whose own `Option` makes the column nullable.
    pub(crate) fn describe(&self, krate: &Path, reader: &Reader<'_>) -> TokenStream {
        let ty = reader.ty;
        let description = match self {
            Self::Own => return description_of(krate, ty),
            Self::As(other) => {
                let description = description_of(krate, other);
                let narrow = if reader.has_function {
                    quote!(::core::option::Option::None)
                } else {
                    quote!(#krate::private::Field::<#ty>::NARROW)
                };
                quote!(#krate::private::kept_as(#description, #narrow))
            }
            Self::Json => quote!(#krate::JSON),
            Self::Sql { name, encoding } => named(krate, name, encoding),
        };
        let takes_null = quote!(#krate::private::Field::<#ty>::TAKES_NULL);
        let description = quote!(#krate::private::or_null(#description, #takes_null));
        if reader.may_be_option() {
            quote!(#krate::private::or_null_if_option::<#ty>(#description))
        } else {
            description
        }
    }

    /// The type that serde has to read, so that a generic parameter can be asked whether it is an `Option`.
    pub(crate) fn asked<'r>(&self, reader: &Reader<'r>) -> Option<&'r Type> {
        let describes_itself = matches!(self, Self::Own);
        (!describes_itself && reader.may_be_option()).then_some(reader.ty)
    }

    /// The same for a type as a whole, which is no `Option`. `None` for its own type.
    pub(crate) fn describe_whole(&self, krate: &Path) -> Option<TokenStream> {
        match self {
            Self::Own => None,
            Self::As(ty) => Some(description_of(krate, ty)),
            Self::Json => Some(quote!(#krate::JSON)),
            Self::Sql { name, encoding } => Some(named(krate, name, encoding)),
        }
    }

    /// The type that must be a `PgType`, of a field of this type.
    pub(crate) fn described_by<'a>(&'a self, field: &'a Type) -> Option<&'a Type> {
        match self {
            Self::Own => Some(field),
            Self::As(ty) => Some(ty),
            Self::Json | Self::Sql { .. } => None,
        }
    }
}

fn named(krate: &Path, name: &SqlName, encoding: &str) -> TokenStream {
    let name = qualified_name(krate, name);
    let with_check = (encoding == "Json")
        .then(|| quote!(.with_check(#krate::private::has_no_key_of_serde_json)));
    let encoding = quote::format_ident!("{encoding}");
    quote! {
        #krate::describe::TypeDesc::named(#name)
            .with_encoding(#krate::describe::Encoding::#encoding)
            #with_check
    }
}

/// Each of them answers the question which column it is, so one of them does.
fn only_one(mistakes: &Mistakes, attributes: &Attributes) {
    let mut given = attributes.given(&["type", "as", "json", "sql_type"]);
    let Some((first, _)) = given.next() else {
        return;
    };
    for (other, tokens) in given {
        mistakes.on(
            tokens,
            format_args!(
                "`{first}` and `{other}` both say which column this is: remove one of the two"
            ),
        );
    }
}

/// How a value of an unknown type stands in JSON can't be guessed; of a known one it is known.
fn sql_type_has_encoding(mistakes: &Mistakes, attributes: &Attributes) {
    if let Some(tokens) = attributes.tokens("sql_type")
        && !attributes.mentions("encoding")
    {
        mistakes.on(
            tokens,
            "`sql_type` needs to know how a value stands in JSON: `encoding = \"text\"` for PostgreSQL's text for it as a \
             JSON string, `encoding = \"json\"` for what `to_json` makes of it (a number, a boolean, an object, an array)",
        );
    }
    if let Some(tokens) = attributes.tokens("encoding")
        && !attributes.mentions("sql_type")
    {
        mistakes.on(
            tokens,
            "`encoding` goes with `sql_type = \"…\"` only, since other types know their own: add that, or remove this",
        );
    }
}
