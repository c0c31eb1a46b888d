//! Finds the owner of an aggregate, or starts one.

mod remote;
pub mod route;

pub use remote::{Carried, Done, Errand, Remote};

use crate::aggregate::Aggregate;
use crate::owner::actor::{Deliver, Nudge, Owner, Retire, Slot, Surroundings};
use crate::owner::reply::Reply;
use crate::placement::SharedPlacement;
use actix::dev::channel::channel;
use actix::prelude::SendError;
use actix::{Addr, ArbiterHandle, Context};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use parking_lot::RwLock;
use plenum_schema::{EntryId, Refusal, RefusalCode};
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use uuid::Uuid;

/// How often the directory looks for owners to end while it is nearly full, milliseconds.
const SWEEP_EVERY_MS: u64 = 1_000;
/// How often a drain asks again, milliseconds.
const DRAIN_ASK_MS: u64 = 50;
/// How often a command is sent again when its owner ended at the same moment.
const SENDS: usize = 4;

/// Finds the owner of an aggregate of one kind, or starts one. Cheap to clone; may be used from any thread.
pub struct Directory<A: Aggregate> {
    inner: Arc<Inner<A>>,
}

impl<A: Aggregate> Clone for Directory<A> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<A: Aggregate> fmt::Debug for Directory<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("kind", &A::KIND).field("live", &self.live()).finish_non_exhaustive()
    }
}

struct Inner<A: Aggregate> {
    owners: DashMap<Uuid, Live<A>>,
    live: AtomicUsize,
    arbiters: RwLock<Vec<ArbiterHandle>>,
    placement: SharedPlacement,
    /// The way to other nodes, when there are any.
    remote: OnceLock<Arc<dyn Remote<A>>>,
    around: Surroundings,
    rules: A::Rules,
    draining: AtomicBool,
    next_sweep: AtomicU64,
}

struct Live<A: Aggregate> {
    owner: Addr<Owner<A>>,
    slot: Arc<Slot>,
}

/// A command that an owner did not take.
enum Returned<A: Aggregate> {
    /// It has too many; or there are too many owners.
    Busy(Deliver<A>),
    /// It has ended.
    Ended(Deliver<A>),
    /// There is no thread to run it on.
    Nowhere(Deliver<A>),
}

impl<A: Aggregate> Directory<A> {
    /// A directory without owners.
    #[must_use]
    pub fn new(around: Surroundings, rules: A::Rules, placement: SharedPlacement) -> Self {
        let inner = Inner {
            owners: DashMap::new(),
            live: AtomicUsize::new(0),
            arbiters: RwLock::default(),
            placement,
            remote: OnceLock::new(),
            around,
            rules,
            draining: AtomicBool::new(false),
            next_sweep: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Lets owners run on this arbiter too. Until the first call they run on the arbiter of whoever sends the first command.
    pub fn add_arbiter(&self, arbiter: ArbiterHandle) {
        self.inner.arbiters.write().push(arbiter);
    }

    /// How many owners are alive.
    #[must_use]
    pub fn live(&self) -> usize {
        self.inner.live.load(Ordering::Acquire)
    }

    /// What the owners work with.
    #[must_use]
    pub fn surroundings(&self) -> &Surroundings {
        &self.inner.around
    }

    /// Sends a command to the owner of `id`. Never blocks; the reply is answered exactly once, perhaps before this returns.
    ///
    /// Commands sent from one thread to one aggregate are decided in the order they were sent; queries do not wait for
    /// them and see only what is durable. Where there are other nodes the command may be carried out on one of them: while this
    /// one stops, always.
    pub fn tell(&self, id: Uuid, command: A::Command, reply: Reply<A::Answer>) {
        // A hint: where there is no way to the named node the log keeps two owners apart just as well.
        match self.elsewhere(id, 0, None) {
            Some((node, remote)) => {
                let entry = EntryId(self.inner.around.clock.new_id());
                self.send_off(node, &remote, Errand { id, command, entry, hops: 0 }, false, reply);
            }
            None => self.tell_here(id, command, None, reply),
        }
    }

    /// Hands the command to the owner on this node. `entry`: the id under which it may have been carried out elsewhere.
    fn tell_here(&self, id: Uuid, command: A::Command, entry: Option<EntryId>, reply: Reply<A::Answer>) {
        if self.inner.draining.load(Ordering::Acquire) {
            // Nobody else has taken over, or it cannot be reached.
            let wait = self.inner.around.config.unavailable_retry_ms;
            return reply.answer(Err(refusal(RefusalCode::Draining, "the server is stopping", wait)));
        }
        let mut parcel = Deliver { command, entry, reply };
        for _ in 0..SENDS {
            match self.inner.hand_over(&self.inner, id, parcel) {
                Ok(()) => return,
                Err(Returned::Ended(back)) => parcel = back,
                Err(Returned::Busy(back)) => {
                    self.inner.around.metrics.busy.inc();
                    let wait = self.inner.around.config.busy_retry_ms;
                    return back.reply.answer(Err(refusal(RefusalCode::Busy, "too much work waits here", wait)));
                }
                Err(Returned::Nowhere(back)) => {
                    parcel = back;
                    break;
                }
            }
        }
        let wait = self.inner.around.config.unavailable_retry_ms;
        parcel.reply.answer(Err(refusal(RefusalCode::Unavailable, "the command could not be delivered", wait)));
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// The aggregate's refusal, or `busy`, `unavailable`, `draining`, `internal`.
    pub async fn ask(&self, id: Uuid, command: A::Command) -> Result<A::Answer, Refusal> {
        let (reply, answer) = Reply::channel();
        self.tell(id, command, reply);
        answer.await.unwrap_or_else(|_| Err(refusal(RefusalCode::Unavailable, "the command was interrupted", 1_000)))
    }

    /// Starts no owner and takes no command any more: those from here go to the nodes that have taken over, or are refused as `draining`
    /// where there is none. Lets every owner finish its appends and save its snapshot, and ends them. Answers
    /// how many were still alive when the time was over: nothing acknowledged depends on them.
    pub async fn drain(&self, within: Duration) -> usize {
        self.inner.draining.store(true, Ordering::Release);
        let emptied = async {
            while self.live() > 0 {
                self.inner.nudge_all(Nudge::Drain);
                tokio::time::sleep(Duration::from_millis(DRAIN_ASK_MS)).await;
            }
        };
        // Running out of time is the answer's business, not an error.
        let _in_time = tokio::time::timeout(within, emptied).await.is_ok();
        self.live()
    }
}

impl<A: Aggregate> Inner<A> {
    /// Puts the command into the mailbox of the owner, which is started when there is none.
    fn hand_over(&self, me: &Arc<Self>, id: Uuid, parcel: Deliver<A>) -> Result<(), Returned<A>> {
        let now = self.around.clock.mono();
        let outcome = match self.owners.get(&id) {
            // The entry is locked while the command is put into the mailbox, so the owner cannot retire between the two.
            Some(live) => live.offer(parcel, now),
            None => Err(Returned::Ended(parcel)),
        };
        let Err(Returned::Ended(parcel)) = outcome else { return outcome };
        self.make_room(now);
        match self.owners.entry(id) {
            Entry::Occupied(mut entry) => match entry.get().offer(parcel, now) {
                // It ended without retiring: its thread stopped or it panicked outside the core.
                Err(Returned::Ended(parcel)) => match self.start(me, id) {
                    Some(fresh) => {
                        let outcome = fresh.offer(parcel, now);
                        entry.insert(fresh);
                        outcome
                    }
                    None => Err(Returned::Nowhere(parcel)),
                },
                other => other,
            },
            Entry::Vacant(_) if self.live.load(Ordering::Acquire) >= self.around.config.max_live_owners => {
                Err(Returned::Busy(parcel))
            }
            Entry::Vacant(entry) => match self.start(me, id) {
                Some(fresh) => {
                    self.live.fetch_add(1, Ordering::AcqRel);
                    entry.insert(fresh).offer(parcel, now)
                }
                None => Err(Returned::Nowhere(parcel)),
            },
        }
    }

    /// Starts an owner on the arbiter that the id falls on.
    fn start(&self, me: &Arc<Self>, id: Uuid) -> Option<Live<A>> {
        let arbiter = self.arbiter(id)?;
        let slot = Arc::new(Slot::new(&self.around.metrics));
        let retire = retire(Arc::downgrade(me), id, Arc::clone(&slot));
        let (rules, around, shared) = (self.rules.clone(), self.around.clone(), Arc::clone(&slot));
        let (sender, receiver) = channel(self.around.config.max_pending_commands);
        let started = arbiter.spawn_fn(move || {
            Context::with_receiver(receiver).run(Owner::new(id, rules, around, shared, retire));
        });
        started.then(|| Live { owner: Addr::new(sender), slot })
    }

    fn arbiter(&self, id: Uuid) -> Option<ArbiterHandle> {
        let arbiters = self.arbiters.read();
        if arbiters.is_empty() {
            return actix::Arbiter::try_current();
        }
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(id);
        let index = usize::try_from(hash % arbiters.len() as u64).unwrap_or(0);
        arbiters.iter().cycle().skip(index).take(arbiters.len()).find(|arbiter| arbiter.alive()).cloned()
    }

    fn nudge_all(&self, nudge: Nudge) {
        for live in &self.owners {
            // A full mailbox means that it is busy: it is asked again.
            let _sent = live.owner.try_send(nudge).is_ok();
        }
    }

    /// When nine tenths of the places are taken: asks the tenth of the owners that has been idle longest to end.
    fn make_room(&self, now: u64) {
        let most = self.around.config.max_live_owners;
        let is_full = self.live.load(Ordering::Acquire) >= most - most / 10;
        let next = self.next_sweep.load(Ordering::Acquire);
        let is_mine =
            || self.next_sweep.compare_exchange(next, now + SWEEP_EVERY_MS, Ordering::AcqRel, Ordering::Acquire);
        if !is_full || now < next || is_mine().is_err() {
            return;
        }
        let mut owners: Vec<(u64, Uuid)> =
            self.owners.iter().map(|live| (live.slot.last_used.load(Ordering::Relaxed), *live.key())).collect();
        owners.sort_unstable();
        for (_, id) in owners.iter().take(most / 10 + 1) {
            if let Some(live) = self.owners.get(id) {
                let _sent = live.owner.try_send(Nudge::Rest).is_ok();
            }
        }
    }
}

/// Takes the owner out of the directory, unless a command is on its way to it.
fn retire<A: Aggregate>(directory: Weak<Inner<A>>, id: Uuid, slot: Arc<Slot>) -> Retire {
    Box::new(move || {
        let Some(directory) = directory.upgrade() else { return true };
        let mut is_known = false;
        let removed = directory.owners.remove_if(&id, |_, live| {
            is_known = Arc::ptr_eq(&live.slot, &slot);
            is_known && slot.is_quiet()
        });
        if removed.is_some() {
            directory.live.fetch_sub(1, Ordering::AcqRel);
        }
        removed.is_some() || !is_known
    })
}

impl<A: Aggregate> Live<A> {
    fn offer(&self, parcel: Deliver<A>, now: u64) -> Result<(), Returned<A>> {
        self.slot.enter();
        let refused = match self.owner.try_send(parcel) {
            Ok(()) => {
                self.slot.last_used.store(now, Ordering::Relaxed);
                return Ok(());
            }
            Err(SendError::Full(back)) => Returned::Busy(back),
            Err(SendError::Closed(back)) => Returned::Ended(back),
        };
        self.slot.leave();
        Err(refused)
    }
}

fn refusal(code: RefusalCode, text: &str, retry_after: u64) -> Refusal {
    Refusal::new(code, text).retry_after(retry_after)
}
