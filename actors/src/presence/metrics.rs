use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// What presence counts.
#[derive(Clone, Debug)]
pub struct PresenceMetrics {
    /// People who are online.
    pub online: IntGauge,
    /// Changes, told or not.
    pub came: IntCounter,
    /// Changes, told or not.
    pub went: IntCounter,
    /// Changes that were published.
    pub told: IntCounter,
    /// Changes that one that waited already carried along.
    pub coalesced: IntCounter,
    /// Returns within the grace: neither leaving nor coming was told.
    pub returned: IntCounter,
    /// Changes that wait to be told.
    pub waiting: IntGauge,
    /// Leavings that wait to be written.
    pub unwritten: IntGauge,
    /// Leavings whose time was not kept: too many waited, or the store refused.
    pub unkept: IntCounter,
    /// Comings and goings that rooms were not told of: too many waited.
    pub unturned: IntCounter,
}

impl PresenceMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When one of the names is taken in the registry.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let gauge = |name: &str, help: &str| -> prometheus::Result<IntGauge> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let counter = |name: &str, help: &str| -> prometheus::Result<IntCounter> {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let changes =
            IntCounterVec::new(Opts::new("plenum_presence_changes_total", "people who came or went"), &["to"])?;
        registry.register(Box::new(changes.clone()))?;
        Ok(Self {
            online: gauge("plenum_presence_online", "people who are online")?,
            came: changes.with_label_values(&["online"]),
            went: changes.with_label_values(&["offline"]),
            told: counter("plenum_presence_told_total", "changes that were published")?,
            coalesced: counter("plenum_presence_coalesced_total", "changes told by one that waited already")?,
            returned: counter("plenum_presence_returned_total", "returns within the grace")?,
            waiting: gauge("plenum_presence_waiting", "changes that wait to be told")?,
            unwritten: gauge("plenum_presence_unwritten", "leavings that wait to be written")?,
            unkept: counter("plenum_presence_unkept_total", "leavings whose time was not kept")?,
            unturned: counter("plenum_presence_untold_rooms_total", "comings and goings that rooms were not told of")?,
        })
    }
}
