use serde::Deserialize;

/// Settings of images.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImagesConfig {
    /// Largest file of a picture of a person, bytes (default 5 MiB).
    pub avatar_bytes: usize,
    /// Largest file of any other image, bytes (default 10 MiB).
    pub image_bytes: usize,
    /// Longest side of a picture of a person as it is kept, pixels (default 512).
    pub avatar_side: u32,
    /// Longest side of any other image as it is kept, pixels (default 2,048).
    pub image_side: u32,
    /// Most pixels of an uploaded image (default 40 million).
    pub pixels: u64,
    /// Most memory that taking one image apart may need, bytes (default 256 MiB).
    pub memory_bytes: u64,
    /// Uploads that are received at once (default 32).
    pub at_once: usize,
    /// How long an upload may take to arrive, milliseconds (default 120,000).
    pub receive_within_ms: u64,
    /// Threads that take images apart; 0: one for every four cores.
    pub workers: usize,
    /// How much these threads step back behind those that carry messages (`nice`, 0 to 19; default 10). 0: not.
    pub nice: i32,
    /// Images that may wait for one of them (default 16).
    pub queue: usize,
    /// How long an image may wait and be worked on, milliseconds (default 15,000).
    pub within_ms: u64,
    /// When to come back if too many wait, milliseconds (default 1,000).
    pub busy_retry_ms: u64,
    /// Most images of one person (default 500).
    pub files: usize,
    /// Most bytes of one person's images (default 200 MiB).
    pub person_bytes: u64,
    /// How long browsers and proxies may keep an image that everybody may see, seconds (default 86,400).
    pub max_age_s: u64,
    /// How long an address of an image that not everybody may see is good for, seconds (default 900).
    pub signed_s: u64,
    /// How often images are looked for that nothing shows any more, seconds (default 3,600).
    pub sweep_every_s: u64,
    /// How old an image is before it is looked at for that, seconds (default 3,600): what is to show it may be under way.
    pub grace_s: u64,
    /// What stands before the paths of images, `https://images.example.org`; empty: nothing.
    pub public_url: String,
}

impl Default for ImagesConfig {
    fn default() -> Self {
        Self {
            avatar_bytes: 5 << 20,
            image_bytes: 10 << 20,
            avatar_side: 512,
            image_side: 2_048,
            pixels: 40_000_000,
            memory_bytes: 256 << 20,
            at_once: 32,
            receive_within_ms: 120_000,
            workers: 0,
            nice: 10,
            queue: 16,
            within_ms: 15_000,
            busy_retry_ms: 1_000,
            files: 500,
            person_bytes: 200 << 20,
            max_age_s: 86_400,
            signed_s: 900,
            sweep_every_s: 3_600,
            grace_s: 3_600,
            public_url: String::new(),
        }
    }
}

fn is_site(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && !host.ends_with('/')
            && host.bytes().all(|b| b.is_ascii_graphic() && !b"?#\"'<>\\@".contains(&b))
    })
}

impl ImagesConfig {
    /// Everything that is wrong: the key and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let bytes = 1_024..=64 << 20;
        let checks = [
            (bytes.contains(&self.avatar_bytes), "avatar_bytes", "must be 1024 to 67108864"),
            (bytes.contains(&self.image_bytes), "image_bytes", "must be 1024 to 67108864"),
            ((16..=4_096).contains(&self.avatar_side), "avatar_side", "must be 16 to 4096"),
            ((16..=8_192).contains(&self.image_side), "image_side", "must be 16 to 8192"),
            ((256..=400_000_000).contains(&self.pixels), "pixels", "must be 256 to 400000000"),
            ((1 << 20..=8 << 30).contains(&self.memory_bytes), "memory_bytes", "must be 1048576 to 8589934592"),
            ((1..=4_096).contains(&self.at_once), "at_once", "must be 1 to 4096"),
            ((100..=3_600_000).contains(&self.receive_within_ms), "receive_within_ms", "must be 100 to 3600000"),
            (self.workers <= 64, "workers", "must be at most 64"),
            ((1..=1_024).contains(&self.queue), "queue", "must be 1 to 1024"),
            ((100..=120_000).contains(&self.within_ms), "within_ms", "must be 100 to 120000"),
            ((0..=19).contains(&self.nice), "nice", "must be 0 to 19"),
            ((1..=600_000).contains(&self.busy_retry_ms), "busy_retry_ms", "must be 1 to 600000"),
            ((1..=999).contains(&self.files), "files", "must be 1 to 999"),
            (self.person_bytes >= 1 << 20, "person_bytes", "must be at least 1048576"),
            (self.max_age_s <= 366 * 86_400, "max_age_s", "must be at most 31622400"),
            ((1..=900).contains(&self.signed_s), "signed_s", "must be 1 to 900"),
            ((1..=86_400).contains(&self.sweep_every_s), "sweep_every_s", "must be 1 to 86400"),
            (self.grace_s <= 86_400, "grace_s", "must be at most 86400"),
            (
                self.public_url.is_empty() || is_site(&self.public_url),
                "public_url",
                "must be https://host, without a slash at the end",
            ),
        ];
        let wrong = checks.into_iter().filter(|(fine, _, _)| !fine);
        wrong.map(|(_, key, reason)| (key, reason.to_owned())).collect()
    }
}
