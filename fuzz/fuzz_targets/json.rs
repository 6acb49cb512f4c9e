//! Fuzzes `testkit::entry::json`; what holds for its inputs is written there.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let outcome = testkit::entry::json(data);
    assert!(outcome.is_in_proportion(data.len()), "{outcome:?}");
});
