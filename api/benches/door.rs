//! An app through the door beside the same app without it, in one run: a small answer on a kept connection, a round trip over a WebSocket, and a
//! download of 64 MiB. Both ways enter the same network namespace, so it takes the rights of root.
//!
//! `DEED_DOOR_ROUNDS` (5,000) chooses how often. The two ways take turns, so that a busy machine slows both.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]
#![expect(clippy::indexing_slicing, reason = "a bench that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "figures are what it is for")]
#![expect(clippy::float_arithmetic, reason = "figures for people")]

#[path = "../tests/door/house.rs"]
#[expect(dead_code, reason = "a bench uses its own part of this")]
mod house;

use house::{Client, House, LARGE};
use std::time::{Duration, Instant};

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let rounds = std::env::var("DEED_DOOR_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(rounds));
}

async fn measure(rounds: usize) {
    let house = House::usual().await;
    let host = house.address.to_string();
    let (mut near, mut far) = (house.direct().await, house.connect().await);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        times[0].push(small(&mut near, &host).await);
        times[1].push(small(&mut far, &host).await);
    }
    report("HTTP, small answer", times);
    near.upgrade(&host, "").await;
    far.upgrade(&host, "").await;
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        times[0].push(round_trip(&mut near).await);
        times[1].push(round_trip(&mut far).await);
    }
    report("WebSocket, 16 bytes", times);
    let mut best = [Duration::MAX; 2];
    for _ in 0..5 {
        best[0] = best[0].min(large(&mut house.direct().await, &host).await);
        best[1] = best[1].min(large(&mut house.connect().await, &host).await);
    }
    let rate = best.map(|time| 64.0 / time.as_secs_f64());
    println!(
        "64 MiB: direct {:.0} MiB/s, door {:.0} MiB/s, ratio {:.2}",
        rate[0],
        rate[1],
        rate[1] / rate[0]
    );
}

async fn small(client: &mut Client, host: &str) -> Duration {
    let begun = Instant::now();
    client.send(&format!("GET /small HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
    client.until("\r\n\r\nsmall").await;
    begun.elapsed()
}

async fn round_trip(client: &mut Client) -> Duration {
    let begun = Instant::now();
    client.echo("sixteen bytes ok").await;
    begun.elapsed()
}

async fn large(client: &mut Client, host: &str) -> Duration {
    let begun = Instant::now();
    client.send(&format!("GET /large HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
    client.until("\r\n\r\n").await;
    client.skip(LARGE).await;
    begun.elapsed()
}

fn report(what: &str, times: [Vec<Duration>; 2]) {
    let [direct, door] = times.map(|mut times| {
        times.sort_unstable();
        [50, 99].map(|percent| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3)
    });
    println!(
        "{what}: direct p50 {:.3} ms p99 {:.3} ms, door p50 {:.3} ms p99 {:.3} ms, added at p50 {:.3} ms, ratio {:.2}",
        direct[0],
        direct[1],
        door[0],
        door[1],
        door[0] - direct[0],
        door[0] / direct[0]
    );
}
