//! Fuzzes `testkit::entry::map_yaml`; what holds for its inputs is written there.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let outcome = testkit::entry::map_yaml(data);
    assert!(outcome.is_in_proportion(data.len()), "{outcome:?}");
});
