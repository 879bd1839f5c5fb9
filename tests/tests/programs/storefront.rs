//! The reference app's own structs.

use aurora_trigger_gen::check_samples;
use storefront::Storefront;

#[test]
fn its_structs_decode_what_their_triggers_send() {
    assert_eq!(check_samples::<Storefront>(), Ok(()));
}
