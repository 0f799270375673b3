//! Software that is not ours: mosquitto, where it is installed.

use std::process::{Command, Stdio};

use pendopo_testkit::run;

use crate::fixture::{CITY, READING, Served};

/// Whether a program can be started; says so when not.
#[expect(clippy::print_stdout, reason = "`make test` counts these lines")]
pub fn is_there(program: &str) -> bool {
    let there = Command::new(program)
        .arg("--help")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !there {
        println!("skipped: 1 test (no {program} on this machine)");
    }
    there
}

#[test]
fn mosquitto_publishes_in_every_version_and_quality() {
    if !is_there("mosquitto_pub") {
        return;
    }
    run(async {
        let served = Served::new().await;
        for version in ["mqttv311", "mqttv5"] {
            for quality in ["0", "1", "2"] {
                let station = format!("{version}-{quality}");
                let (topic, port) = (
                    format!("{CITY}/air/{station}/reading"),
                    served.address.port().to_string(),
                );
                let user = format!("{CITY}/air");
                let mut publish = Command::new("mosquitto_pub");
                publish.args([
                    "-h",
                    "127.0.0.1",
                    "-p",
                    &port,
                    "-u",
                    &user,
                    "-P",
                    &served.password,
                ]);
                publish.args(["-V", version, "-q", quality, "-t", &topic, "-m", READING]);
                let output = tokio::task::spawn_blocking(move || publish.output().unwrap())
                    .await
                    .unwrap();
                assert!(output.status.success(), "{station}: {output:?}");
                crate::fixture::eventually(async || served.station(&station).await).await;
            }
        }
        assert_eq!(served.counts("mqtt:air").await.received, 6);
        served.end().await;
    });
}
