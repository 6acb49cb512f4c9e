//! Fuzzes `testkit::entry::journal`; what holds for its inputs is written there.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let outcome = testkit::entry::journal(data);
    assert!(outcome.is_in_proportion(data.len()), "{outcome:?}");
});
