//! What the people of the demo say to each other, and the conference that they prepare.

use super::{People, identity};
use crate::node::Workshop;
use plenum_schema::conference::ConferenceInfo;
use plenum_schema::content::Content;
use plenum_schema::poll::Definition;
use plenum_schema::room::RoomInfo;
use plenum_schema::{ConversationId, Refusal, RefusalCode, UserId};
use plenum_services::conferences::NewConference;
use plenum_services::conversations::{NewGroup, NewRoom, Other};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Under this, with what it is for, everything is made: again and again the same.
fn client_ref(what: &str) -> Option<String> {
    Some(format!("demo-{what}"))
}

/// A thing of the demo from its JSON, which is written here and so is right.
fn of<T: DeserializeOwned>(json: Value) -> Result<T, Refusal> {
    serde_json::from_value(json).map_err(|error| Refusal::new(RefusalCode::Internal, error.to_string()))
}

async fn say(shop: &Workshop, id: ConversationId, what: &str, lines: &[(UserId, &str)]) -> Result<(), Refusal> {
    for (number, (who, text)) in lines.iter().enumerate() {
        let content: Content = of(json!({ "text": text }))?;
        shop.conversations.send(*who, id, client_ref(&format!("{what}-{number}")), content).await?;
    }
    Ok(())
}

/// A direct conversation, a group and two rooms.
pub(super) async fn conversations(shop: &Workshop, people: &People) -> Result<(), Refusal> {
    let People { ada, ben, cleo, hana, sam, yusuf } = *people;
    let direct = shop.conversations.create_direct(ben, Other::User(cleo)).await?;
    let lines = [
        (ben, "Are you coming to the evening of maps?"),
        (cleo, "Yes! I have a seat already. Shall I bring the old city plan?"),
        (ben, "Please do, the one with the tram lines 🚋"),
    ];
    say(shop, direct.id, "direct", &lines).await?;
    let title = Some("Summer party".to_owned());
    let group = NewGroup { title, members: vec![cleo, hana, yusuf], client_ref: client_ref("group") };
    let group = shop.conversations.create_group(ben, group).await?;
    let lines = [
        (ben, "Who brings what?"),
        (hana, "I have a projector and two loudspeakers."),
        (yusuf, "Salad for twelve 🥗"),
        (cleo, "Then I take care of the music."),
    ];
    say(shop, group.id, "group", &lines).await?;
    room(
        shop,
        ("Reading room", "Books we read, one each month.", ada),
        &[ben, cleo, yusuf],
        &[(ada, "This month: The Island of Missing Trees."), (yusuf, "Halfway through, no spoilers please.")],
    )
    .await?;
    room(
        shop,
        ("Market talk", "Questions to those who sell.", sam),
        &[ben, hana],
        &[(ben, "Will the blue notebooks come back?"), (sam, "On Friday: twenty of them.")],
    )
    .await
}

async fn room(
    shop: &Workshop,
    (name, about, owner): (&str, &str, UserId),
    guests: &[UserId],
    lines: &[(UserId, &str)],
) -> Result<(), Refusal> {
    let info: RoomInfo = of(json!({ "public": true, "description": about, "maxParticipants": 30, "active": true }))?;
    let new = NewRoom { name: name.to_owned(), info, client_ref: client_ref(name) };
    let (made, _) = shop.conversations.create_room(owner, new).await?;
    for guest in guests {
        shop.conversations.join_room(*guest, made.id).await?;
    }
    say(shop, made.id, name, lines).await
}

/// A conference that has begun, with questions that its host can push. Answers with its code.
pub(super) async fn conference(shop: &Workshop, people: &People) -> Result<String, Refusal> {
    let host = identity(shop, people.hana);
    let info: ConferenceInfo = of(json!({
        "title": "Monthly hall",
        "description": "What we have done, what comes next, and your questions.",
        "audienceReplies": true,
    }))?;
    let new = NewConference { info, passcode: None, client_ref: client_ref("hall") };
    let (view, existed) = shop.conferences.create(&host, new).await?;
    if !existed {
        let options = |texts: &[&str]| -> Value {
            texts.iter().zip(1_u32..).map(|(text, id)| json!({ "id": id, "text": text })).collect()
        };
        let questions = [
            json!({ "text": "Which evening suits you best?", "kind": "single", "options": options(&["Monday", "Wednesday", "Friday"]) }),
            json!({ "text": "One word for this month?", "kind": "words", "max": 3 }),
            json!({ "text": "Shall we keep the new hall?", "kind": "yesNo" }),
        ];
        for question in questions {
            let question: Definition = of(question)?;
            shop.conferences.add_question(&host, view.id, question, None).await?;
        }
        shop.conferences.start(&host, view.id).await?;
    }
    Ok(view.code)
}
