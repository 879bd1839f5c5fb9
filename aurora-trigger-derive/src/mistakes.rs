//! All mistakes of an item are reported at once, each where it is.

use std::cell::RefCell;
use std::fmt::Display;
use std::thread;

use proc_macro2::Span;
use quote::ToTokens;
use syn::Error;

/// Collects mistakes while an item is read and checked.
///
/// Dropping it panics: a mistake that nobody looks at would pass for a struct that is right. It ends with
/// [`finish`](Self::finish) or [`discard`](Self::discard).
pub(crate) struct Mistakes {
    /// `None` once somebody looked.
    found: RefCell<Option<Vec<Error>>>,
}

impl Mistakes {
    pub(crate) fn new() -> Self {
        Self {
            found: RefCell::new(Some(Vec::new())),
        }
    }

    /// A mistake that underlines all of these tokens.
    pub(crate) fn on(&self, tokens: impl ToTokens, message: impl Display) {
        self.push(Error::new_spanned(tokens, message));
    }

    /// A mistake at a place.
    pub(crate) fn at(&self, span: Span, message: impl Display) {
        self.push(Error::new(span, message));
    }

    fn push(&self, mistake: Error) {
        self.found
            .borrow_mut()
            .as_mut()
            .expect("only `finish` and `discard` end it, and they consume it")
            .push(mistake);
    }

    /// Ends the collection: an error that holds every mistake, if there was one.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let found = self
            .found
            .borrow_mut()
            .take()
            .expect("only `finish` and `discard` end it, and they consume it");
        found
            .into_iter()
            .reduce(|mut all, next| {
                all.combine(next);
                all
            })
            .map_or(Ok(()), Err)
    }

    /// Ends the collection where somebody else reports the same mistakes.
    pub(crate) fn discard(self) {
        self.found.borrow_mut().take();
    }
}

impl Drop for Mistakes {
    fn drop(&mut self) {
        if !thread::panicking() && self.found.borrow().is_some() {
            panic!("mistakes were collected and nobody looked at them");
        }
    }
}
