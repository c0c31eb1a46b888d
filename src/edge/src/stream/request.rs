//! What a stream's URL and headers ask for.

use super::place::Places;
use actix_web::HttpRequest;
use plenum_schema::log::MAX_OFFSET;
use plenum_schema::{Offset, Refusal, RefusalCode, Topic};
use serde::Deserialize;

/// The header that a browser sends when it comes back by itself.
const LAST_EVENT_ID: &str = "last-event-id";

/// The query as it was written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    topics: Option<String>,
    /// For `EventSource`, which cannot set a header.
    pub(super) token: Option<String>,
    last_event_id: Option<String>,
    heartbeat: Option<String>,
}

/// A topic and where to go on; `None`: from now on.
pub(super) type Wanted = (Topic, Option<Offset>);

/// The request, understood.
#[derive(Debug)]
pub(super) struct Request {
    pub topics: Vec<Wanted>,
    /// The parameter that says where to go on.
    pub since_is: &'static str,
    /// Heartbeats as events instead of comments.
    pub beats: bool,
}

fn invalid(field: &str, why: impl Into<String>) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, why)
}

impl Asked {
    /// Reads it, at most so many topics. The header wins over `lastEventId`, and both over the positions behind `@`.
    ///
    /// # Errors
    /// `invalid`, with the parameter's name.
    pub(super) fn read(&self, request: &HttpRequest, most: usize) -> Result<Request, Refusal> {
        let header = request.headers().get(LAST_EVENT_ID);
        let header = header.map(|value| value.to_str().map_err(|_| invalid("lastEventId", "it is not text")));
        let id = match header.transpose()? {
            Some(id) if !id.is_empty() => Some(id),
            _ => self.last_event_id.as_deref().filter(|id| !id.is_empty()),
        };
        let beats = match self.heartbeat.as_deref() {
            None | Some("comment") => false,
            Some("event") => true,
            Some(_) => return Err(invalid("heartbeat", "it is comment or event")),
        };
        let since_is = if id.is_some() { "lastEventId" } else { "topics" };
        let mut topics = topics(self.topics.as_deref().unwrap_or_default(), most)?;
        if let Some(id) = id {
            let mut places = Places::new(&topics.iter().map(|(topic, _)| *topic).collect::<Vec<_>>());
            places.read(id)?;
            for (topic, since) in &mut topics {
                *since = places.position(*topic).or(*since);
            }
        }
        Ok(Request { topics, since_is, beats })
    }
}

/// `topic[@since],…`
fn topics(text: &str, most: usize) -> Result<Vec<Wanted>, Refusal> {
    let mut found: Vec<Wanted> = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        if found.len() >= most {
            // Waiting does not help.
            return Err(invalid("topics", format!("a stream has at most {most} topics")));
        }
        let (topic, since) = part.split_once('@').map_or((part, None), |(topic, since)| (topic, Some(since)));
        let topic: Topic = topic.parse().map_err(|error| invalid("topics", format!("{error}")))?;
        let since = since.map(|text| text.parse().ok().filter(|offset| *offset <= MAX_OFFSET));
        let since = since.map(|offset| offset.ok_or_else(|| invalid("topics", "what follows @ is an offset")));
        if found.iter().any(|(known, _)| *known == topic) {
            return Err(invalid("topics", "a topic stands there twice"));
        }
        found.push((topic, since.transpose()?));
    }
    if found.is_empty() {
        return Err(invalid("topics", "name at least one topic, several with commas between"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const ONE: &str = "conversation:00000000-0000-0000-0000-000000000001";
    const TWO: &str = "conversation:00000000-0000-0000-0000-000000000002";

    fn read(topics: &str, query: Option<&str>, header: Option<&str>) -> Result<Request, Refusal> {
        let request =
            header.into_iter().fold(TestRequest::default(), |request, id| request.insert_header((LAST_EVENT_ID, id)));
        let asked = Asked {
            topics: Some(topics.to_owned()),
            token: None,
            last_event_id: query.map(str::to_owned),
            heartbeat: None,
        };
        asked.read(&request.to_http_request(), 3)
    }

    fn id(positions: &str) -> String {
        let mut out = bytes::BytesMut::new();
        Places::new(&[ONE.parse().unwrap(), TWO.parse().unwrap()]).write(&mut out);
        String::from_utf8_lossy(&out[..8]).into_owned() + positions
    }

    fn sinces(request: &Request) -> Vec<Option<Offset>> {
        request.topics.iter().map(|(_, since)| *since).collect()
    }

    #[test]
    fn the_header_wins_over_the_query_and_both_over_the_positions_of_the_list() {
        let topics = format!("{ONE}@7,{TWO}");
        assert_eq!(sinces(&read(&topics, None, None).unwrap()), [Some(7), None]);
        assert_eq!(sinces(&read(&topics, Some(&id(".8.1")), None).unwrap()), [Some(8), Some(1)]);
        assert_eq!(sinces(&read(&topics, Some(&id(".8.1")), Some(&id(".9.2"))).unwrap()), [Some(9), Some(2)]);
        assert_eq!(sinces(&read(&topics, Some(&id(".8.1")), Some("")).unwrap()), [Some(8), Some(1)]);
        assert_eq!(sinces(&read(&topics, None, Some(&id(".-.2"))).unwrap()), [Some(7), Some(2)]);
    }

    #[test]
    fn what_is_wrong_is_refused_by_the_name_of_its_parameter() {
        let twice = format!("{ONE},{ONE}");
        let many = [ONE, TWO, &ONE.replace('1', "3"), &ONE.replace('1', "4")].join(",");
        let since = format!("{ONE}@x");
        for topics in ["", ",", "room", &twice, &many, &since] {
            assert_eq!(read(topics, None, None).unwrap_err().field.as_deref(), Some("topics"), "{topics}");
        }
        assert_eq!(read(ONE, Some("nonsense"), None).unwrap_err().field.as_deref(), Some("lastEventId"));
    }
}
