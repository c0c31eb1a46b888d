use prometheus::{Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry};

/// How images are doing.
#[derive(Clone, Debug)]
pub struct ImagesMetrics {
    made: IntCounterVec,
    seconds: Histogram,
    pub(super) waiting: IntGauge,
}

impl ImagesMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When one of the names is taken in the registry.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let about = "uploaded images that were made anew, or refused, late, or turned away because too many waited";
        let made = IntCounterVec::new(Opts::new("plenum_images_total", about), &["outcome"])?;
        let about = "time of a thread to make an uploaded image anew, seconds";
        let buckets = vec![0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];
        let seconds = Histogram::with_opts(HistogramOpts::new("plenum_image_seconds", about).buckets(buckets))?;
        let waiting = IntGauge::new("plenum_images_waiting", "uploaded images that wait for a thread")?;
        registry.register(Box::new(made.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(waiting.clone()))?;
        for outcome in ["made", "refused", "late", "busy"] {
            made.with_label_values(&[outcome]).inc_by(0);
        }
        Ok(Self { made, seconds, waiting })
    }

    pub(super) fn made(&self, outcome: &str) {
        self.made.with_label_values(&[outcome]).inc();
    }

    #[expect(clippy::cast_precision_loss, reason = "microseconds of some seconds fit a float exactly")]
    pub(super) fn worked(&self, micros: u64) {
        self.seconds.observe(micros as f64 / 1_000_000.0);
    }
}
