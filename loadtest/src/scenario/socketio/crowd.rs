//! Many quiet connections: how fast they come in, and what each costs while nothing happens.

use super::subject::{Kind, Subject};
use crate::checker::Checks;
use crate::clock::seconds;
use crate::connection::Plan;
use crate::loader::Loader;
use crate::net::SocketOptions;
use crate::process;
use crate::progress::Progress;
use crate::scenario::{Context, Failure};
use crate::swarm::Swarm;
use crate::wire::Dialect;
use std::time::Duration;

/// Rooms each connection joins.
pub const ROOMS: usize = 2;
const CONNECT_LIMIT: Duration = Duration::from_secs(300);
/// Connections that come and go before the base is taken, and how often.
const WARM: usize = 200;
const WARM_ROUNDS: usize = 5;

/// What quiet connections cost one server.
pub struct Crowd {
    /// Which server.
    pub kind: Kind,
    /// Connections with two rooms each, a second, until all were in.
    pub connects_per_second: f64,
    /// CPU of the server for one of them, microseconds; none where its process could not be read.
    pub cpu_us_per_connect: Option<f64>,
    /// Growth of resident memory for each, bytes; none where it could not be read.
    pub bytes_per_connection: Option<f64>,
    /// Seconds since the stage began, and resident MiB.
    pub sizes: Vec<(f64, f64)>,
    /// What was checked.
    pub checks: Checks,
}

struct Watch<'a> {
    context: &'a Context,
    subject: &'a Subject,
    start: u64,
    sizes: Vec<(f64, f64)>,
}

/// Connects `count` clients, lets memory settle, measures.
///
/// # Errors
/// When the connections cannot be brought into service.
#[expect(clippy::cast_precision_loss, reason = "bytes and counts to print")]
pub fn measure(context: &Context, subject: &Subject, count: usize, settle: Duration) -> Result<Crowd, Failure> {
    let mut watch = Watch { context, subject, start: context.clock.now(), sizes: Vec::new() };
    let before = watch.base(count, settle)?;
    let mut swarm = Swarm::new(subject.address(), &subject.topics, context.clock)?;
    let mut loader = Loader::new(subject.topics.len(), 0);
    let cpu = || subject.pid().and_then(process::cpu);
    let (began, cpu_before) = (context.clock.now(), cpu());
    swarm.open_all(plans(subject, count), CONNECT_LIMIT, &mut loader)?;
    let (connecting, used) = (seconds(context.clock.now() - began), process::used(cpu_before, cpu()));
    let mut after = None;
    let progress = Progress::start(&format!("{}, quiet", subject.kind.name()), settle, context.quiet);
    for second in 0..settle.as_secs() {
        swarm.turn_until(Duration::from_secs(1), &mut loader, |_, _| false)?;
        after = watch.sample();
        progress.tick(second + 1, &format!("RSS {} MiB", after.map_or(0, |size| size >> 20)));
    }
    let checks = std::mem::take(swarm.checks());
    swarm.cut_all();
    let mut of_loader = loader.close();
    of_loader.merge(checks);
    let each = (count as f64).max(1.0);
    Ok(Crowd {
        kind: subject.kind,
        connects_per_second: count as f64 / connecting.max(1e-9),
        cpu_us_per_connect: used.map(|(all, ..)| all / each * 1e6),
        bytes_per_connection: crate::scenario::growth(before, after, count),
        sizes: watch.sizes,
        checks: of_loader,
    })
}

fn plans(subject: &Subject, count: usize) -> Vec<Plan> {
    let plan = |n: usize| {
        let account = subject.accounts.get(n % subject.accounts.len().max(1));
        let token = account.map_or("".into(), |account| account.token.clone());
        let topics = (0..).zip(&subject.topics).map(|(index, _)| (index, None)).collect();
        Plan { dialect: Dialect::SocketIo, token, topics, socket: SocketOptions::default(), deaf: false }
    };
    (0..count).map(plan).collect()
}

impl Watch<'_> {
    /// Memory without connections, in working order: some come and go first, and the least of what follows counts.
    fn base(&mut self, count: usize, settle: Duration) -> Result<Option<u64>, Failure> {
        for _ in 0..WARM_ROUNDS {
            let mut swarm = Swarm::new(self.subject.address(), &self.subject.topics, self.context.clock)?;
            let mut loader = Loader::new(self.subject.topics.len(), 0);
            swarm.open_all(plans(self.subject, WARM.min(count)), CONNECT_LIMIT, &mut loader)?;
            swarm.cut_all();
            std::thread::sleep(Duration::from_millis(200));
        }
        let mut sizes = Vec::new();
        for _ in 0..settle.as_secs() {
            std::thread::sleep(Duration::from_secs(1));
            sizes.extend(self.sample());
        }
        Ok(sizes.into_iter().min())
    }

    /// Resident bytes; garbage of the last second is asked away, so what is read is what the second before left.
    fn sample(&mut self) -> Option<u64> {
        let rss = self.subject.pid().and_then(process::rss);
        let at = seconds(self.context.clock.now() - self.start);
        self.sizes.extend(rss.map(|rss| (at, crate::scenario::mebibytes(rss))));
        self.subject.collect_garbage();
        rss
    }
}
