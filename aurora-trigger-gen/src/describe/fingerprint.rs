use std::fmt::{self, Write};

use super::{KeyDesc, Mask, Shape, TableDesc, TypeDesc};
use crate::wire::FORMAT_VERSION;

/// FNV-1a in 32 bits: the same on every platform and in every version of Rust, which `std`'s hasher does not promise.
/// Fed with the parts and a separator that no part holds, so that `ab`, `c` is not `a`, `bc`.
struct Hash(u32);

impl Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        Ok(())
    }
}

impl Hash {
    fn part(&mut self, part: impl fmt::Display) {
        write!(self, "{part}\0").expect("Hash takes everything");
    }
}

pub(super) fn of(table: &TableDesc) -> String {
    let mut hash = Hash(0x811c_9dc5);
    hash.part(FORMAT_VERSION);
    hash.part(table.schema());
    hash.part(table.table());
    for column in table.streamed() {
        hash.part(column.column());
        hash.part(column.json());
        hash.part(column.is_key());
        hash.part(match column.mask() {
            None => "plain",
            Some(Mask::Redact) => "redact",
            Some(Mask::LastFour) => "last4",
            Some(Mask::Sha256) => "sha256",
            Some(Mask::Sql(_)) => "sql",
        });
        if let Some(Mask::Sql(expression)) = column.mask() {
            hash.part(expression);
        }
        type_parts(&mut hash, column.ty());
    }
    if let KeyDesc::PartitionBy(columns) = table.key() {
        hash.part("partition by");
        for column in columns {
            hash.part(column);
        }
    }
    format!("{:08x}", hash.0)
}

fn type_parts(hash: &mut Hash, ty: &TypeDesc) {
    hash.part(format_args!("{:?} {}", ty.encoding(), ty.is_nullable()));
    if let Some(name) = ty.domain() {
        hash.part(format_args!("domain {name}"));
    }
    match ty.shape() {
        Shape::BuiltIn(types) => {
            hash.part("built-in");
            for name in types {
                hash.part(name);
            }
        }
        Shape::Named(name) => hash.part(format_args!("named {name}")),
        Shape::Enum { name, labels, open } => {
            hash.part(format_args!("enum {name} {open}"));
            for label in labels {
                hash.part(label);
            }
        }
        Shape::Composite { name, fields } => {
            hash.part(format_args!("composite {name} {}", fields.len()));
            for field in fields {
                hash.part(field.attribute());
                hash.part(field.json());
                type_parts(hash, field.ty());
            }
        }
        Shape::Array(element) => {
            hash.part("array");
            type_parts(hash, element);
        }
        Shape::Range(element) => {
            hash.part("range");
            type_parts(hash, element);
        }
        Shape::Multirange(range) => {
            hash.part("multirange");
            type_parts(hash, range);
        }
    }
}
