//! Fuzzes `testkit::entry::evtx`; what holds for its inputs is written there.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let outcome = testkit::entry::evtx(data);
    assert!(outcome.is_in_proportion(data.len()), "{outcome:?}");
});
