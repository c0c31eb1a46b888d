//! A trace of forgotten ids: filters (B. H. Bloom, 1970) that say "certainly not" without asking the store. Each holds twice as many
//! ids as the one before, so that few are asked however many ids there are (Almeida and others, "Scalable Bloom Filters", 2007).

use plenum_schema::EntryId;

/// Ids of the first filter.
const IDS: usize = 1_024;
/// Bits for each id: with [`PROBES`] one in some 2,000 new ids is taken for an old one by a full filter.
const BITS_EACH: usize = 16;
const PROBES: u64 = 8;

/// The forgotten ids, or as many of the newest as memory is allowed for.
#[derive(Debug, Default)]
pub(super) struct Faded {
    filters: Vec<Filter>,
    /// Ids that may still get a place in a new filter.
    left: usize,
    /// Some ids left no trace: every id may be one of them.
    incomplete: bool,
}

#[derive(Debug)]
struct Filter {
    /// How many more it takes.
    left: usize,
    words: Box<[u64]>,
}

impl Faded {
    /// Traces of at most `ids` ids. `incomplete`: there are older ones already.
    pub(super) fn new(ids: usize, incomplete: bool) -> Self {
        Self { filters: Vec::new(), left: ids, incomplete: incomplete || ids < IDS }
    }

    pub(super) fn add(&mut self, id: EntryId) {
        if self.incomplete {
            return;
        }
        if self.filters.last().is_none_or(|filter| filter.left == 0) {
            // The last one takes what is left, in whole filters of the first one's size.
            let ids = (IDS << self.filters.len().min(16)).min(self.left - self.left % IDS);
            if ids == 0 {
                // Half a memory would answer nothing: from here on the index is asked.
                self.filters = Vec::new();
                self.incomplete = true;
                return;
            }
            self.left -= ids;
            self.filters.push(Filter { left: ids, words: vec![0; ids * BITS_EACH / 64].into() });
        }
        if let Some(filter) = self.filters.last_mut() {
            filter.left -= 1;
            let bits = filter.bits();
            for place in probes(id) {
                if let Some(word) = filter.words.get_mut(place % bits / 64) {
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
    fn bits(&self) -> usize {
        self.words.len() * 64
    }

    fn may_hold(&self, id: EntryId) -> bool {
        let bits = self.bits();
        probes(id).all(|place| self.words.get(place % bits / 64).is_some_and(|word| word & (1 << (place % 64)) != 0))
    }
}

/// The bits of an id, still to be taken modulo a filter's number of bits (a multiple of 64). Ids are hashes or random already; two halves make as many places as wanted (Kirsch and Mitzenmacher, 2006).
fn probes(id: EntryId) -> impl Iterator<Item = usize> {
    let (high, low) = id.0.as_u64_pair();
    // Versions and variants sit in fixed bits; multiplication by an odd number spreads the others over them.
    let (first, step) = (high.wrapping_mul(0x9E37_79B9_7F4A_7C15), low.wrapping_mul(0xC2B2_AE3D_27D4_EB4F) | 1);
    (0..PROBES).map(move |probe| {
        let place = first.wrapping_add(step.wrapping_mul(probe)) >> 32;
        usize::try_from(place).unwrap_or(0)
    })
}
