//! Writes `impl StreamTrigger`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Type;
use syn::ext::IdentExt;

use crate::column::{Column, ColumnMask};
use crate::expand::{bounds, call_at, where_clause, wrap};
use crate::expand_bounds::asked;
use crate::expand_key;
use crate::parameters::mentions_parameter;
use crate::table::{Checked, Table};

pub(crate) fn expand(checked: &Checked<'_>) -> TokenStream {
    let table = checked.table();
    let krate = &table.krate;
    let ident = &table.input.ident;
    let (impl_generics, ty_generics, _) = table.input.generics.split_for_impl();
    let predicates = predicates(table);
    let where_clause = where_clause(&table.input.generics, &predicates);
    let check_key = expand_key::check(table);
    let keyed = expand_key::keyed(table);
    let description = description(checked);

    // A const of its own reports its own mistake. It can't have parameters, so for a generic struct the assertions stand
    // in its description, and show as soon as somebody uses it with types.
    let (body, outside) = if table.input.generics.params.is_empty() {
        // Past the trait: that serde can't read the struct is said once, at the impl.
        let constant = quote!(__AURORA_TRIGGER_TABLE);
        let assertions = assertions(table, &constant);
        let outside = quote! {
            const #constant: #krate::describe::TableDesc = #description;
            #(const _: () = #assertions;)*
        };
        (constant, outside)
    } else {
        let inside = assertions(table, &quote!(__aurora_trigger_table));
        let body = quote!({
            let __aurora_trigger_table = #description;
            #(#inside;)*
            __aurora_trigger_table
        });
        (body, TokenStream::new())
    };
    wrap(
        krate,
        table.input,
        &quote! {
            #[automatically_derived]
            impl #impl_generics #krate::StreamTrigger for #ident #ty_generics #where_clause {
                const TABLE: #krate::describe::TableDesc = #body;

                #check_key
            }

            #keyed

            #outside
        },
    )
}

fn predicates(table: &Table<'_>) -> Vec<TokenStream> {
    let krate = &table.krate;
    let generics = &table.input.generics;
    let mut predicates = Vec::new();
    // Without parameters the compiler knows it, and says it better than a bound that does not hold.
    if generics.type_params().next().is_some() {
        predicates.push(quote!(Self: #krate::private::DeserializeOwned));
    }
    let types: Vec<&Type> = table
        .columns
        .iter()
        .filter_map(Column::described_by)
        .collect();
    predicates.extend(bounds(krate, generics, &types));
    predicates.extend(expand_key::predicates(table));
    predicates.extend(asked(krate, generics, &table.columns));
    predicates
}

fn description(checked: &Checked<'_>) -> TokenStream {
    let table = checked.table();
    let krate = &table.krate;
    let name = checked.name();
    let schema = name.schema.as_ref().expect("a missing schema is a mistake");
    let table_name = &name.name;
    let rust_name = table.input.ident.unraw().to_string();
    let columns = table
        .columns
        .iter()
        .map(|column| self::column(table, column));
    let key = key(table);
    let delivery = format_ident!("{}", checked.delivery());
    let options = options(table);
    quote! {
        #krate::describe::TableDesc::new(
            ::core::concat!(::core::module_path!(), "::", #rust_name),
            #schema,
            #table_name,
            const { &[#(#columns),*] },
            #key,
            #krate::describe::Delivery::#delivery,
        )
        #options
    }
}

fn column(table: &Table<'_>, column: &Column<'_>) -> TokenStream {
    let krate = &table.krate;
    let Column {
        rust, column: name, ..
    } = column;
    let json = &column.serde.json.name;
    let ty = column
        .ty
        .describe(krate, &column.reader(&table.input.generics));
    let aliases = &column.serde.json.aliases;
    let with_aliases = (!aliases.is_empty()).then(|| quote!(.with_aliases(&[#(#aliases),*])));
    let with_key = column.key.then(|| quote!(.with_key()));
    let with_skip = column.skip.then(|| quote!(.with_skip()));
    let with_mask = column.mask.as_ref().map(|mask| match mask {
        ColumnMask::Known(variant) => {
            let variant = format_ident!("{variant}");
            quote!(.with_mask(#krate::describe::Mask::#variant))
        }
        ColumnMask::Sql(expression) => {
            quote!(.with_mask(#krate::describe::Mask::Sql(#expression)))
        }
    });
    quote! {
        #krate::describe::ColumnDesc::new(#rust, #name, #json, const { &#ty })
            #with_aliases #with_key #with_skip #with_mask
    }
}

fn key(table: &Table<'_>) -> TokenStream {
    let krate = &table.krate;
    match &table.partition_by {
        None => quote!(#krate::describe::KeyDesc::Columns),
        Some(fields) => {
            let columns = fields.iter().map(|field| {
                let column = table.columns.iter().find(|column| column.rust == *field);
                &column.expect("an unknown field is a mistake").column
            });
            quote!(#krate::describe::KeyDesc::PartitionBy(&[#(#columns),*]))
        }
    }
}

/// What the author said; the rest is `TableDesc::new`'s.
fn options(table: &Table<'_>) -> TokenStream {
    let krate = &table.krate;
    let choices = [
        ("with_on_failure", "OnFailure", table.on_failure),
        ("with_level", "Level", table.level),
        ("with_unchanged", "Unchanged", table.unchanged),
        ("with_oversize", "Oversize", table.oversize),
    ];
    let mut options = TokenStream::new();
    for (method, name, variant) in choices {
        if let Some(variant) = variant {
            let [method, name, variant] =
                [method, name, variant].map(|word| format_ident!("{word}"));
            options.extend(quote!(.#method(#krate::describe::#name::#variant)));
        }
    }
    if let Some(operations) = table.operations {
        let crate::options::Operations {
            insert,
            update,
            delete,
            truncate,
        } = operations;
        options.extend(quote! {
            .with_operations(#krate::describe::Operations {
                insert: #insert,
                update: #update,
                delete: #delete,
                truncate: #truncate,
            })
        });
    }
    if let Some(predicate) = &table.when {
        options.extend(quote!(.with_when(#predicate)));
    }
    options
}

/// The rules that only types can tell, each at the type that breaks it.
fn assertions(table: &Table<'_>, constant: &TokenStream) -> Vec<TokenStream> {
    let krate = &table.krate;
    let mut assertions = Vec::new();
    for (index, column) in table.columns.iter().enumerate() {
        let ty = &column.field.ty;
        let in_table = || quote!(&#constant, #index);
        if column.key {
            assertions.push(call_at(krate, "key_takes_no_null", ty, in_table()));
        }
        if column.mask.is_some() {
            assertions.push(call_at(krate, "mask_is_on_text", ty, in_table()));
        }
        // Whether a parameter is an `Option`, only its samples tell.
        let is_generic = mentions_parameter(&table.input.generics, ty);
        if column.skip && !column.serde.skipped && !column.serde.has_default && !is_generic {
            let field = &column.rust;
            let arguments = quote!(#krate::private::Field::<#ty>::TAKES_NULL, #field);
            assertions.push(call_at(krate, "skipped_has_default", ty, arguments));
        }
    }
    assertions
}
