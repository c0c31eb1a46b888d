//! SIGKILL under load.

use crate::socket::SOON;
use crate::socket::peer::{BOTH, Heard, Peer, identify, send, subscribe};
use crate::socket::program::Program;
use crate::socket::wire::{AnyStream, opening, read_head};
use crate::socket::world::{Person, World};
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::wire::{Ack, AckResult, Event, EventFrame, RefusalFrame, ServerFrame};
use plenum_schema::{Offset, Topic};
use plenum_server::config::Config;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

const SENDERS: usize = 10;
const FOLLOWERS: usize = 4;
/// Messages a sender has on their way at once.
const WINDOW: usize = 4;

/// How it is killed.
#[derive(Clone, Copy)]
pub struct Trial {
    pub kills: u64,
    /// Acknowledgements between two kills.
    pub between: u64,
    /// How long these, or the end, may take.
    pub patience: Duration,
}

/// What the senders and the one who kills have in common.
struct Stage {
    topic: Topic,
    /// Where the server is now.
    address: watch::Receiver<SocketAddr>,
    acked: AtomicU64,
    over: AtomicBool,
}

/// One sender over all its connections.
struct Sender {
    number: usize,
    person: Person,
    next: usize,
    /// Sent and not acknowledged: the reference's number.
    open: Vec<usize>,
    /// By the reference's number.
    acked: BTreeMap<usize, Offset>,
}

impl Sender {
    fn reference(&self, number: usize) -> String {
        format!("sender {} message {number}", self.number)
    }

    /// Until the end: connect, repeat what was not acknowledged, go on.
    async fn run(mut self, stage: Arc<Stage>) -> Self {
        while !(stage.over.load(Ordering::Relaxed) && self.open.is_empty()) {
            let mut address = stage.address.clone();
            let now = *address.borrow_and_update();
            match dial(now, self.number).await {
                Some(mut peer) => self.talk(&stage, &mut peer).await,
                // Nobody listens: the address of the next server will come.
                None => drop(tokio::time::timeout(SOON, address.changed()).await),
            }
        }
        self
    }

    /// Until the connection ends or everything is over.
    async fn talk(&mut self, stage: &Stage, peer: &mut Peer) {
        if peer.try_push(identify(&self.person.token)).await.is_err() {
            return;
        }
        let mut sent = HashMap::new();
        loop {
            match peer.hear().await {
                Heard::Frame(ServerFrame::Ack(Ack { id, result })) => match result {
                    AckResult::Identified(_) => {
                        for number in self.open.clone() {
                            let Some(id) = self.send(stage.topic, peer, number).await else { return };
                            sent.insert(id, number);
                        }
                    }
                    AckResult::Sent(ack) => {
                        let number = sent.remove(&id).unwrap();
                        self.open.retain(|open| *open != number);
                        self.acked.insert(number, ack.offset);
                        stage.acked.fetch_add(1, Ordering::Relaxed);
                    }
                    other => panic!("{other:?}"),
                },
                Heard::Frame(ServerFrame::Refusal(RefusalFrame { refusal, .. })) => panic!("{refusal}"),
                Heard::End => return,
                _ => continue,
            }
            let over = stage.over.load(Ordering::Relaxed);
            if over && self.open.is_empty() {
                return;
            }
            while !over && self.open.len() < WINDOW {
                let number = self.next;
                self.next += 1;
                self.open.push(number);
                let Some(id) = self.send(stage.topic, peer, number).await else { return };
                sent.insert(id, number);
            }
        }
    }

    /// `None` when the connection is gone.
    async fn send(&self, topic: Topic, peer: &mut Peer, number: usize) -> Option<u32> {
        let reference = self.reference(number);
        peer.try_push(send(topic, Some(&reference), &reference)).await.ok()
    }
}

/// Follows the conversation over all connections from where it stands; ends with the offset it was told to reach.
async fn follow(number: usize, person: Person, stage: Arc<Stage>, mut last: watch::Receiver<Offset>) {
    let mut position = 0;
    while *last.borrow_and_update() == 0 || position < *last.borrow() {
        let mut address = stage.address.clone();
        let now = *address.borrow_and_update();
        let Some(mut peer) = dial(now, number).await else {
            drop(tokio::time::timeout(SOON, address.changed()).await);
            continue;
        };
        if peer.try_push(identify(&person.token)).await.is_err() {
            continue;
        }
        loop {
            match peer.hear().await {
                Heard::Frame(ServerFrame::Ack(Ack { result: AckResult::Identified(_), .. })) => {
                    // A connection that is gone tells so by its end.
                    let _gone = peer.try_push(subscribe(stage.topic, Some(position))).await;
                }
                Heard::Frame(ServerFrame::Event(event)) => {
                    assert_eq!(event.offset, position + 1, "every event once and in order, over all connections");
                    position = event.offset;
                }
                Heard::Frame(ServerFrame::Refusal(RefusalFrame { refusal, .. })) => panic!("{refusal}"),
                Heard::Frame(ServerFrame::Gap(gap)) => panic!("{gap:?}"),
                Heard::End => break,
                _ => {}
            }
            if *last.borrow() > 0 && position >= *last.borrow() {
                break;
            }
        }
    }
}

/// Connects; `None` when nobody is there or the server dies meanwhile.
async fn dial(address: SocketAddr, number: usize) -> Option<Peer> {
    let codec = BOTH[number % 2];
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = opening(address, "/ws", Some(crate::socket::peer::protocol_of(codec)));
    stream.write_all(request.as_bytes()).await.ok()?;
    let head = tokio::spawn(async move { (read_head(&mut stream).await, stream) }).await;
    let (head, stream) = head.ok()?;
    let stream: AnyStream = Box::new(stream);
    Some(Peer::upgraded(stream, head.rest, codec))
}

/// People and a conversation, made by a server in this process that ends at once.
async fn prepare(path: &Path, edit: impl FnOnce(&mut Config)) -> (Vec<Person>, Topic) {
    let world = World::at(path, edit);
    let people = world.people(SENDERS).await;
    let topic = world.group(&people.iter().collect::<Vec<_>>());
    world.end().await;
    (people, topic)
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_doubled_or_moved_when_the_server_is_killed_again_and_again() {
    survive(Trial { kills: 5, between: 150, patience: SOON }, |_| {}, &[]).await;
}

/// Kills a server with these settings again and again, and checks what everybody was told.
pub async fn survive(trial: Trial, edit: impl FnOnce(&mut Config), settings: &[&str]) {
    let data = tempfile::tempdir().unwrap();
    let (people, topic) = prepare(data.path(), edit).await;
    let mut program = Program::start(data.path(), settings);
    let (tell, address) = watch::channel(program.address);
    let stage = Arc::new(Stage { topic, address, acked: AtomicU64::new(0), over: AtomicBool::new(false) });
    let start = |(number, person): (usize, Person)| {
        let sender = Sender { number, person, next: 0, open: Vec::new(), acked: BTreeMap::new() };
        tokio::spawn(sender.run(stage.clone()))
    };
    let (reach, last) = watch::channel(0);
    let followers: Vec<_> = (0..FOLLOWERS)
        .map(|number| tokio::spawn(follow(number, people[number].clone(), stage.clone(), last.clone())))
        .collect();
    let senders: Vec<_> = people.iter().cloned().enumerate().map(start).collect();
    for kill in 1..=trial.kills {
        let deadline = Instant::now() + trial.patience;
        while stage.acked.load(Ordering::Relaxed) < kill * trial.between {
            assert!(Instant::now() < deadline, "the senders do not go on after kill {}", kill - 1);
            tokio::task::yield_now().await;
        }
        program.kill();
        program = Program::start(data.path(), settings);
        tell.send(program.address).unwrap();
    }
    stage.over.store(true, Ordering::Relaxed);
    let mut done = Vec::new();
    for sender in senders {
        done.push(tokio::time::timeout(trial.patience, sender).await.expect("the senders end").unwrap());
    }
    let mut reader = Peer::connect(program.address, BOTH[0]).await;
    reader.identify(&people[0].token).await;
    let log = reader.whole_history(topic).await;
    check(&log, &done, trial.kills * trial.between);
    reach.send(reader.say(topic, "the last word").await.offset).unwrap();
    // Whoever heard the last word before it knew that it was the last hears this.
    reader.say(topic, "and one more").await;
    for follower in followers {
        tokio::time::timeout(trial.patience, follower).await.expect("the followers get everything").unwrap();
    }
}

fn check(log: &[EventFrame], senders: &[Sender], least: u64) {
    assert!(log.iter().map(|event| event.offset).eq(1..=log.len() as u64), "offsets without holes");
    let mut found: HashMap<&str, Offset> = HashMap::new();
    for event in log {
        if let Event::Conversation(ConversationEvent::Message(message)) = &event.event {
            let reference = message.client_ref.as_deref().unwrap();
            assert_eq!(message.content.text, reference);
            assert!(found.insert(reference, event.offset).is_none(), "twice: {reference}");
        }
    }
    let acked: usize = senders.iter().map(|sender| sender.acked.len()).sum();
    assert!(acked as u64 >= least);
    assert_eq!(found.len(), acked, "everything sent was acknowledged in the end");
    for sender in senders {
        for (number, offset) in &sender.acked {
            assert_eq!(found.get(sender.reference(*number).as_str()), Some(offset));
        }
        assert!(sender.acked.values().is_sorted(), "what one connection sends stays in its order");
    }
}
