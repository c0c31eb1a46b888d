//! A trace of forgotten ids: small filters (B. H. Bloom, 1970) that say "certainly not" without asking the store.

use plenum_schema::EntryId;
use std::collections::VecDeque;

/// Ids of one filter.
const IDS: usize = 1_024;
/// Bits for each id: with [`PROBES`] one in some 2,000 new ids is taken for an old one by a full filter.
const BITS_EACH: usize = 16;
const PROBES: u64 = 8;
const WORDS: usize = IDS * BITS_EACH / 64;

/// The forgotten ids, or as many of the newest as memory is allowed for.
#[derive(Debug, Default)]
pub(super) struct Faded {
    filters: VecDeque<Filter>,
    most: usize,
    /// Some ids left no trace: every id may be one of them.
    incomplete: bool,
}

#[derive(Debug)]
struct Filter {
    ids: usize,
    words: Box<[u64; WORDS]>,
}

impl Faded {
    /// Traces of at most `ids` ids. `incomplete`: there are older ones already.
    pub(super) fn new(ids: usize, incomplete: bool) -> Self {
        Self { filters: VecDeque::new(), most: ids / IDS, incomplete: incomplete || ids < IDS }
    }

    pub(super) fn add(&mut self, id: EntryId) {
        if self.incomplete {
            return;
        }
        if self.filters.back().is_none_or(|filter| filter.ids >= IDS) {
            if self.filters.len() >= self.most {
                // Half a memory would answer nothing: from here on the index is asked.
                self.filters = VecDeque::new();
                self.incomplete = true;
                return;
            }
            self.filters.push_back(Filter { ids: 0, words: Box::new([0; WORDS]) });
        }
        if let Some(filter) = self.filters.back_mut() {
            filter.ids += 1;
            for place in probes(id) {
                if let Some(word) = filter.words.get_mut(place / 64) {
                    *word |= 1 << (place % 64);
                }
            }
        }
    }

    /// Whether the id may be one of the forgotten.
    pub(super) fn may_hold(&self, id: EntryId) -> bool {
        self.incomplete || self.filters.iter().any(|filter| filter.may_hold(id))
    }
}

impl Filter {
    fn may_hold(&self, id: EntryId) -> bool {
        probes(id).all(|place| self.words.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0))
    }
}

/// The bits of an id. Ids are hashes or random already; two halves make as many places as wanted (Kirsch and Mitzenmacher, 2006).
fn probes(id: EntryId) -> impl Iterator<Item = usize> {
    let (high, low) = id.0.as_u64_pair();
    // Versions and variants sit in fixed bits; multiplication by an odd number spreads the others over them.
    let (first, step) = (high.wrapping_mul(0x9E37_79B9_7F4A_7C15), low.wrapping_mul(0xC2B2_AE3D_27D4_EB4F) | 1);
    (0..PROBES).map(move |probe| {
        let place = first.wrapping_add(step.wrapping_mul(probe)) >> 32;
        usize::try_from(place).unwrap_or(0) % (WORDS * 64)
    })
}
