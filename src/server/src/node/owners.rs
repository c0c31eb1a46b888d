//! The owners of a node.

use crate::config::Config;
use crate::link::Link;
use plenum_actors::aggregates::board::Board;
use plenum_actors::aggregates::conference::Conference;
use plenum_actors::aggregates::conversation::Conversation;
use plenum_actors::aggregates::poll::Poll;
use plenum_actors::directory::Directory;
use plenum_actors::owner::OwnerConfig;
use plenum_actors::owner::actor::Surroundings;
use std::time::Duration;

/// The owners of every kind of aggregate.
#[derive(Clone)]
pub(super) struct Owners {
    pub conversations: Directory<Conversation>,
    pub conferences: Directory<Conference>,
    pub polls: Directory<Poll>,
    pub boards: Directory<Board>,
}

impl Owners {
    pub fn start(config: &Config, around: &Surroundings, link: &Link) -> Self {
        let placement = link.placement();
        let with = |config: OwnerConfig| Surroundings { config: link.owner_config(&config), ..around.clone() };
        // A conference is the sum of its events, and a newcomer may want them all.
        let whole = OwnerConfig { retain_entries: 0, ..config.owner.clone() };
        Self {
            conversations: Directory::new(around.clone(), config.conversations.limits(), placement.clone()),
            conferences: Directory::new(with(whole), config.conferences.limits(), placement.clone()),
            polls: Directory::new(
                with(config.voting.owner(&config.owner)),
                config.voting.limits.clone(),
                placement.clone(),
            ),
            boards: Directory::new(with(config.voting.owner(&config.owner)), config.board.clone(), placement),
        }
    }

    pub fn add_arbiter(&self) {
        self.conversations.add_arbiter(actix::Arbiter::current());
        self.conferences.add_arbiter(actix::Arbiter::current());
        self.polls.add_arbiter(actix::Arbiter::current());
        self.boards.add_arbiter(actix::Arbiter::current());
    }

    pub fn live(&self) -> usize {
        self.conversations.live() + self.conferences.live() + self.polls.live() + self.boards.live()
    }

    pub async fn drain(&self, within: Duration) -> usize {
        let (conversations, conferences, polls, boards) = tokio::join!(
            self.conversations.drain(within),
            self.conferences.drain(within),
            self.polls.drain(within),
            self.boards.drain(within)
        );
        conversations + conferences + polls + boards
    }
}
