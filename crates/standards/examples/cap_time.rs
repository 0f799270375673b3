//! How long it takes to read a large warning: `cargo run --release -p pendopo-standards --example cap_time FILE`.

use std::io::Write;

fn main() -> std::io::Result<()> {
    const TIMES: u32 = 200;
    let path = std::env::args().nth(1).unwrap_or_default();
    let bytes = std::fs::read(path)?;
    let started = std::time::Instant::now();
    let mut points = 0;
    for _ in 0..TIMES {
        let Ok(read) = pendopo_standards::cap::read(&bytes) else {
            return Err(std::io::Error::other("not a CAP message"));
        };
        let areas = read.alert.info.iter().flat_map(|info| &info.area);
        let rings = areas.flat_map(|area| &area.polygon);
        points = rings.map(|ring| ring.positions().len()).sum();
    }
    let each = started.elapsed() / TIMES;
    writeln!(std::io::stdout(), "{points} points: {each:?} each")
}
