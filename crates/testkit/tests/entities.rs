//! Whom a finding is about.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use testkit::corpus;

#[test]
fn what_a_sensor_saw_is_about_the_internal_end() {
    let (ingest, engine) = corpus::engine(&corpus::rules(&[])).unwrap();
    let entity_of = |source: &str, destination: &str| {
        let line = format!(
            "{{\"timestamp\":\"2026-03-02T09:00:01.000000+0000\",\"flow_id\":1,\"event_type\":\"alert\",\
             \"host\":\"ids01\",\"src_ip\":\"{source}\",\"src_port\":4444,\"dest_ip\":\"{destination}\",\
             \"dest_port\":80,\"proto\":\"TCP\",\"alert\":{{\"action\":\"allowed\",\"gid\":1,\
             \"signature_id\":2100498,\"rev\":7,\"signature\":\"x\",\"category\":\"y\",\"severity\":2}}}}\n"
        );
        let (batches, _) = corpus::events(&ingest, "eve.json", line.into_bytes());
        engine.entity(batches[0].iter().next().unwrap())
    };
    assert_eq!(entity_of("198.51.100.7", "10.20.1.15"), "10.20.1.15");
    assert_eq!(entity_of("10.20.1.15", "198.51.100.7"), "10.20.1.15");
    assert_eq!(entity_of("10.20.1.15", "10.20.1.16"), "10.20.1.15");
    assert_eq!(entity_of("198.51.100.7", "fd00::5"), "fd00::5");
    // Without an internal end there is only the sensor to name.
    assert_eq!(entity_of("198.51.100.7", "203.0.113.9"), "ids01");
}
